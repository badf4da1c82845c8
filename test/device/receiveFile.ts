// A pushed file. When it cannot be written the rest of it is read all the same, so that the client hears the reason.
import type { FileHandle } from 'node:fs/promises';
import type { ByteReader } from './byteReader.ts';
import { failure, packet } from './syncService.ts';
import type { SyncContext } from './syncService.ts';

const DEFAULT_MODE = 0o644;

/**
 * @param spec `path,mode`, the mode in decimal
 * @returns what to answer, or undefined when the stream ended: then nothing of the file is left
 */
export async function receiveFile(
  spec: string,
  reader: ByteReader,
  { files, faults, drop, onPushed }: SyncContext,
): Promise<Buffer | undefined> {
  const comma = spec.lastIndexOf(',');
  const path = comma < 0 ? spec : spec.slice(0, comma);
  const mode = comma < 0 ? DEFAULT_MODE : Number.parseInt(spec.slice(comma + 1), 10) & 0o777;
  let reason: string | undefined;
  let file: FileHandle | undefined;
  let received = 0;
  const attempt = async (action: () => Promise<void>): Promise<void> => {
    if (reason !== undefined) return;
    try {
      await action();
    } catch (error) {
      reason = files.reason(error);
    }
  };
  await attempt(async () => void (file = await files.create(path, mode)));
  for (;;) {
    const header = await reader.read(8);
    const id = header?.toString('latin1', 0, 4);
    if (header && id === 'DONE') break;
    const chunk = header && id === 'DATA' ? await reader.read(header.readUInt32LE(4)) : undefined;
    if (!chunk) {
      await file?.close();
      if (!faults.keepsPartialFiles) await files.remove(path);
      return undefined;
    }
    received += chunk.length;
    onPushed(chunk.length);
    await attempt(async () => {
      if (received > (faults.fullAtPushedByte ?? Infinity)) {
        faults.fullAtPushedByte = undefined;
        throw Object.assign(new Error(path), { code: 'ENOSPC' });
      }
      await file!.writeFile(chunk);
    });
    if (faults.dropAtPushedByte !== undefined && received > faults.dropAtPushedByte) {
      faults.dropAtPushedByte = undefined;
      drop();
    }
  }
  await file?.close();
  if (reason === undefined) return packet('OKAY', 0);
  if (file) await files.remove(path);
  return failure(reason);
}
