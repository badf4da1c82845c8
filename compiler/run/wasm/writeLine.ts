/**
 * Lines that a run says as it goes. A pipe whose reader is behind has no room: it takes a part of the line, or says
 * EAGAIN; the run waits for it then, since half a line or none would be a run that failed.
 */
import { writeSync } from 'node:fs';

/** Takes some of the bytes from `offset` on and says how many; throws with code EAGAIN where there is no room. */
export type Write = (bytes: Uint8Array, offset: number) => number;

/** Milliseconds between tries. */
const PAUSE = 1;
/** Nothing wakes who waits here. */
const NEVER = new Int32Array(new SharedArrayBuffer(4));

/** Writes all of a line to the standard output, or to what `write` writes to. Throws what it throws but EAGAIN. */
export function writeLine(
  line: string,
  write: Write = (bytes, offset) => writeSync(1, bytes, offset),
): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  for (let done = 0; done < bytes.length;) {
    try {
      done += write(bytes, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(NEVER, 0, 0, PAUSE);
    }
  }
}
