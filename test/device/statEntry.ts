// What the sync service says of a file: 16 bytes in version 1, 72 in version 2.
import type { Stats } from 'node:fs';

/** Of Linux, as version 2 passes them. */
export const ENOENT = 2;

/** All zero: there is no such file. */
export function statEntry(stats: Stats | undefined): Buffer {
  const entry = Buffer.alloc(16);
  entry.write('STAT', 0, 'latin1');
  if (!stats) return entry;
  entry.writeUInt32LE(stats.mode, 4);
  entry.writeUInt32LE(stats.size % 2 ** 32, 8);
  entry.writeUInt32LE(Math.floor(stats.mtimeMs / 1000), 12);
  return entry;
}

export function statEntry2(id: 'STA2' | 'LST2', stats: Stats | undefined): Buffer {
  const entry = Buffer.alloc(72);
  entry.write(id, 0, 'latin1');
  if (!stats) {
    entry.writeUInt32LE(ENOENT, 4);
    return entry;
  }
  entry.writeBigUInt64LE(BigInt(stats.dev), 8);
  entry.writeBigUInt64LE(BigInt(stats.ino), 16);
  entry.writeUInt32LE(stats.mode, 24);
  entry.writeUInt32LE(stats.nlink, 28);
  entry.writeUInt32LE(stats.uid, 32);
  entry.writeUInt32LE(stats.gid, 36);
  entry.writeBigUInt64LE(BigInt(stats.size), 40);
  [stats.atimeMs, stats.mtimeMs, stats.ctimeMs].forEach((time, i) =>
    entry.writeBigInt64LE(BigInt(Math.floor(time / 1000)), 48 + 8 * i),
  );
  return entry;
}
