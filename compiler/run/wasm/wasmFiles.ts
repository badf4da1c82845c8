/** The files of a run, read and written synchronously: a kernel's thread has nothing else to do. */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { RunEnd } from './runEnd.ts';

/** Exactly that many bytes. Throws RunEnd. */
export function readWhole(path: string, bytes: number): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const whole = new Uint8Array(bytes);
    let done = 0;
    for (let got = 1; got > 0 && done < bytes; done += got) {
      got = readSync(file, whole, done, bytes - done, done);
    }
    if (fstatSync(file).size !== bytes) {
      throw new RunEnd({ message: 'a file has the wrong size: the inputs' });
    }
    return whole;
  } finally {
    closeSync(file);
  }
}

/** Straight from a file of exactly that size into memory at `at`. Throws RunEnd. */
export function readInto(
  path: string,
  memory: Uint8Array,
  at: number,
  bytes: number,
  what: string,
): void {
  const file = openSync(path, 'r');
  try {
    if (fstatSync(file).size !== bytes) {
      throw new RunEnd({ message: `a file has the wrong size: ${what}` });
    }
    for (let done = 0; done < bytes;) {
      const length = Math.min(bytes - done, 1 << 30);
      const got = readSync(file, memory, at + done, length, done);
      if (got === 0) throw new RunEnd({ message: `a file cannot be read: ${what}` });
      done += got;
    }
  } finally {
    closeSync(file);
  }
}

export class ResultFile {
  offset = 0;
  private readonly file: number;

  constructor(path: string) {
    this.file = openSync(path, 'w');
  }

  /** @returns where it stands in the file */
  put(bytes: Uint8Array): number {
    const at = this.offset;
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.file, bytes, done, Math.min(bytes.length - done, 1 << 30));
    }
    this.offset += bytes.length;
    return at;
  }

  close(): void {
    closeSync(this.file);
  }
}
