/**
 * Requests to the adb server over its own socket protocol: four hexadecimal digits of length and the request; the answer
 * is OKAY or FAIL, then a text with its length before it. What answers may be anything.
 */
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { cleanText } from './cleanText.ts';
import { cancelled, DeviceError } from './errors.ts';
import type { ServerAddress } from './serverAddress.ts';
import { addressText, isLocal } from './serverAddress.ts';

const ANSWER_MS = 5000;

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

/** The text that the server answers with. Throws DeviceError. */
export async function askServer(
  address: ServerAddress,
  request: string,
  options: AskOptions = {},
): Promise<string> {
  const socket = openRequest(address, request, options);
  try {
    const frames = readFrames(socket, address, options);
    for await (const text of frames) return text;
    throw noAnswer(address);
  } finally {
    socket.destroy();
  }
}

/** Sends the request; what comes back is read with `readFrames`. */
export function openRequest(
  { host, port }: ServerAddress,
  request: string,
  { signal }: AskOptions,
): Socket {
  const socket = createConnection({ host, port, ...(signal ? { signal } : {}) });
  // Errors come out of the iteration as well; without a listener they would end the process.
  socket.on('error', () => {});
  const bytes = Buffer.from(request);
  socket.write(Buffer.concat([Buffer.from(bytes.length.toString(16).padStart(4, '0')), bytes]));
  return socket;
}

/**
 * Texts of an answer, until the server closes the connection.
 * `timeoutMs` is for the first one; 0: for ever. Throws DeviceError.
 */
export async function* readFrames(
  socket: Socket,
  address: ServerAddress,
  { signal, timeoutMs = ANSWER_MS }: AskOptions,
): AsyncGenerator<string> {
  let timedOut = false;
  const timer = setTimeout(
    () => {
      timedOut = true;
      socket.destroy();
    },
    timeoutMs || 2 ** 31 - 1,
  );
  const parser = new FrameParser();
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      for (const text of parser.push(chunk)) {
        clearTimeout(timer);
        yield text;
      }
    }
    if (!parser.accepted && !timedOut) throw noAnswer(address);
  } catch (error) {
    if (signal?.aborted) throw cancelled();
    if (timedOut) throw tooLate(address);
    throw serverError(error, address);
  } finally {
    clearTimeout(timer);
  }
  if (signal?.aborted) throw cancelled();
  if (timedOut) throw tooLate(address);
}

/** What a server may say at once; a length has four digits. */
const STATUS_BYTES = 4;

/** Cuts OKAY, then lengths and texts, out of chunks. Throws DeviceError. */
export class FrameParser {
  private held: Buffer = Buffer.alloc(0);
  accepted = false;

  push(chunk: Buffer): string[] {
    this.held = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    const texts: string[] = [];
    if (!this.accepted) {
      if (this.held.length < STATUS_BYTES) return texts;
      const status = this.held.toString('latin1', 0, STATUS_BYTES);
      if (status === 'FAIL') {
        const reason = this.held.toString('utf8', 2 * STATUS_BYTES);
        throw new DeviceError('failed', `The adb server refuses: ${cleanText(reason, 200)}.`);
      }
      if (status !== 'OKAY') throw new DeviceError('garbage', 'no answer of an adb server');
      this.accepted = true;
      this.held = this.held.subarray(STATUS_BYTES);
    }
    while (this.held.length >= STATUS_BYTES) {
      const digits = this.held.toString('latin1', 0, STATUS_BYTES);
      if (!/^[\da-fA-F]{4}$/.test(digits)) {
        throw new DeviceError('garbage', 'a length of an adb server that is no number');
      }
      const end = STATUS_BYTES + Number.parseInt(digits, 16);
      if (this.held.length < end) break;
      texts.push(this.held.toString('utf8', STATUS_BYTES, end));
      this.held = this.held.subarray(end);
    }
    return texts;
  }
}

function serverError(error: unknown, address: ServerAddress): DeviceError {
  if (error instanceof DeviceError) {
    if (error.kind !== 'garbage') return error;
    return new DeviceError('garbage', `What answers at ${addressText(address)} is no adb server.`);
  }
  const { code = '' } = error as NodeJS.ErrnoException;
  const hint = isLocal(address)
    ? 'Connect a device and run "adb start-server".'
    : 'Start it there, and check the address and the tunnel that leads to it.';
  const how = code === '' ? '' : ` (${cleanText(code, 40)})`;
  return new DeviceError(
    'no-server',
    `No adb server answers at ${addressText(address)}${how}. ${hint}`,
  );
}

function noAnswer(address: ServerAddress): DeviceError {
  return new DeviceError('garbage', `What answers at ${addressText(address)} is no adb server.`);
}

function tooLate(address: ServerAddress): DeviceError {
  return new DeviceError('no-server', `The adb server at ${addressText(address)} does not answer.`);
}
