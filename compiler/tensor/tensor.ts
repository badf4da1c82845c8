/**
 * A tensor of actual numbers: element type, sizes and bytes, little-endian and packed as ONNX `raw_data`. The
 * bytes start at a multiple of 8, so that typed arrays may look at them.
 */
import type { DataType } from '../graph/types.ts';
import type { Scalar } from '../loop/arithmetic.ts';
import { fit } from '../loop/arithmetic.ts';
import { bf16FromBits, bf16ToBits, f16FromBits, f16ToBits } from '../loop/halfFloat.ts';
import { roundToBf16, roundToF16 } from '../loop/halfFloat.ts';
import type { StorageType } from '../loop/scalarType.ts';
import { byteLength } from '../onnx/elements.ts';

export interface Tensor {
  readonly dtype: DataType;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

export type ElementArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** Element types that kernels compute with. */
const DTYPES: Readonly<Record<StorageType, DataType>> = {
  f32: 'float32',
  f64: 'float64',
  f16: 'float16',
  bf16: 'bfloat16',
  i8: 'int8',
  i16: 'int16',
  i32: 'int32',
  i64: 'int64',
  u8: 'uint8',
  u16: 'uint16',
  u32: 'uint32',
  u64: 'uint64',
  bool: 'bool',
};

const STORAGES = new Map(
  (Object.keys(DTYPES) as StorageType[]).map((storage) => [DTYPES[storage], storage]),
);

export function dtypeOf(storage: StorageType): DataType {
  return DTYPES[storage];
}

/** `undefined` for types that kernels do not store. */
export function storageOfDtype(dtype: DataType): StorageType | undefined {
  return STORAGES.get(dtype);
}

/** Number of elements; throws RangeError where that is no exact integer. */
export function countOf(dims: readonly number[]): number {
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (!Number.isSafeInteger(count) || dims.some((dim) => !(dim >= 0))) {
    throw new RangeError(`no tensor has the sizes ${dims.join('×')}`);
  }
  return count;
}

/** Throws RangeError when the bytes are not as many as the elements need. */
export function makeTensor(dtype: DataType, dims: readonly number[], bytes: Uint8Array): Tensor {
  const wanted = byteLength(dtype, countOf(dims));
  if (bytes.length !== wanted) {
    throw new RangeError(`a tensor of ${wanted} bytes cannot have ${bytes.length}`);
  }
  return { dtype, dims, bytes: bytes.byteOffset % 8 === 0 ? bytes : bytes.slice() };
}

/** A view of bytes (which start at a multiple of the element's size) as elements; 16-bit floats as their bits. */
export function elementView(storage: StorageType, bytes: Uint8Array): ElementArray {
  const { buffer, byteOffset, byteLength: length } = bytes;
  switch (storage) {
    case 'f32':
      return new Float32Array(buffer, byteOffset, length / 4);
    case 'f64':
      return new Float64Array(buffer, byteOffset, length / 8);
    case 'i8':
      return new Int8Array(buffer, byteOffset, length);
    case 'i16':
      return new Int16Array(buffer, byteOffset, length / 2);
    case 'i32':
      return new Int32Array(buffer, byteOffset, length / 4);
    case 'i64':
      return new BigInt64Array(buffer, byteOffset, length / 8);
    case 'u8':
    case 'bool':
      return new Uint8Array(buffer, byteOffset, length);
    case 'u16':
    case 'f16':
    case 'bf16':
      return new Uint16Array(buffer, byteOffset, length / 2);
    case 'u32':
      return new Uint32Array(buffer, byteOffset, length / 4);
    case 'u64':
      return new BigUint64Array(buffer, byteOffset, length / 8);
  }
}

/** One element as the loop IR computes with it, and back: rounds, wraps, 64-bit integers are BigInt. */
export function loadScalar(storage: StorageType, view: ElementArray, at: number): Scalar {
  const element = view[at]!;
  if (storage === 'f16') return f16FromBits(element as number);
  if (storage === 'bf16') return bf16FromBits(element as number);
  if (storage === 'bool') return element ? 1 : 0;
  return element;
}

export function storeScalar(
  storage: StorageType,
  view: ElementArray,
  at: number,
  value: Scalar,
): void {
  view[at] = stored(storage, value) as never;
}

function stored(storage: StorageType, value: Scalar): Scalar {
  if (storage === 'f16') return f16ToBits(roundToF16(Number(value)));
  if (storage === 'bf16') return bf16ToBits(roundToBf16(Number(value)));
  if (storage === 'f32' || storage === 'f64') return Number(value);
  return fit(storage, storage === 'i64' || storage === 'u64' ? BigInt(value) : value);
}

export function scalarsOf(tensor: Tensor): readonly Scalar[] {
  const storage = requireStorage(tensor.dtype);
  const view = elementView(storage, tensor.bytes);
  return Array.from({ length: view.length }, (_, at) => loadScalar(storage, view, at));
}

/** Elements are rounded or wrapped to the type. */
export function tensorOf(
  dtype: DataType,
  dims: readonly number[],
  elements: readonly Scalar[],
): Tensor {
  const storage = requireStorage(dtype);
  const bytes = new Uint8Array(byteLength(dtype, elements.length));
  const view = elementView(storage, bytes);
  elements.forEach((element, at) => storeScalar(storage, view, at, element));
  return makeTensor(dtype, dims, bytes);
}

function requireStorage(dtype: DataType): StorageType {
  const storage = storageOfDtype(dtype);
  if (storage === undefined) throw new RangeError(`${dtype} tensors are not computed with`);
  return storage;
}
