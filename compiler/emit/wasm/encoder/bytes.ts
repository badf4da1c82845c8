/**
 * Bytes of the WebAssembly binary format: LEB128 integers, little-endian floats, names, sized sections. A
 * growing buffer, since kernels of a large model are megabytes.
 */

export class Bytes {
  private data = new Uint8Array(256);
  private used = 0;

  get length(): number {
    return this.used;
  }

  byte(value: number): void {
    this.reserve(1);
    this.data[this.used++] = value;
  }

  append(bytes: ArrayLike<number>): void {
    this.reserve(bytes.length);
    this.data.set(bytes, this.used);
    this.used += bytes.length;
  }

  /** Unsigned LEB128 of at most 32 bits. */
  u32(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.byte((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  /** A name or any other byte string with its length before it. */
  name(text: string): void {
    this.sized(new TextEncoder().encode(text));
  }

  sized(bytes: ArrayLike<number>): void {
    this.u32(bytes.length);
    this.append(bytes);
  }

  done(): Uint8Array {
    return this.data.slice(0, this.used);
  }

  private reserve(count: number): void {
    if (this.used + count <= this.data.length) return;
    const grown = new Uint8Array(Math.max(this.data.length * 2, this.used + count));
    grown.set(this.data.subarray(0, this.used));
    this.data = grown;
  }
}

/** Unsigned LEB128. */
export function unsignedLeb(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

/** Signed LEB128. */
export function signedLeb(value: bigint): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = Number(rest & 127n);
    rest >>= 7n;
    if ((rest === 0n && low < 64) || (rest === -1n && low >= 64)) {
      bytes.push(low);
      return bytes;
    }
    bytes.push(low | 128);
  }
}

export function littleEndian(type: 'f32' | 'f64', value: number): readonly number[] {
  const view = new DataView(new ArrayBuffer(8));
  if (type === 'f32') view.setFloat32(0, value, true);
  else view.setFloat64(0, value, true);
  return [...new Uint8Array(view.buffer, 0, type === 'f32' ? 4 : 8)];
}
