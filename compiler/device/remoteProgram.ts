/**
 * A program that runs on a device, as if it ran here: what it prints as it comes, its end as a status or a signal. How
 * it ended is read from a last line that the device's shell prints after it, which old devices would not tell otherwise;
 * where that line is missing the connection was lost.
 */
import { EventEmitter } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { PassThrough } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { AdbDevice } from './device.ts';
import { newMark } from './device.ts';
import { DeviceError } from './errors.ts';
import { shellWord } from './quote.ts';

export interface ProgramStart {
  /** Of the run, on the device; the program lies there and works there. */
  readonly folder: string;
  /** Its file's name. */
  readonly program: string;
  readonly args: readonly string[];
  /** It ends itself then; a little later it is ended. */
  readonly limitSeconds: number;
  /** What the program was made for, for messages. */
  readonly abi: string;
  /** What listeners to 'error' get for an error of the device. */
  readonly asError: (error: DeviceError) => Error;
}

/** What followers of a child process use of it. */
export interface ProgramProcess {
  readonly stdout: NodeJS.ReadableStream;
  readonly stderr: NodeJS.ReadableStream;
  kill(): boolean;
}

/** Starting it takes a moment, too. */
const GRACE_MS = 3000;
const KEPT_STDERR = 8000;
const ERRORS_FILE = 'errors.txt';

/** Emits 'close' (status, signal) or 'error' (of `asError`), once. Killing it ends adb's side; the folder's removal the rest. */
export class RemoteProgram extends EventEmitter implements ProgramProcess {
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  private readonly child: ChildProcess;
  private readonly output: MarkedOutput;
  private readonly timer: ReturnType<typeof setTimeout>;
  private wasKilled = false;
  private timedOut = false;
  private ended = false;
  private said = '';

  constructor(
    private readonly device: AdbDevice,
    private readonly start: ProgramStart,
  ) {
    super();
    const mark = newMark();
    this.output = new MarkedOutput(mark);
    this.child = device.spawnShell(commandOf(start, mark));
    this.child.stdout!.on('data', (chunk: Buffer) => {
      const text = this.output.push(chunk);
      if (text !== '') this.stdout.write(text);
    });
    this.child.stderr!.on('data', (chunk: Buffer) => {
      this.said = (this.said + chunk.toString('utf8')).slice(-KEPT_STDERR);
    });
    this.child.once('error', ({ message }) => this.fail(new DeviceError('no-adb', message)));
    this.child.once('close', () => this.finish());
    this.timer = setTimeout(
      () => {
        this.timedOut = true;
        this.child.kill('SIGKILL');
      },
      start.limitSeconds * 1000 + GRACE_MS,
    );
  }

  kill(): boolean {
    this.wasKilled = true;
    return this.child.kill('SIGKILL');
  }

  private finish(): void {
    if (this.ended) return;
    const rest = this.output.finish();
    if (rest !== '') this.stdout.write(rest);
    const { status, trailer } = this.output;
    const said = `${this.said}${trailer}`.slice(-KEPT_STDERR);
    if (this.wasKilled) return this.end(null, 'SIGKILL', said);
    if (status === undefined) return this.fail(this.broken());
    const refused = this.output.hasSpoken ? undefined : this.refusal(status, said);
    if (refused !== undefined) return this.fail(refused);
    const signal = status > 128 ? signalName(status - 128) : undefined;
    this.end(signal === undefined ? status : null, signal ?? null, said);
  }

  private broken(): DeviceError {
    const { limitSeconds } = this.start;
    if (this.timedOut) {
      return new DeviceError(
        'limit',
        `The run was ended: it took longer than the limit of ${limitSeconds} s.`,
      );
    }
    const ended = { status: null, stdout: '', stderr: this.said, timedOut: false };
    return this.device.broken(ended, 1000 * limitSeconds);
  }

