// The system of a device: a root of its own in private mount and process namespaces of this computer. Commands run in
// there for real; when it is closed its processes and files are gone.
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeviceProfile } from './profile.ts';
import { stageRoot } from './stageRoot.ts';

const script = fileURLToPath(new URL('makeRoot.sh', import.meta.url));
/** The user `shell` of Android. */
const SHELL_USER = 2000;
const DATA_BYTES = 2 ** 31;

export interface DeviceSystem {
  /** The device's root, reachable from outside while it is open. */
  readonly root: string;
  /** Who owns files there, where that can be had. */
  readonly owner: number | undefined;
  /** `sh -c command` as the device's shell user. */
  readonly shell: (command: string) => ChildProcess;
  /** Changes the mount of /data. */
  readonly remountData: (options: string) => void;
  /** Bytes left in /data; undefined: as at first. */
  readonly leaveSpace: (bytes: number | undefined) => void;
  readonly close: () => Promise<void>;
}

export async function openSystem(profile: DeviceProfile): Promise<DeviceSystem> {
  const isRoot = process.getuid?.() === 0;
  const owner = isRoot ? SHELL_USER : undefined;
  const folder = mkdtempSync(join(tmpdir(), 'fusion-device-'));
  const root = join(folder, 'mount');
  const stage = join(folder, 'stage');
  mkdirSync(root);
  stageRoot(stage, profile);
  const holder = spawn(
    'unshare',
    [
      ...(isRoot ? [] : ['-r']),
      '-m',
      '-p',
      '-f',
      '--kill-child',
      '--propagation',
      'private',
      'bash',
      script,
    ],
    {
      env: {
        PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
        ROOT: root,
        STAGE: stage,
        SYSFS: profile.hosted ? '1' : '0',
        BYTES: String(DATA_BYTES),
        OWNER: owner === undefined ? '' : String(owner),
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  const ended = new Promise<void>((done) => holder.on('close', () => done()));
  const pid = await processNumber(holder).catch((error: unknown) => {
    holder.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  const enter = ['-t', String(pid), ...(isRoot ? [] : ['-U', '--preserve-credentials']), '-m'];
  const user = owner === undefined ? [] : ['-S', String(owner), '-G', String(owner)];
  const variables = Object.entries({
    PATH: '/system/bin:/vendor/bin',
    HOME: '/',
    TMPDIR: '/data/local/tmp',
    ANDROID_DATA: '/data',
    ANDROID_ROOT: '/system',
    ...profile.environment,
  }).map(([name, value]) => `${name}=${value}`);
  const remountData = (options: string): void => {
    // With the source named, mount adds no options of the table of mounts, which user namespaces may not set.
    const mount = ['mount', '-o', `remount,${options}`, 'data', join(root, 'data')];
    execFileSync('nsenter', [...enter, ...mount]);
  };
  return {
    root: `/proc/${pid}/root`,
    owner,
    shell: (command) =>
      spawn(
        'nsenter',
        [
          ...enter,
          '-p',
          '-r',
          '-w',
          ...user,
          '/usr/bin/env',
          '-i',
          ...variables,
          '/system/bin/sh',
          '-c',
          command,
        ],
        { stdio: ['pipe', 'pipe', 'pipe'] },
      ),
    remountData,
    leaveSpace: (bytes) => {
      const { blocks, bfree, bsize } = statfsSync(`/proc/${pid}/root/data`);
      // A size of 0 would mean no limit.
      const size = Math.max(bsize, (blocks - bfree) * bsize + (bytes ?? 0));
      remountData(`size=${bytes === undefined ? DATA_BYTES : size}`);
    },
    close: async () => {
      holder.stdin.end();
      holder.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Of the device's first process, outside; it says it when the root is made. */
function processNumber(holder: ChildProcess): Promise<number> {
  return new Promise((done, fail) => {
    let said = '';
    let complaint = '';
    holder.stdout!.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('\n')) done(Number.parseInt(said, 10));
    });
    holder.stderr!.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    holder.on('error', fail);
    holder.on('close', () => fail(new Error(`no namespaces for a device: ${complaint.trim()}`)));
  });
}
