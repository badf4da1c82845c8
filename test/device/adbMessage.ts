// Messages of the ADB transport: 24 bytes of header (little-endian), then the payload. Both sides send them; the
// device's side of it is what the folder is about.
import type { Socket } from 'node:net';

const HEADER_BYTES = 24;
/** What this side takes at once, and says so; longer payloads are an error. */
export const MAX_PAYLOAD = 1 << 20;
/** From this version on nobody fills in checksums. */
export const PROTOCOL_VERSION = 0x01000001;

export type Command = 'CNXN' | 'AUTH' | 'OPEN' | 'OKAY' | 'WRTE' | 'CLSE';

export interface AdbMessage {
  /** Four letters; messages of commands unknown here are passed on too. */
  readonly command: string;
  readonly arg0: number;
  readonly arg1: number;
  readonly payload: Buffer;
}

export function encodeMessage(
  command: Command,
  arg0: number,
  arg1: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(command, 0, 'latin1');
  header.writeUInt32LE(arg0, 4);
  header.writeUInt32LE(arg1, 8);
  header.writeUInt32LE(payload.length, 12);
  header.writeUInt32LE((header.readUInt32LE(0) ^ 0xffffffff) >>> 0, 20);
  return Buffer.concat([header, payload]);
}

/** Messages as they arrive, until the connection ends. Throws at what is not a message. */
export async function* readMessages(socket: Socket): AsyncGenerator<AdbMessage> {
  let held: Buffer[] = [];
  let length = 0;
  let wanted = HEADER_BYTES;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    held.push(chunk);
    length += chunk.length;
    if (length < wanted) continue;
    let bytes: Buffer = Buffer.concat(held);
    for (;;) {
      wanted = HEADER_BYTES;
      if (bytes.length < wanted) break;
      wanted += payloadLength(bytes);
      if (bytes.length < wanted) break;
      yield {
        command: bytes.toString('latin1', 0, 4),
        arg0: bytes.readUInt32LE(4),
        arg1: bytes.readUInt32LE(8),
        payload: bytes.subarray(HEADER_BYTES, wanted),
      };
      bytes = bytes.subarray(wanted);
    }
    held = [bytes];
    length = bytes.length;
  }
}

function payloadLength(header: Buffer): number {
  const length = header.readUInt32LE(12);
  const magic = (header.readUInt32LE(0) ^ 0xffffffff) >>> 0;
  if (header.readUInt32LE(20) !== magic || length > MAX_PAYLOAD) {
    throw new Error(`not a message of adb: ${header.toString('hex', 0, HEADER_BYTES)}`);
  }
  return length;
}
