// What a PNG file holds, as far as a test wants to know: that it is one, how large, and whether anything is in it.
import { inflateSync } from 'node:zlib';

export interface PngContent {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Different values among its bytes: one or two in an empty picture. */
  readonly colours: number;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Throws RangeError where the file is no whole PNG. */
export function readPng(file: Buffer): PngContent {
  if (!file.subarray(0, 8).equals(SIGNATURE)) throw new RangeError('no PNG');
  const data: Buffer[] = [];
  let size: { width: number; height: number } | undefined;
  for (let at = 8; at + 12 <= file.length;) {
    const length = file.readUInt32BE(at);
    const kind = file.toString('latin1', at + 4, at + 8);
    const body = file.subarray(at + 8, at + 8 + length);
    if (kind === 'IHDR') size = { width: body.readUInt32BE(0), height: body.readUInt32BE(4) };
    if (kind === 'IDAT') data.push(body);
    if (kind === 'IEND' && size) {
      return { ...size, colours: new Set(inflateSync(Buffer.concat(data))).size };
    }
    at += 12 + length;
  }
  throw new RangeError('the PNG ends early');
}
