// A private server of the real adb for tests: its own port and home, so that nobody's devices and keys are touched.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestDevice } from './device.ts';

const TIMEOUT = 60_000;

export interface AdbResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TestAdb {
  readonly port: number;
  /** For programs that start adb. */
  readonly env: Readonly<Record<string, string>>;
  readonly run: (...args: string[]) => Promise<AdbResult>;
  readonly connect: (device: TestDevice) => Promise<AdbResult>;
  readonly disconnect: (device: TestDevice) => Promise<AdbResult>;
  readonly close: () => Promise<void>;
}

export async function startAdb(): Promise<TestAdb> {
  const port = await freePort();
  const home = mkdtempSync(join(tmpdir(), 'fusion-adb-'));
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    TMPDIR: home,
    ANDROID_ADB_SERVER_PORT: String(port),
    // A real phone on this computer is none of our business.
    ADB_LIBUSB: '0',
    ADB_MDNS: '0',
  };
  const run = (...args: string[]): Promise<AdbResult> =>
    new Promise((done) => {
      execFile(
        'adb',
        args,
        { env, timeout: TIMEOUT, maxBuffer: 2 ** 28 },
        (error, stdout, stderr) => {
          const status = error ? (typeof error.code === 'number' ? error.code : 128) : 0;
          done({ status, stdout, stderr });
        },
      );
    });
  await run('start-server');
  return {
    port,
    env,
    run,
    connect: ({ serial }) => run('connect', serial),
    disconnect: ({ serial }) => run('disconnect', serial),
    close: async () => {
      await run('kill-server');
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Free a moment ago, which is as good as it gets for a program that must be told a number. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
