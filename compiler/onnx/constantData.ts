/**
 * Reads the elements of a constant from where they are: in memory, in the model file (raw, packed or
 * unpacked fields) or in an external file. Large tensors come in chunks, so that statistics of 400 MB of
 * weights need one chunk at a time.
 */
import { ModelError } from '../diagnostics.ts';
import type { Constant, ConstantSource, KnownTensor } from '../graph/graph.ts';
import { DATA_TYPES } from '../graph/types.ts';
import type { DataType } from '../graph/types.ts';
import { byteLength, decodeElements, encodeElements } from './elements.ts';
import { quoted } from './names.ts';
import type { RandomAccess } from './randomAccess.ts';
import type { ModelSource } from './source.ts';
import { DATA_FIELDS } from './tensorData.ts';
import { BYTES, FIXED64, VARINT, WireError, WireReader } from './wireFormat.ts';

const CHUNK_BYTES = 1 << 20;

/** Number of elements. */
export function elementCount(constant: { readonly dims: readonly number[] }): number {
  return constant.dims.reduce((product, dim) => product * dim, 1);
}

/**
 * All bytes of a constant, little-endian, packed as ONNX `raw_data`. `known` is the value of computed
 * constants. Throws ModelError 'model/external-missing', 'model/external-data' or 'model/bad-tensor'.
 */
export function readConstant(
  constant: Constant,
  source: ModelSource,
  known?: KnownTensor,
): Uint8Array {
  const bytes = new Uint8Array(byteLength(constant.dtype, elementCount(constant)));
  let at = 0;
  for (const chunk of constantChunks(constant, source, known)) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The same in chunks of at most 1 MiB that end between elements. Chunks are only valid until the next. */
export function* constantChunks(
  constant: Constant,
  source: ModelSource,
  known?: KnownTensor,
): Generator<Uint8Array> {
  const total = byteLength(constant.dtype, elementCount(constant));
  let given = 0;
  try {
    for (const chunk of chunksOf(constant, source, known)) {
      given += chunk.length;
      if (given > total) break;
      yield chunk;
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new ModelError(
      'model/bad-tensor',
      `The elements of a tensor are damaged: ${error.message}.`,
    );
  }
  if (given !== total) {
    throw new ModelError(
      'model/bad-tensor',
      `A tensor should have ${total} bytes but has ${given}.`,
    );
  }
}

/** Elements as numbers, chunk by chunk (complex: real and imaginary parts in turn). */
export function* constantNumbers(
  constant: Constant,
  source: ModelSource,
  known?: KnownTensor,
): Generator<Float64Array> {
  let left = elementCount(constant);
  for (const chunk of constantChunks(constant, source, known)) {
    const { bits } = DATA_TYPES[constant.dtype];
    // The last byte of a sub-byte type may be half used.
    const count = Math.min(left, Math.floor((chunk.length * 8) / bits));
    left -= count;
    yield decodeElements(chunk, constant.dtype, count);
  }
}

function chunksOf(
  { dtype, source: place }: Constant,
  source: ModelSource,
  known: KnownTensor | undefined,
): Iterable<Uint8Array> {
  switch (place.kind) {
    case 'bytes':
      return [place.bytes];
    case 'computed':
      return [encodeElements(known?.data.map(plainNumber) ?? [], dtype)];
    case 'operators':
      throw new Error('what operators make of constants is evaluated by packaging');
    case 'model':
      return modelChunks(source, place, dtype);
    case 'external': {
      const found = source.external(place.location);
      if (found.state === 'found') return windows(found.file, place.offset, place.length);
      const { code, reason } =
        found.state === 'missing'
          ? { code: 'model/external-missing' as const, reason: 'is not there' }
          : { code: 'model/external-data' as const, reason: found.reason };
      throw new ModelError(code, `The weights file ${quoted(place.location)} ${reason}.`);
    }
    case 'unavailable':
      throw new ModelError('model/external-data', 'The elements of this tensor cannot be read.');
  }
}

function plainNumber(value: unknown): number {
  if (typeof value !== 'number') throw new Error('a computed constant has symbolic elements');
  return value;
}

/** Bytes of a data field as `raw_data` would hold them. */
export function modelChunks(
  file: RandomAccess,
  place: Extract<ConstantSource, { kind: 'model' }>,
  dtype: DataType,
): Iterable<Uint8Array> {
  const plain = place.field === 'raw' || place.field === 'float' || place.field === 'double';
  if (plain && place.tagged !== true) return windows(file, place.offset, place.length);
  return decodedFields(file, place, dtype);
}

function* windows(file: RandomAccess, offset: number, length: number): Generator<Uint8Array> {
  for (let at = 0; at < length; at += CHUNK_BYTES) {
    yield file.read(offset + at, Math.min(CHUNK_BYTES, length - at));
  }
}

/** Packed varints, and any field whose elements carry tags. */
function* decodedFields(
  file: RandomAccess,
  { offset, length, field, tagged }: Extract<ConstantSource, { kind: 'model' }>,
  dtype: DataType,
): Generator<Uint8Array> {
  const reader = new WireReader(file);
  reader.skip(offset);
  const end = offset + length;
  const { field: number, wire } = DATA_FIELDS[field];
  // An element is at most eight times as long as its varint.
  const capacity = Math.min(CHUNK_BYTES, length * 8 + 8);
  const width = wire === VARINT ? byteLength(dtype, storedTogether(dtype)) : 0;
  const out = new ElementBuffer(width, capacity);

  const element = (): void => {
    if (wire === VARINT) out.varint(reader);
    else out.fixed(reader, wire === FIXED64 ? 8 : 4);
  };
  while (reader.offset < end) {
    let runEnd = end;
    if (tagged === true) {
      const tag = reader.tag();
      if (tag === number * 8 + BYTES) {
        const runLength = reader.lengthWithin(end);
        runEnd = reader.offset + runLength;
      } else if (tag === number * 8 + wire) {
        runEnd = reader.offset + 1;
      } else {
        // Another field of the tensor between two elements.
        reader.skipValue(tag & 7, end);
        continue;
      }
    }
    while (reader.offset < runEnd) {
      element();
      if (out.full) yield out.take();
    }
  }
  if (!out.empty) yield out.take();
}

/** Elements that one int32_data entry holds. */
function storedTogether(dtype: DataType): number {
  const { bits } = DATA_TYPES[dtype];
  return bits < 8 ? 8 / bits : 1;
}

class ElementBuffer {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly number = { low: 0, high: 0 };
  private at = 0;

  /** `width`: bytes of one varint element. */
  constructor(
    private readonly width: number,
    capacity: number,
  ) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  get full(): boolean {
    return this.at + 8 > this.bytes.length;
  }

  get empty(): boolean {
    return this.at === 0;
  }

  varint(reader: WireReader): void {
    reader.varint64(this.number);
    const { low, high } = this.number;
    switch (this.width) {
      case 1:
        this.view.setUint8(this.at, low & 255);
        break;
      case 2:
        this.view.setUint16(this.at, low & 65535, true);
        break;
      case 4:
        this.view.setUint32(this.at, low, true);
        break;
      default:
        this.view.setUint32(this.at, low, true);
        this.view.setUint32(this.at + 4, high, true);
    }
    this.at += this.width;
  }

  fixed(reader: WireReader, width: number): void {
    reader.copyInto(this.bytes, this.at, width);
    this.at += width;
  }

  take(): Uint8Array {
    const result = this.bytes.subarray(0, this.at);
    this.at = 0;
    return result;
  }
}
