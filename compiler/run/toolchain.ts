/**
 * Finds a C compiler for this computer and the best target record for its processor. The compiler comes from the user's
 * setting or from the search path; never from a relative folder or from inside a workspace, which others fill.
 */
import { readFileSync } from 'node:fs';
import { locateProgram, realPath } from '../device/locateProgram.ts';
import type { Target, TargetName } from '../target/target.ts';
import { TARGETS } from '../target/target.ts';
import { runProgram } from './process.ts';
import { RunFailure } from './runFailure.ts';

export interface Toolchain {
  /** Absolute path. */
  readonly compiler: string;
  /** First line of `--version`. */
  readonly version: string;
  /** `-dumpmachine`: what it compiles for, e.g. `x86_64-linux-gnu`. */
  readonly machine: string;
  /** Tells apart compilers whose output may differ. */
  readonly identity: string;
  readonly target: Target;
  /** Arguments before all others (`cc` of zig, `--target=` of clang). */
  readonly prefix?: readonly string[];
  /** More arguments of the linker (`-static`). */
  readonly linkFlags?: readonly string[];
}

export interface ToolchainOptions {
  /** The user's setting: an absolute path or a program's name. Default: cc, clang, gcc in that order. */
  readonly compiler?: string | undefined;
  /** Folders whose programs are never run (workspaces). */
  readonly untrusted?: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** The search path; default: the environment's. */
  readonly path?: string;
  /** Instead of the best for this processor. */
  readonly target?: Target;
}

const NAMES = ['cc', 'clang', 'gcc'];
const PROBE_MS = 20_000;

/** Throws RunFailure 'unavailable' with what to do. */
export async function findToolchain(options: ToolchainOptions = {}): Promise<Toolchain> {
  if (process.platform === 'win32') {
    throw new RunFailure(
      'unavailable',
      'Native runs need Linux or macOS; choose the target wasm on Windows.',
    );
  }
  const tried: string[] = [];
  for (const name of options.compiler === undefined ? NAMES : [options.compiler]) {
    const compiler = locateProgram(name, options);
    if (compiler === undefined) continue;
    const found = await probe(compiler, options);
    if (typeof found !== 'string') return found;
    tried.push(found);
  }
  const reason = tried.length > 0 ? ` (${tried.join('; ')})` : '';
  throw new RunFailure(
    'unavailable',
    options.compiler === undefined
      ? `No C compiler was found on the search path${reason}: install clang or gcc, or choose the target wasm.`
      : `${options.compiler} is no C compiler that can be used here${reason}.`,
  );
}

/** The toolchain, or why it cannot be used. */
async function probe(compiler: string, options: ToolchainOptions): Promise<Toolchain | string> {
  const limits = { signal: options.signal, limitMs: PROBE_MS };
  const [version, machine] = await Promise.all([
    runProgram(compiler, ['--version'], limits),
    runProgram(compiler, ['-dumpmachine'], limits),
  ]);
  const triple = machine.stdout.trim();
  if (version.status !== 0 || machine.status !== 0 || !/^[\w.-]+$/.test(triple)) {
    return `${compiler} does not answer like a C compiler`;
  }
  for (const target of candidates(triple, options)) {
    // An empty file tells whether the compiler knows the processor.
    const args = [...target.flags, '-fsyntax-only', '-x', 'c', '/dev/null'];
    if ((await runProgram(compiler, args, limits)).status !== 0) continue;
    const first = version.stdout.split('\n')[0]!.trim();
    const identity = [realPath(compiler), version.stdout, triple].join('\n');
    return { compiler, version: first, machine: triple, identity, target };
  }
  return `${compiler} compiles for ${triple}, which has no target here`;
}

/** Best first. */
function candidates(triple: string, { target }: ToolchainOptions): readonly Target[] {
  if (target !== undefined) return [target];
  if (/^(x86_64|amd64)/.test(triple)) return x86Targets(cpuFlags());
  if (/^(aarch64|arm64)/.test(triple)) return [TARGETS['arm64-v8a']];
  if (/^arm/.test(triple)) return [TARGETS['armeabi-v7a']];
  return [];
}

/** Levels of the x86-64 psABI by the flags of /proc/cpuinfo. */
const X86_LEVELS: readonly { readonly name: TargetName; readonly needs: readonly string[] }[] = [
  {
    name: 'x86_64-avx512',
    needs: ['avx2', 'fma', 'avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'],
  },
  { name: 'x86_64-avx2', needs: ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'movbe'] },
  { name: 'x86_64', needs: [] },
];

/** Records that a processor with those flags can run, best first. */
export function x86Targets(flags: ReadonlySet<string>): readonly Target[] {
  return X86_LEVELS.filter(({ needs }) => needs.every((flag) => flags.has(flag))).map(
    ({ name }) => TARGETS[name],
  );
}

/** Of the first processor; empty where the system does not say (then only the least level is used). */
function cpuFlags(): ReadonlySet<string> {
  try {
    const line = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
    return new Set(line.trim().split(/\s+/));
  } catch {
    return new Set();
  }
}
