/**
 * C types of values: scalars are the C types, vectors GCC/Clang vector types named after their element
 * (`f32x16`). A vector of bool is a mask of 32-bit integers, 0 or -1 a lane, whatever it came from.
 */
import type { ScalarType, StorageType } from '../../loop/scalarType.ts';
import { SCALAR_TYPES } from '../../loop/scalarType.ts';

const SCALARS: Readonly<Record<StorageType, string>> = {
  f32: 'float',
  f64: 'double',
  i8: 'int8_t',
  i16: 'int16_t',
  i32: 'int32_t',
  i64: 'int64_t',
  u8: 'uint8_t',
  u16: 'uint16_t',
  u32: 'uint32_t',
  u64: 'uint64_t',
  bool: 'uint8_t',
  f16: 'uint16_t',
  bf16: 'uint16_t',
};

/** Of a value in registers. */
export function cType(type: ScalarType, lanes = 1): string {
  if (lanes === 1) return SCALARS[type];
  return type === 'bool' ? `i32x${lanes}` : `${type}x${lanes}`;
}

/** Of an element in memory. */
export function cStorage(storage: StorageType): string {
  return SCALARS[storage];
}

/** What names of support functions end with. */
export function typeSuffix(type: StorageType, lanes = 1): string {
  return lanes === 1 ? type : `${type}x${lanes}`;
}

/** The integer type of the same width: unsigned, or signed for masks. */
export function integerOf(type: ScalarType, sign: 'i' | 'u'): ScalarType {
  return `${sign}${SCALAR_TYPES[type].bits}` as ScalarType;
}

/** Unsigned type in which C computes without overflow: at least 32 bits wide. */
export function wrappingType(type: ScalarType): string {
  return SCALAR_TYPES[type].bits === 64 ? 'uint64_t' : 'uint32_t';
}

/** Declarations of every vector type that the text names, elements first seen first. */
export function vectorTypedefs(text: string): readonly string[] {
  const names = new Set(text.match(/\b[fiu](?:8|16|32|64)x\d+u?\b/g));
  return [...names].sort().map((name) => {
    const [, type, lanes, unaligned] = /^([fiu]\d+)x(\d+)(u?)$/.exec(name)!;
    const { bits } = SCALAR_TYPES[type as ScalarType];
    const bytes = (bits / 8) * Number(lanes);
    // The unaligned twin is for memory: any address that fits the element, any type behind it.
    const more = unaligned ? `, aligned(${bits / 8}), may_alias` : '';
    const element = SCALARS[type as ScalarType];
    return `typedef ${element} ${name} __attribute__((vector_size(${bytes})${more}));`;
  });
}
