// Commands in the device's shell. With the shell protocol (version 2) output, errors, input and the exit status travel
// in packets of their own; without it everything that the command says is one stream with the line ends of a terminal,
// and how the command ended is not told.
// As on a phone, a command whose client goes away is not killed: it loses its pipes, nothing else.
import type { ChildProcess } from 'node:child_process';
import type { AdbStream } from './adbStream.ts';
import { ByteReader } from './byteReader.ts';
import type { Faults } from './faults.ts';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const EXIT = 3;
const CLOSE_STDIN = 4;
/** Added to a signal's number. */
const SIGNALLED = 128;

export interface ShellContext {
  readonly faults: Faults;
  readonly drop: () => void;
  /** Starts `sh -c command` on the device. */
  readonly shell: (command: string) => ChildProcess;
}

export async function serveShellV2(
  command: string,
  stream: AdbStream,
  context: ShellContext,
): Promise<void> {
  const child = await start(command, stream, context);
  void readInput(stream, child);
  const saying = (id: number) => (chunk: Buffer) => stream.write(shellPacket(id, chunk));
  const status = await follow(command, child, stream, context, saying(STDOUT), saying(STDERR));
  await stream.write(shellPacket(EXIT, Buffer.of(status)));
  await stream.close();
}

/** @param terminal line ends as a terminal makes them */
export async function servePlainShell(
  command: string,
  stream: AdbStream,
  context: ShellContext,
  terminal: boolean,
): Promise<void> {
  const child = await start(command, stream, context);
  void (async () => {
    for await (const chunk of stream.chunks()) child.stdin!.write(chunk);
  })();
  const say = (chunk: Buffer): Promise<void> =>
    stream.write(
      terminal ? Buffer.from(chunk.toString('latin1').replace(/\n/g, '\r\n'), 'latin1') : chunk,
    );
  await follow(command, child, stream, context, say, say);
  await stream.close();
}

async function start(
  command: string,
  stream: AdbStream,
  { faults, shell }: ShellContext,
): Promise<ChildProcess> {
  stream.accept();
  if (faults.slowShell) await new Promise((wake) => setTimeout(wake, faults.slowShell));
  const child = shell(command);
  child.stdin!.on('error', () => {});
  stream.onClose(() => {
    child.stdin!.destroy();
    child.stdout!.destroy();
    child.stderr!.destroy();
  });
  return child;
}

/** @returns the exit status */
async function follow(
  command: string,
  child: ChildProcess,
  stream: AdbStream,
  { faults, drop }: ShellContext,
  onOutput: (chunk: Buffer) => Promise<void>,
  onError: (chunk: Buffer) => Promise<void>,
): Promise<number> {
  let said = 0;
  const pass = async (from: NodeJS.ReadableStream, say: (chunk: Buffer) => Promise<void>) => {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        await say(chunk);
        said += chunk.length;
        const fault = faults.dropAtOutput;
        if (fault && command.includes(fault.command) && said > fault.bytes) {
          faults.dropAtOutput = undefined;
          drop();
        }
      }
    } catch {
      // Nobody listens any more.
    }
  };
  const ended = new Promise<number>((done) => {
    child.on('error', () => done(127));
    child.on('exit', (code, signal) => done(code ?? SIGNALLED + signalNumber(signal)));
  });
  await Promise.all([pass(child.stdout!, onOutput), pass(child.stderr!, onError)]);
  return stream.closed ? 0 : ended;
}

async function readInput(stream: AdbStream, child: ChildProcess): Promise<void> {
  const reader = new ByteReader(stream.chunks());
  for (;;) {
    const header = await reader.read(5);
    const data = header && (await reader.read(header.readUInt32LE(1)));
    if (!data) return;
    const id = header.readUInt8(0);
    if (id === STDIN) child.stdin!.write(data);
    else if (id === CLOSE_STDIN) child.stdin!.end();
  }
}

function shellPacket(id: number, data: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(id, 0);
  header.writeUInt32LE(data.length, 1);
  return Buffer.concat([header, data]);
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === 'SIGKILL' ? 9 : signal === 'SIGSEGV' ? 11 : signal === 'SIGABRT' ? 6 : 15;
}
