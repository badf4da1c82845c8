/** Where Android NDKs are, and their compiler. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sdkFolders } from '../../device/adbProgram.ts';
import type { LocateOptions } from '../../device/locateProgram.ts';
import { locateProgram } from '../../device/locateProgram.ts';

export interface Ndk {
  readonly folder: string;
  /** Absolute path of its clang. */
  readonly clang: string;
  /** '27.0.12077973'; '': it does not say. */
  readonly version: string;
}

const CLANG = process.platform === 'win32' ? 'clang.exe' : 'clang';
const NAMED_BY = ['ANDROID_NDK_HOME', 'ANDROID_NDK_ROOT', 'ANDROID_NDK'];

/** NDKs of the environment, then those of the SDKs, newest first. */
export function findNdks(
  options: LocateOptions,
  env: NodeJS.ProcessEnv = process.env,
): readonly Ndk[] {
  const named = NAMED_BY.flatMap((name) => (env[name] ? [env[name]] : []));
  const ofSdks = sdkFolders(env).flatMap((sdk) => [
    ...versions(join(sdk, 'ndk')).map((version) => join(sdk, 'ndk', version)),
    join(sdk, 'ndk-bundle'),
  ]);
  return [...named, ...ofSdks].flatMap((folder) => ndkAt(folder, options) ?? []);
}

/** Undefined: there is none in the folder, or it lies where programs are not run from. */
export function ndkAt(folder: string, options: LocateOptions): Ndk | undefined {
  const hosts = join(folder, 'toolchains', 'llvm', 'prebuilt');
  for (const host of listed(hosts)) {
    const clang = locateProgram(join(hosts, host, 'bin', CLANG), options);
    if (clang !== undefined) return { folder, clang, version: revisionOf(folder) };
  }
  return undefined;
}

/** Names that are versions, newest first. */
function versions(folder: string): readonly string[] {
  const parts = (version: string): number[] => version.split(/\D+/).map(Number);
  return listed(folder)
    .filter((name) => /^\d+(\.\d+)*/.test(name))
    .sort((a, b) => {
      const [left, right] = [parts(a), parts(b)];
      const i = left.findIndex((number, at) => number !== (right[at] ?? 0));
      return i < 0 ? right.length - left.length : (right[i] ?? 0) - left[i]!;
    });
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function revisionOf(folder: string): string {
  try {
    const text = readFileSync(join(folder, 'source.properties'), 'utf8');
    return /^Pkg\.Revision\s*=\s*([\w.-]{1,40})/m.exec(text)?.[1] ?? '';
  } catch {
    return '';
  }
}
