/**
 * Protobuf messages being written: fields in order, nested messages by their length. Large payloads are not held: they
 * are produced when the file is written.
 */

/** Bytes, or a promise of so many. */
export type Piece = Uint8Array | Payload;

export interface Payload {
  readonly length: number;
  /** Chunks are only valid until the next one. */
  readonly chunks: () => Iterable<Uint8Array>;
}

const WIRE = { varint: 0, bytes: 2, fixed32: 5 } as const;
const UTF8 = new TextEncoder();

export class Message {
  readonly pieces: Piece[] = [];
  length = 0;

  /** Integers of 64 bits; negative ones as two's complement. */
  int(field: number, value: number | bigint): this {
    return this.put(tag(field, WIRE.varint), varint(value));
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.put(tag(field, WIRE.fixed32), bytes);
  }

  text(field: number, value: string): this {
    return this.bytes(field, UTF8.encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.put(tag(field, WIRE.bytes), varint(value.length), value);
  }

  payload(field: number, value: Payload): this {
    return this.put(tag(field, WIRE.bytes), varint(value.length), value);
  }

  message(field: number, value: Message): this {
    return this.put(tag(field, WIRE.bytes), varint(value.length), ...value.pieces);
  }

  private put(...pieces: readonly Piece[]): this {
    for (const piece of pieces) {
      this.pieces.push(piece);
      this.length += piece.length;
    }
    return this;
  }
}

/** All bytes, chunk by chunk. Throws Error where a payload is not as long as promised. */
export function* chunksOf(pieces: readonly Piece[]): Generator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) {
      yield piece;
      continue;
    }
    let left = piece.length;
    for (const chunk of piece.chunks()) {
      left -= chunk.length;
      yield chunk;
    }
    if (left !== 0) throw new Error(`a payload lacks ${left} of ${piece.length} bytes`);
  }
}

function tag(field: number, wire: number): Uint8Array {
  return varint(field * 8 + wire);
}

function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
