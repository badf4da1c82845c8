/** Finds the adb program: the user's setting, the Android SDK, the search path; never inside a workspace. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cleanText } from './cleanText.ts';
import { DeviceError } from './errors.ts';
import type { LocateOptions } from './locateProgram.ts';
import { locateProgram } from './locateProgram.ts';
import { runSpawned } from './spawned.ts';

export interface AdbProgram {
  /** Absolute path. */
  readonly path: string;
  /** What client and server must agree on: 41 of "1.0.41". */
  readonly protocol: number;
  /** For people: "29.0.6". */
  readonly version: string;
}

export interface FindAdbOptions extends LocateOptions {
  /** An absolute path, or a name on the search path. */
  readonly setting?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

const PROBE_MS = 20_000;
const NAME = process.platform === 'win32' ? 'adb.exe' : 'adb';
const INSTALL =
  'install the Android platform-tools, or set "fusionStudio.device.adb" to the program';

/** Throws DeviceError 'no-adb'. */
export async function findAdb(options: FindAdbOptions = {}): Promise<AdbProgram> {
  const { setting, env = process.env, signal } = options;
  const chosen = setting?.trim() ? setting.trim() : undefined;
  const path = chosen === undefined ? found(options, env) : locateProgram(chosen, options);
  if (path === undefined) {
    throw new DeviceError(
      'no-adb',
      chosen === undefined
        ? `No adb was found: ${INSTALL}.`
        : `There is no adb program at "${chosen}": ${INSTALL}.`,
    );
  }
  // This asks no server.
  const { stdout } = await runSpawned(path, ['version'], {
    timeoutMs: PROBE_MS,
    signal,
    env: adbEnvironment(env),
  });
  const version = parseAdbVersion(stdout);
  if (version === undefined) {
    throw new DeviceError('no-adb', `"${path}" does not answer like adb: ${INSTALL}.`);
  }
  return { path, ...version };
}

function found(options: FindAdbOptions, env: NodeJS.ProcessEnv): string | undefined {
  for (const sdk of sdkFolders(env)) {
    const path = locateProgram(join(sdk, 'platform-tools', NAME), options);
    if (path !== undefined) return path;
  }
  return locateProgram(NAME, options);
}

/** Folders where Android SDKs are, the chosen ones first. */
export function sdkFolders(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const usual =
    process.platform === 'darwin'
      ? [join(homedir(), 'Library', 'Android', 'sdk')]
      : process.platform === 'win32'
        ? [join(env['LOCALAPPDATA'] ?? homedir(), 'Android', 'Sdk')]
        : [join(homedir(), 'Android', 'Sdk'), '/usr/lib/android-sdk'];
  return [env['ANDROID_HOME'], env['ANDROID_SDK_ROOT'], ...usual].filter(
    (folder): folder is string => folder !== undefined && folder !== '',
  );
}

/** What `adb version` prints; undefined: something else printed it. */
export function parseAdbVersion(text: string): Omit<AdbProgram, 'path'> | undefined {
  const protocol = /Android Debug Bridge version 1\.0\.(\d{1,5})\b/.exec(text)?.[1];
  if (protocol === undefined) return undefined;
  const named = /^Version ([\w.-]+)/m.exec(text)?.[1];
  return { protocol: Number(protocol), version: cleanText(named ?? `1.0.${protocol}`, 40) };
}

/** Ours, without what would send adb elsewhere or make it talk more. */
export function adbEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const own: NodeJS.ProcessEnv = { ...env };
  for (const name of UNWANTED) delete own[name];
  return own;
}

const UNWANTED = [
  'ADB_TRACE',
  'ADB_SERVER_SOCKET',
  'ANDROID_ADB_SERVER_PORT',
  'ANDROID_ADB_SERVER_ADDRESS',
  'ANDROID_SERIAL',
  'ANDROID_LOG_TAGS',
  'LD_PRELOAD',
  'NODE_OPTIONS',
];
