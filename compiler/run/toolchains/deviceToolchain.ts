/** Finds a compiler for a device: each candidate must link a small program before it is believed. */
import { statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ABIS } from '../../device/facts.ts';
import type { Abi } from '../../device/facts.ts';
import { locateProgram, realPath } from '../../device/locateProgram.ts';
import type { LocateOptions } from '../../device/locateProgram.ts';
import type { Target } from '../../target/target.ts';
import { TARGETS } from '../../target/target.ts';
import { runProgram } from '../process.ts';
import { RunFailure } from '../runFailure.ts';
import { withRunFolder } from '../runFolder.ts';
import type { Toolchain } from '../toolchain.ts';
import { x86Targets } from '../toolchain.ts';
import type { Candidate } from './candidates.ts';
import {
  candidates,
  clangCandidate,
  gnuCandidate,
  MACHINES,
  ndkCandidate,
  zigCandidate,
} from './candidates.ts';
import { ndkAt } from './ndk.ts';

export interface DeviceToolchain extends Toolchain {
  readonly abi: Abi;
  /** For people: 'Android NDK 27.0.12077973'. */
  readonly label: string;
  /** Its programs use the device's C library and can load the GPU's. */
  readonly isDynamic: boolean;
}

export interface DeviceToolchainOptions extends LocateOptions {
  readonly abi: Abi;
  /** Of the device, as /proc/cpuinfo names them. */
  readonly cpuFeatures?: readonly string[];
  /** Programs must be able to load libraries of the device, as its OpenCL. */
  readonly dynamic?: boolean;
  /** The user's setting: folder of an NDK, or a compiler. Nothing else is tried then. */
  readonly ndk?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/** zig builds its C library the first time. */
const PROBE_MS = 180_000;
const PROBE = `#include <math.h>
#include <pthread.h>
#include <stdio.h>
static void *work(void *x) { *(float *)x = expf(*(float *)x); return x; }
int main(int count, char **words) {
  float x = (float)count;
  pthread_t thread;
  (void)words;
  if (pthread_create(&thread, NULL, work, &x) != 0) return 1;
  pthread_join(thread, NULL);
  return printf("%f", (double)x) < 0;
}
`;

/** Throws RunFailure 'unavailable' with what to install; RunCancelled. */
export async function findDeviceToolchain(
  options: DeviceToolchainOptions,
): Promise<DeviceToolchain> {
  const { abi, ndk, dynamic = false } = options;
  const setting = ndk?.trim() ?? '';
  const all = setting === '' ? candidates(abi, options, options.env) : chosen(setting, options);
  const tried: string[] = [];
  for (const candidate of dynamic ? all.flatMap((each) => dynamicOf(each, abi)) : all) {
    const found = await probe(candidate, options);
    if (typeof found !== 'string') return found;
    tried.push(found);
  }
  const reason = tried.length === 0 ? '' : ` (${tried.join('; ')})`;
  throw new RunFailure(
    'unavailable',
    dynamic && setting === ''
      ? `Programs for the GPU of a device need the Android NDK${reason}: install it (Android Studio > SDK Manager > SDK Tools) and set "fusionStudio.device.ndk" to its folder, or run on the device's processor.`
      : setting === ''
        ? `There is no compiler for ${abi} devices${reason}: install the Android NDK (Android Studio > SDK Manager > SDK Tools) and set "fusionStudio.device.ndk" to its folder, or install ${INSTALL[abi]}.`
        : `"${setting}" is no Android NDK and no compiler for ${abi} devices${reason}: set "fusionStudio.device.ndk" to the folder of an NDK, or empty it.`,
  );
}

const INSTALL: Readonly<Record<Abi, string>> = {
  'arm64-v8a': 'zig or gcc-aarch64-linux-gnu',
  'armeabi-v7a': 'zig or gcc-arm-linux-gnueabihf',
  x86_64: 'zig or gcc',
};

export interface ListedToolchain {
  readonly abi: Abi;
  /** What is used, or what to install. */
  readonly detail: string;
  readonly compiler?: string;
}

/** What would compile for each kind of device. */
export function listToolchains(
  options: Omit<DeviceToolchainOptions, 'abi' | 'cpuFeatures'> = {},
): Promise<readonly ListedToolchain[]> {
  return Promise.all(
    ABIS.map(async (abi): Promise<ListedToolchain> => {
      try {
        const { label, compiler, version } = await findDeviceToolchain({ ...options, abi });
        return { abi, compiler, detail: `${label}: ${version} (${compiler})` };
      } catch (error) {
        if (!(error instanceof RunFailure)) throw error;
        return { abi, detail: error.message };
      }
    }),
  );
}

function chosen(setting: string, options: DeviceToolchainOptions): readonly Candidate[] {
  const { abi } = options;
  if (isFolder(setting)) {
    const ndk = ndkAt(setting, options);
    return ndk ? [ndkCandidate(ndk, abi)] : [];
  }
  const compiler = locateProgram(setting, options);
  if (compiler === undefined) return [];
  const name = basename(compiler);
  if (/^zig\b/.test(name)) return [zigCandidate(compiler, abi)];
  if (/^clang\b/.test(name)) return [clangCandidate(compiler, abi)];
  return [gnuCandidate(compiler, name)];
}

/** Without the NDK only this computer's own C library can be counted on, for devices that have the same. */
function dynamicOf(candidate: Candidate, abi: Abi): readonly Candidate[] {
  const { kind, linkFlags } = candidate;
  if (kind === 'ndk') return [candidate];
  const isOwn = abi === 'x86_64' && process.platform === 'linux' && process.arch === 'x64';
  if (kind !== 'gnu' || !isOwn) return [];
  return [{ ...candidate, linkFlags: linkFlags.filter((flag) => flag !== '-static') }];
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The toolchain, or why it is none. */
async function probe(
  candidate: Candidate,
  { abi, cpuFeatures = [], signal }: DeviceToolchainOptions,
): Promise<DeviceToolchain | string> {
  const { compiler, prefix, linkFlags, label, kind } = candidate;
  const limits = { signal, limitMs: PROBE_MS };
  const ask = (...args: string[]) => runProgram(compiler, [...prefix, ...args], limits);
  const [{ stdout: version, status }, machine] = await Promise.all([
    ask('--version'),
    kind === 'gnu' ? ask('-dumpmachine') : undefined,
  ]);
  if (status !== 0) return `${compiler} does not answer like a C compiler`;
  const triple = machine?.stdout.trim() ?? abi;
  if (machine !== undefined && !MACHINES[abi].test(triple)) {
    return `${compiler} compiles for ${triple}`;
  }
  const fits = await withRunFolder(async (folder) => {
    await writeFile(join(folder, 'probe.c'), PROBE);
    for (const base of targetsOf(abi, cpuFeatures)) {
      const target: Target = { ...base, flags: candidate.flags(base) };
      const args = [...prefix, ...target.flags, '-O1', 'probe.c', '-o', 'probe', '-pthread', '-lm'];
      const { status } = await runProgram(compiler, [...args, ...linkFlags], {
        ...limits,
        cwd: folder,
      });
      if (status === 0) return target;
    }
    return undefined;
  });
  if (fits === undefined) return `${compiler} cannot link programs for ${abi}`;
  return {
    compiler,
    version: version.split('\n')[0]!.trim(),
    machine: triple,
    identity: [realPath(compiler), version, triple, ...prefix].join('\n'),
    target: fits,
    prefix,
    linkFlags,
    abi,
    label,
    isDynamic: !linkFlags.includes('-static'),
  };
}

/** Best first. */
function targetsOf(abi: Abi, cpuFeatures: readonly string[]): readonly Target[] {
  return abi === 'x86_64' ? x86Targets(new Set(cpuFeatures)) : [TARGETS[abi]];
}
