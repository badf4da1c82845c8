/**
 * Element types of the graph as the loop IR stores them; `undefined` for those that no kernel computes with.
 */
import type { DataType } from '../graph/types.ts';
import type { StorageType } from '../loop/scalarType.ts';

const STORAGE: Partial<Record<DataType, StorageType>> = {
  float32: 'f32',
  float64: 'f64',
  float16: 'f16',
  bfloat16: 'bf16',
  int8: 'i8',
  int16: 'i16',
  int32: 'i32',
  int64: 'i64',
  uint8: 'u8',
  uint16: 'u16',
  uint32: 'u32',
  uint64: 'u64',
  bool: 'bool',
};

export function storageOf(dtype: DataType): StorageType | undefined {
  return STORAGE[dtype];
}
