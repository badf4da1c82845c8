/** One device through adb: shell commands with their exit status, files there and back. */
import { randomBytes } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { Adb } from './adb.ts';
import type { AdbSettings } from './adb.ts';
import { askServer } from './adbServer.ts';
import { cleanText } from './cleanText.ts';
import type { ListedDevice } from './deviceList.ts';
import { readyDevice } from './deviceList.ts';
import { DeviceError } from './errors.ts';
import type { Spawned } from './spawned.ts';

export interface ShellOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  /** Bytes of output that are kept. */
  readonly mostOutput?: number;
}

export interface ShellResult {
  readonly status: number;
  readonly stdout: string;
  /** Empty where the device is too old to tell it apart. */
  readonly stderr: string;
}

export const SHELL_MS = 20_000;
/** A push or pull may be slow, but not slower than this: bytes a second. */
const SLOWEST = 200_000;
const WATCH_MS = 500;

export class AdbDevice {
  constructor(
    readonly adb: Adb,
    readonly listed: ListedDevice,
  ) {}

  /** Throws DeviceError. */
  static async open(serial: string, settings: AdbSettings = {}): Promise<AdbDevice> {
    const adb = await Adb.open(settings);
    return new AdbDevice(adb, readyDevice(await adb.devices(settings.signal), serial));
  }

  get serial(): string {
    return this.listed.serial;
  }

  /**
   * Runs a command in the device's shell. Old devices do not tell how a command ended, so it says that itself, in a last
   * line; where that is missing the connection was lost. Throws DeviceError.
   */
  async shell(command: string, options: ShellOptions = {}): Promise<ShellResult> {
    const { timeoutMs = SHELL_MS, signal, mostOutput } = options;
    const mark = newMark();
    const args = this.shellArguments(`(${command}\n); s=$?; echo; echo ${mark} $s`);
    const ended = await this.adb.run(args, {
      timeoutMs,
      signal,
      ...(mostOutput === undefined ? {} : { mostOutput }),
    });
    const found = parseMarked(ended.stdout, mark);
    if (found === undefined) throw this.broken(ended, timeoutMs);
    return { ...found, stderr: ended.stderr.replaceAll('\r\n', '\n') };
  }

  /** Standard output of a command that must succeed. Throws DeviceError. */
  async output(command: string, options: ShellOptions = {}): Promise<string> {
    const { status, stdout, stderr } = await this.shell(command, options);
    if (status === 0) return stdout;
    throw failureOf(this.serial, `${stderr}\n${stdout}`);
  }

  /** Starts a command whose output is read as it comes. */
  spawnShell(command: string): ChildProcess {
    return this.adb.spawn(this.shellArguments(command));
  }

  /** Throws DeviceError. @param bytes of the file, for the deadline */
  async push(local: string, remote: string, bytes: number, signal?: AbortSignal): Promise<void> {
    await this.copy(['push', local, remote], bytes, signal);
  }

  /** Of a file of that many bytes, and not more: the device may send what it likes. Throws DeviceError. */
  async pull(remote: string, local: string, bytes: number, signal?: AbortSignal): Promise<void> {
    const tooMuch = new AbortController();
    const watch = setInterval(() => {
      void sizeOf(local).then((size) => {
        if (size > bytes) tooMuch.abort();
      });
    }, WATCH_MS);
    const ends = signal ? AbortSignal.any([signal, tooMuch.signal]) : tooMuch.signal;
    try {
      await this.copy(['pull', remote, local], bytes, ends);
    } catch (error) {
      if (!tooMuch.signal.aborted || signal?.aborted) throw error;
    } finally {
      clearInterval(watch);
    }
    if (tooMuch.signal.aborted || (await sizeOf(local)) !== bytes) {
      throw new DeviceError('garbage', `The device ${this.serial} gave a file of another size.`);
    }
  }

  /** What the device's daemon can do ('shell_v2'). Throws DeviceError. */
  async features(signal?: AbortSignal): Promise<readonly string[]> {
    const said = await askServer(this.adb.address, `host-serial:${this.serial}:features`, {
      signal,
    });
    return said
      .split(',')
      .slice(0, 64)
      .map((name) => cleanText(name, 40))
      .filter((name) => name !== '');
  }

  /** An error for a command whose end is not known. */
  broken({ stdout, stderr, timedOut, failure }: Spawned, timeoutMs: number): DeviceError {
    const said = `${stderr}\n${stdout}`;
    if (failure !== undefined) {
      return new DeviceError('no-adb', `adb could not be started: ${failure}.`);
    }
    if (timedOut) {
      const seconds = Math.round(timeoutMs / 1000);
      return new DeviceError(
        'timeout',
        `The device ${this.serial} did not answer within ${seconds} s.`,
      );
    }
    if (/unauthorized/.test(stderr)) {
      return new DeviceError(
        'unauthorized',
        `The device ${this.serial} no longer allows this computer.`,
        said,
      );
    }
    return new DeviceError(
      'lost',
      `The connection to the device ${this.serial} was lost: it was unplugged, restarted, or is offline. Connect it again.`,
      said,
    );
  }

  private shellArguments(command: string): readonly string[] {
    return ['-s', this.serial, 'shell', '-n', command];
  }

  private async copy(
    args: readonly string[],
    bytes: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const timeoutMs = SHELL_MS + (1000 * bytes) / SLOWEST;
    const ended = await this.adb.run(['-s', this.serial, ...args], { timeoutMs, signal });
    if (ended.status === 0) return;
    const said = `${ended.stdout}\n${ended.stderr}`;
    if (!ended.timedOut && isRefusal(said)) throw failureOf(this.serial, said);
    throw this.broken(ended, timeoutMs);
  }
}

/** 0: there is none. */
function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** A word that no output holds by chance. */
export function newMark(): string {
  return `fusion-${randomBytes(8).toString('hex')}`;
}

/** Output before the line of the mark, and the status in it. */
export function parseMarked(
  text: string,
  mark: string,
): { readonly status: number; readonly stdout: string } | undefined {
  const at = text.lastIndexOf(`\n${mark} `);
  const status = /^(\d{1,3})\r?\n?/.exec(text.slice(at + mark.length + 2))?.[1];
  if (at < 0 || status === undefined) return undefined;
  const stdout = text.slice(0, at).replaceAll('\r\n', '\n').replace(/\r$/, '');
  return { status: Number(status), stdout };
}

const REFUSALS = {
  full: /no space left|disk quota/i,
  'not-allowed': /permission denied|read-only file system|operation not permitted/i,
  failed: /no such file|is a directory|not a directory|file too large/i,
} as const;

function isRefusal(said: string): boolean {
  return Object.values(REFUSALS).some((pattern) => pattern.test(said));
}

/** Of a command that the device refused. */
export function failureOf(serial: string, said: string): DeviceError {
  if (REFUSALS.full.test(said)) {
    return new DeviceError(
      'full',
      `There is no space left on the device ${serial}: free some, or clear its cache with "Clear device cache".`,
      said,
    );
  }
  if (REFUSALS['not-allowed'].test(said)) {
    return new DeviceError(
      'not-allowed',
      `The device ${serial} does not allow files in ${TEMPORARY}.`,
      said,
    );
  }
  const line = said.split('\n').find((each) => each.trim() !== '') ?? 'nothing was said';
  return new DeviceError(
    'failed',
    `A command failed on the device ${serial}: ${cleanText(line, 200)}.`,
    said,
  );
}

/** Where adb's user may write and run programs. */
export const TEMPORARY = '/data/local/tmp';
