// Elements as little-endian bytes of a storage type, and back.
import type { Scalar } from '../../../../compiler/loop/arithmetic.ts';
import {
  bf16FromBits,
  bf16ToBits,
  f16FromBits,
  f16ToBits,
} from '../../../../compiler/loop/halfFloat.ts';
import type { StorageType } from '../../../../compiler/loop/scalarType.ts';

interface Elements extends Iterable<number | bigint> {
  readonly buffer: ArrayBufferLike;
}

interface ArrayType {
  from(elements: readonly never[]): Elements;
  new (buffer: ArrayBuffer): Elements;
}

const ARRAYS = {
  f32: Float32Array,
  f64: Float64Array,
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  i64: BigInt64Array,
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  u64: BigUint64Array,
  bool: Uint8Array,
  f16: Uint16Array,
  bf16: Uint16Array,
} as unknown as Readonly<Record<StorageType, ArrayType>>;

export function toBytes(storage: StorageType, elements: readonly Scalar[]): Buffer {
  const bits = storage === 'f16' ? f16ToBits : storage === 'bf16' ? bf16ToBits : undefined;
  const stored = bits === undefined ? elements : elements.map((element) => bits(Number(element)));
  const wide = storage === 'i64' || storage === 'u64';
  const typed = wide ? stored.map(BigInt) : stored;
  return Buffer.from(ARRAYS[storage].from(typed as never).buffer as ArrayBuffer);
}

export function fromBytes(storage: StorageType, bytes: Uint8Array): readonly Scalar[] {
  const aligned = new Uint8Array(bytes).buffer;
  const elements = [...new ARRAYS[storage](aligned)] as Scalar[];
  if (storage === 'f16') return elements.map((element) => f16FromBits(Number(element)));
  if (storage === 'bf16') return elements.map((element) => bf16FromBits(Number(element)));
  return elements;
}
