/**
 * The protobuf wire format, read through a small window of a large file and written to memory. Knows
 * varints, tags and lengths and nothing of ONNX. Positions are absolute file offsets (up to 2^53).
 */
import { ModelError } from '../diagnostics.ts';
import type { RandomAccess } from './randomAccess.ts';

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/** Bytes that are not protobuf, or that contradict themselves, at a file offset. */
export class WireError extends Error {
  constructor(
    readonly offset: number,
    /** What is wrong, as part of a sentence: 'a field runs past the end of its message'. */
    readonly problem: string,
    /** Bytes are missing, rather than wrong. */
    readonly tooShort = false,
  ) {
    super(`${problem} (at byte ${offset})`);
    this.name = 'WireError';
  }
}

export const RUNS_PAST_END = 'a field runs past the end of its message';

const WINDOW = 1 << 16;

/** Reads forwards; skipping moves the position without reading what lies between. */
export class WireReader {
  private window: Uint8Array = new Uint8Array(0);
  private base = 0;
  private at = 0;

  constructor(private readonly source: RandomAccess) {}

  get offset(): number {
    return this.base + this.at;
  }

  /** Reads the next tag; `fieldNumber * 8 + wireType`. */
  tag(): number {
    const start = this.offset;
    const tag = this.varint();
    if (tag > 0xffffffff || tag < 8) throw new WireError(start, 'no field starts here');
    return tag;
  }

  /** Reads a varint. Above 2^53 the result is rounded; negative numbers come as 2^64 - n. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      if (this.at >= this.window.length) this.load();
      const byte = this.window[this.at++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new WireError(this.offset, 'a number is too long');
  }

  /** Reads a varint exactly into `low` and `high`, 32 bits each (unsigned). */
  varint64(into: { low: number; high: number }): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte();
      const bits = byte & 127;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 128) {
        into.low = low >>> 0;
        into.high = high >>> 0;
        return;
      }
    }
    throw new WireError(this.offset, 'a number is too long');
  }

  byte(): number {
    if (this.at >= this.window.length) this.load();
    return this.window[this.at++] as number;
  }

  /** Reads the length of a field and checks that the field ends at or before `end`. */
  lengthWithin(end: number): number {
    const length = this.varint();
    if (length > end - this.offset) {
      throw new WireError(this.offset, RUNS_PAST_END, true);
    }
    return length;
  }

  skip(length: number): void {
    this.at += length;
    if (this.at > this.window.length) {
      this.base += this.at;
      this.at = 0;
      this.window = new Uint8Array(0);
    }
  }

  /** Moves on over the value of a field of which the tag was just read. */
  skipValue(wireType: number, end: number): void {
    switch (wireType) {
      case VARINT:
        this.varint();
        break;
      case FIXED64:
        this.skip(8);
        break;
      case BYTES:
        this.skip(this.lengthWithin(end));
        break;
      case FIXED32:
        this.skip(4);
        break;
      default:
        // Groups (3, 4) never occur in ONNX.
        throw new WireError(this.offset, 'a field has an unknown kind');
    }
  }

  /** The next `length` bytes; a copy. */
  bytes(length: number): Uint8Array {
    const result = new Uint8Array(length);
    this.copyInto(result, 0, length);
    return result;
  }

  copyInto(target: Uint8Array, targetAt: number, length: number): void {
    let left = length;
    while (left > 0) {
      if (this.at >= this.window.length) this.load();
      const count = Math.min(left, this.window.length - this.at);
      target.set(this.window.subarray(this.at, this.at + count), targetAt + length - left);
      this.at += count;
      left -= count;
    }
  }

  private load(): void {
    this.base += this.at;
    this.at = 0;
    const left = this.source.size - this.base;
    if (left <= 0) throw new WireError(this.source.size, 'the file ends too early', true);
    this.window = this.source.read(this.base, Math.min(WINDOW, left));
  }
}

/** Grows as needed. Nested messages get a length of fixed width, which every decoder accepts. */
export class WireWriter {
  private buffer = new Uint8Array(1 << 12);
  private size = 0;

  get length(): number {
    return this.size;
  }

  /** What was written so far; valid until the next write. */
  result(): Uint8Array {
    return this.buffer.subarray(0, this.size);
  }

  varint(value: number): void {
    this.reserve(10);
    let rest = value;
    while (rest > 127) {
      this.buffer[this.size++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.buffer[this.size++] = rest;
  }

  /** Copies `length` bytes from the reader. */
  copy(reader: WireReader, length: number): void {
    this.reserve(length);
    reader.copyInto(this.buffer, this.size, length);
    this.size += length;
  }

  /** Copies one varint unchanged, so that 64-bit numbers keep all their bits. */
  copyVarint(reader: WireReader): void {
    this.reserve(10);
    for (let count = 0; count < 10; count++) {
      const byte = reader.byte();
      this.buffer[this.size++] = byte;
      if (byte < 128) return;
    }
    throw new WireError(reader.offset, 'a number is too long');
  }

  text(field: number, value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.varint(field * 8 + BYTES);
    this.varint(bytes.length);
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.size);
    this.size += bytes.length;
  }

  /** Opens a nested message; pass the result to `close`. */
  open(field: number): number {
    this.varint(field * 8 + BYTES);
    this.reserve(5);
    this.size += 5;
    return this.size;
  }

  close(start: number): void {
    let rest = this.size - start;
    for (let at = start - 5; at < start - 1; at++) {
      this.buffer[at] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.buffer[start - 1] = rest;
  }

  private reserve(count: number): void {
    if (this.size + count <= this.buffer.length) return;
    if (this.size + count > MOST_WRITTEN) {
      throw new ModelError('model/too-large', 'The model has too much structure to be opened.');
    }
    const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.size + count));
    larger.set(this.result());
    this.buffer = larger;
  }
}

/** Far above any real graph without its weights; the scanner's budget normally ends earlier. */
const MOST_WRITTEN = 1 << 29;
