// The sync service: files to and from the device, by adb's push, pull and ls. Version 1 of everything, and the stat of
// version 2. What fails is said with a reason, and the service goes on.
import type { AdbStream } from './adbStream.ts';
import { ByteReader } from './byteReader.ts';
import type { DeviceFiles } from './deviceFiles.ts';
import type { Faults } from './faults.ts';
import { receiveFile } from './receiveFile.ts';
import { statEntry, statEntry2 } from './statEntry.ts';

const CHUNK = 64 << 10;

export interface SyncContext {
  readonly files: DeviceFiles;
  readonly faults: Faults;
  readonly drop: () => void;
  readonly onPushed: (bytes: number) => void;
}

export async function serveSync(stream: AdbStream, context: SyncContext): Promise<void> {
  const reader = new ByteReader(stream.chunks());
  for (;;) {
    const header = await reader.read(8);
    if (!header) break;
    const id = header.toString('latin1', 0, 4);
    if (id === 'QUIT') break;
    const name = await reader.read(header.readUInt32LE(4));
    if (!name) break;
    const path = name.toString('utf8');
    if (id === 'SEND') {
      const answer = await receiveFile(path, reader, context);
      if (!answer) break;
      await stream.write(answer);
    } else if (id === 'RECV') await sendFile(path, stream, context);
    else if (id === 'STAT') await stream.write(statEntry(await context.files.lstat(path)));
    else if (id === 'STA2') await stream.write(statEntry2(id, await context.files.stat(path)));
    else if (id === 'LST2') await stream.write(statEntry2(id, await context.files.lstat(path)));
    else if (id === 'LIST') await list(path, stream, context.files);
    else {
      await stream.write(failure(`unknown command ${id}`));
      break;
    }
  }
  await stream.close();
}

/** Answer of version 1: four letters, a number, text. */
export function packet(id: string, number: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(8);
  header.write(id, 0, 'latin1');
  header.writeUInt32LE(number, 4);
  return Buffer.concat([header, payload]);
}

export function failure(reason: string): Buffer {
  const text = Buffer.from(reason);
  return packet('FAIL', text.length, text);
}

async function sendFile(
  path: string,
  stream: AdbStream,
  { files, faults, drop }: SyncContext,
): Promise<void> {
  try {
    let sent = 0;
    for await (const chunk of files.read(path, CHUNK)) {
      await stream.write(packet('DATA', chunk.length, chunk));
      sent += chunk.length;
      if (faults.dropAtPulledByte !== undefined && sent > faults.dropAtPulledByte) {
        faults.dropAtPulledByte = undefined;
        drop();
        return;
      }
    }
    await stream.write(packet('DONE', 0));
  } catch (error) {
    await stream.write(failure(files.reason(error)));
  }
}

async function list(path: string, stream: AdbStream, files: DeviceFiles): Promise<void> {
  for (const name of await files.list(path)) {
    const entry = statEntry(await files.lstat(`${path}/${name}`)).subarray(4);
    const text = Buffer.from(name);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.length);
    await stream.write(Buffer.concat([Buffer.from('DENT'), entry, length, text]));
  }
  await stream.write(Buffer.concat([Buffer.from('DONE'), Buffer.alloc(16)]));
}
