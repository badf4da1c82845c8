/**
 * Element types of the loop IR. A register holds a `ScalarType`; a buffer may also store the 16-bit floats,
 * which are widened to f32 by a load and rounded to nearest even by a store.
 */

export const SCALAR_TYPES = {
  f32: { bits: 32, kind: 'float' },
  f64: { bits: 64, kind: 'float' },
  i8: { bits: 8, kind: 'signed' },
  i16: { bits: 16, kind: 'signed' },
  i32: { bits: 32, kind: 'signed' },
  i64: { bits: 64, kind: 'signed' },
  u8: { bits: 8, kind: 'unsigned' },
  u16: { bits: 16, kind: 'unsigned' },
  u32: { bits: 32, kind: 'unsigned' },
  u64: { bits: 64, kind: 'unsigned' },
  /** Stored as one byte, 0 or 1. */
  bool: { bits: 8, kind: 'bool' },
} as const;

export type ScalarType = keyof typeof SCALAR_TYPES;
export type StorageType = ScalarType | 'f16' | 'bf16';

/** The type that a load from the storage gives and a store to it takes. */
export function registerType(storage: StorageType): ScalarType {
  return storage === 'f16' || storage === 'bf16' ? 'f32' : storage;
}

/** Bytes of one stored element. */
export function storageBytes(storage: StorageType): number {
  return storage === 'f16' || storage === 'bf16' ? 2 : SCALAR_TYPES[storage].bits / 8;
}

export function isFloat(type: ScalarType): boolean {
  return SCALAR_TYPES[type].kind === 'float';
}

/** Signed or unsigned; `bool` is no integer. */
export function isInteger(type: ScalarType): boolean {
  const { kind } = SCALAR_TYPES[type];
  return kind === 'signed' || kind === 'unsigned';
}

/** 64-bit integers are BigInt in the interpreter and in constants, everything else is a number. */
export function isWide(type: ScalarType): boolean {
  return type === 'i64' || type === 'u64';
}

/** Smallest and largest value of an integer type. */
export function integerRange(type: ScalarType): readonly [min: bigint, max: bigint] {
  const { bits, kind } = SCALAR_TYPES[type];
  if (kind === 'signed') return [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n];
  return [0n, kind === 'bool' ? 1n : (1n << BigInt(bits)) - 1n];
}
