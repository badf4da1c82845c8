/**
 * Compilers that may make programs for a device, best first. The NDK's makes programs that use the device's own C
 * library, and so can load its GPU library; the others make static programs that need nothing of the device.
 */
import type { Abi } from '../../device/facts.ts';
import type { LocateOptions } from '../../device/locateProgram.ts';
import { locateProgram } from '../../device/locateProgram.ts';
import type { Target } from '../../target/target.ts';
import type { Ndk } from './ndk.ts';
import { findNdks } from './ndk.ts';

export type CompilerKind = 'ndk' | 'zig' | 'clang' | 'gnu' | 'chosen';

export interface Candidate {
  readonly kind: CompilerKind;
  /** Absolute path. */
  readonly compiler: string;
  /** For people: 'Android NDK 27.0.12077973'. */
  readonly label: string;
  readonly prefix: readonly string[];
  readonly linkFlags: readonly string[];
  /** What the flags of a target become for this compiler. */
  readonly flags: (target: Target) => readonly string[];
}

/** Pages of 16 KiB, as phones since Android 15 may have. */
const PAGES = '-Wl,-z,max-page-size=16384';
const STATIC = ['-static', PAGES];
/** The oldest Android that current NDKs make programs for; newer ones run them too. */
const API = 21;

const TRIPLES = {
  'arm64-v8a': {
    ndk: 'aarch64-linux-android',
    gnu: 'aarch64-linux-gnu',
    zig: 'aarch64-linux-musl',
  },
  'armeabi-v7a': {
    ndk: 'armv7a-linux-androideabi',
    gnu: 'arm-linux-gnueabihf',
    zig: 'arm-linux-musleabihf',
  },
  x86_64: { ndk: 'x86_64-linux-android', gnu: 'x86_64-linux-gnu', zig: 'x86_64-linux-musl' },
} as const;

const GNU: Readonly<Record<Abi, readonly string[]>> = {
  'arm64-v8a': ['aarch64-linux-gnu-gcc', 'aarch64-linux-musl-gcc', 'aarch64-none-linux-gnu-gcc'],
  'armeabi-v7a': [
    'arm-linux-gnueabihf-gcc',
    'arm-linux-musleabihf-gcc',
    'armv7l-linux-musleabihf-gcc',
    'arm-none-linux-gnueabihf-gcc',
    'arm-linux-gnueabi-gcc',
  ],
  // This computer's own, where it has such a processor.
  x86_64: ['x86_64-linux-gnu-gcc', 'x86_64-linux-musl-gcc', 'gcc', 'cc'],
};

/** What `-dumpmachine` says of compilers for the ABI. */
export const MACHINES: Readonly<Record<Abi, RegExp>> = {
  'arm64-v8a': /^(aarch64|arm64)\b.*linux/,
  'armeabi-v7a': /^arm(v7\w*)?-.*linux/,
  x86_64: /^(x86_64|amd64)-.*linux/,
};

export function candidates(
  abi: Abi,
  options: LocateOptions,
  env: NodeJS.ProcessEnv = process.env,
): readonly Candidate[] {
  const one = (name: string): readonly string[] => {
    const program = locateProgram(name, options);
    return program === undefined ? [] : [program];
  };
  return [
    ...findNdks(options, env).map((ndk) => ndkCandidate(ndk, abi)),
    ...one('zig').map((zig) => zigCandidate(zig, abi)),
    ...one('clang').map((clang) => clangCandidate(clang, abi)),
    ...GNU[abi].flatMap((name) => one(name).map((gcc) => gnuCandidate(gcc, name))),
  ];
}

export function ndkCandidate({ clang, version }: Ndk, abi: Abi): Candidate {
  return {
    kind: 'ndk',
    compiler: clang,
    label: `Android NDK ${version}`.trim(),
    prefix: [`--target=${TRIPLES[abi].ndk}${API}`, '-fPIE'],
    linkFlags: ['-pie', PAGES],
    flags: ({ flags }) => flags,
  };
}

export function zigCandidate(zig: string, abi: Abi): Candidate {
  return {
    kind: 'zig',
    compiler: zig,
    label: 'zig',
    prefix: ['cc', '-target', TRIPLES[abi].zig],
    linkFlags: STATIC,
    flags: ({ name }) => ZIG_PROCESSORS[name] ?? [],
  };
}

/** zig has words of its own for processors. */
const ZIG_PROCESSORS: Readonly<Record<string, readonly string[]>> = {
  'armeabi-v7a': ['-mcpu=cortex_a7'],
  'x86_64-avx512': ['-mcpu=x86_64_v4'],
  'x86_64-avx2': ['-mcpu=x86_64_v3'],
  x86_64: ['-mcpu=x86_64_v2'],
};

export function clangCandidate(clang: string, abi: Abi): Candidate {
  return {
    kind: 'clang',
    compiler: clang,
    label: 'clang',
    prefix: [`--target=${TRIPLES[abi].gnu}`],
    linkFlags: STATIC,
    flags: abi === 'armeabi-v7a' ? hardFloat : ({ flags }) => flags,
  };
}

export function gnuCandidate(compiler: string, name: string): Candidate {
  return {
    kind: 'gnu',
    compiler,
    label: name,
    prefix: [],
    linkFlags: STATIC,
    flags: /eabihf/.test(name) ? hardFloat : ({ flags }) => flags,
  };
}

/** Its C library takes floats in registers; all files of a program must agree. */
function hardFloat({ flags }: Target): readonly string[] {
  return flags.map((flag) => (flag.startsWith('-mfloat-abi=') ? '-mfloat-abi=hard' : flag));
}