  /** The program did not run at all. */
  private refusal(status: number, said: string): DeviceError | undefined {
    const { abi } = this.start;
    const { serial } = this.device;
    if (
      /not executable: .*ELF|exec format|cannot execute binary|unexpected e_machine/i.test(said)
    ) {
      return new DeviceError(
        'abi',
        `The device ${serial} does not run programs for ${abi}, though it says so: its processor is another one.`,
        said,
      );
    }
    if (status === 126) {
      return new DeviceError(
        'not-allowed',
        `The device ${serial} does not allow programs to be run in its temporary folder.`,
        said,
      );
    }
    if (status === 127 || /CANNOT LINK EXECUTABLE/.test(said)) {
      return new DeviceError(
        'abi',
        `The device ${serial} lacks a library or loader for a program for ${abi}.`,
        said,
      );
    }
    return undefined;
  }

  private end(status: number | null, signal: string | null, said: string): void {
    this.close();
    if (said.trim() !== '') this.stderr.write(said);
    this.stdout.end();
    this.stderr.end();
    // Those who read the streams get what is in them first.
    setImmediate(() => setImmediate(() => this.emit('close', status, signal)));
  }

  private fail(error: DeviceError): void {
    if (this.ended) return;
    this.close();
    this.emit('error', this.start.asError(error));
  }

  private close(): void {
    this.ended = true;
    clearTimeout(this.timer);
  }
}

function commandOf({ folder, program, args }: ProgramStart, mark: string): string {
  const words = [`./${program}`, ...args].map(shellWord).join(' ');
  return (
    `cd ${shellWord(folder)} || exit 1; ${words} 2>${ERRORS_FILE}; s=$?; ` +
    `echo; echo ${mark} $s; tail -c ${KEPT_STDERR} ${ERRORS_FILE}`
  );
}

/** Longer lines than this are no line of a mark. */
const LONGEST_MARK = 200;

/** Tells what the program prints from the line of the shell after it, and line ends of terminals from its own. */
export class MarkedOutput {
  private readonly decoder = new StringDecoder('utf8');
  private held = '';
  private isInLine = false;
  /** Of the program; undefined until the line is there. */
  status: number | undefined;
  /** What came after the line. */
  trailer = '';
  /** The program printed something. */
  hasSpoken = false;

  constructor(private readonly mark: string) {}

  /** What of the program's own output can be passed on. */
  push(chunk: Buffer): string {
    const text = this.decoder.write(chunk);
    if (this.status !== undefined) {
      this.trailer = (this.trailer + text).slice(0, KEPT_STDERR);
      return '';
    }
    this.held += text;
    const passed = this.takeLines();
    if (this.held.length > LONGEST_MARK || (this.isInLine && this.held !== '')) {
      if (this.status !== undefined) return passed;
      const most = this.held.endsWith('\r') ? -1 : undefined;
      const part = this.held.slice(0, most);
      this.held = this.held.slice(part.length);
      this.isInLine = true;
      this.hasSpoken = true;
      return passed + part;
    }
    return passed;
  }

  /** The rest, at the end. */
  finish(): string {
    const rest = this.status === undefined ? this.held + this.decoder.end() : '';
    this.held = '';
    return rest;
  }

  private takeLines(): string {
    let passed = '';
    let start = 0;
    for (let end = this.held.indexOf('\n'); end >= 0; end = this.held.indexOf('\n', start)) {
      const line = this.held.slice(start, end).replace(/\r+$/, '');
      start = end + 1;
      const status = this.isInLine ? undefined : this.statusOf(line);
      if (status !== undefined) {
        this.status = status;
        this.trailer = this.held.slice(start);
        this.held = '';
        return passed;
      }
      if (line !== '') this.hasSpoken = true;
      this.isInLine = false;
      passed += `${line}\n`;
    }
    this.held = this.held.slice(start);
    return passed;
  }

  private statusOf(line: string): number | undefined {
    if (!line.startsWith(`${this.mark} `)) return undefined;
    const text = line.slice(this.mark.length + 1);
    return /^\d{1,3}$/.test(text) ? Number(text) : undefined;
  }
}

function signalName(number: number): string | undefined {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}
