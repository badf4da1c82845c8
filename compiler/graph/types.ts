/**
 * Types of values: element types, tensor shapes (possibly symbolic) and ONNX's container types.
 */
import type { Dim } from './dim.ts';

/** ONNX TensorProto.DataType by name; the number is ONNX's code, `bits` the storage of one element. */
export const DATA_TYPES = {
  undefined: { code: 0, bits: 0 },
  float32: { code: 1, bits: 32 },
  uint8: { code: 2, bits: 8 },
  int8: { code: 3, bits: 8 },
  uint16: { code: 4, bits: 16 },
  int16: { code: 5, bits: 16 },
  int32: { code: 6, bits: 32 },
  int64: { code: 7, bits: 64 },
  string: { code: 8, bits: 0 },
  bool: { code: 9, bits: 8 },
  float16: { code: 10, bits: 16 },
  float64: { code: 11, bits: 64 },
  uint32: { code: 12, bits: 32 },
  uint64: { code: 13, bits: 64 },
  complex64: { code: 14, bits: 64 },
  complex128: { code: 15, bits: 128 },
  bfloat16: { code: 16, bits: 16 },
  float8e4m3fn: { code: 17, bits: 8 },
  float8e4m3fnuz: { code: 18, bits: 8 },
  float8e5m2: { code: 19, bits: 8 },
  float8e5m2fnuz: { code: 20, bits: 8 },
  uint4: { code: 21, bits: 4 },
  int4: { code: 22, bits: 4 },
  float4e2m1: { code: 23, bits: 4 },
  float8e8m0: { code: 24, bits: 8 },
  uint2: { code: 25, bits: 2 },
  int2: { code: 26, bits: 2 },
} as const;

export type DataType = keyof typeof DATA_TYPES;

const BY_CODE = new Map<number, DataType>(
  (Object.keys(DATA_TYPES) as DataType[]).map((name) => [DATA_TYPES[name].code, name]),
);

/** The element type of an ONNX code; `undefined` (the type) for codes this table does not know. */
export function dataTypeOfCode(code: number): DataType {
  return BY_CODE.get(code) ?? 'undefined';
}

/** Dimensions, outermost first; `null` when not even the rank is known. */
export type Shape = readonly Dim[] | null;

export interface TensorType {
  readonly kind: 'tensor';
  /** 'undefined' when unknown. */
  readonly dtype: DataType;
  readonly shape: Shape;
}
export interface SequenceType {
  readonly kind: 'sequence';
  readonly element: ValueType;
}
export interface OptionalType {
  readonly kind: 'optional';
  readonly element: ValueType;
}
/** Maps, sparse tensors and opaque types of the specification: carried along, never computed with. */
export interface OtherType {
  readonly kind: 'other';
  readonly text: string;
}
export interface UnknownType {
  readonly kind: 'unknown';
}
export type ValueType = TensorType | SequenceType | OptionalType | OtherType | UnknownType;

export const UNKNOWN_TYPE: UnknownType = { kind: 'unknown' };

export function tensorType(dtype: DataType, shape: Shape): TensorType {
  return { kind: 'tensor', dtype, shape };
}
