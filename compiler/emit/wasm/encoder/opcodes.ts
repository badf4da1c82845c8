/**
 * Instruction codes of WebAssembly, as far as kernels use them: core, saturating conversions, SIMD128 and
 * relaxed SIMD. Codes above 255 stand behind the prefix 0xFC or 0xFD; `opcodeBytes` writes them.
 */
import { unsignedLeb } from './bytes.ts';

const CORE = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  br_if: 0x0d,
  return: 0x0f,
  call: 0x10,
  drop: 0x1a,
  select: 0x1b,
  'global.get': 0x23,
  'i32.load': 0x28,
  'i64.load': 0x29,
  'f32.load': 0x2a,
  'f64.load': 0x2b,
  'i32.load8_s': 0x2c,
  'i32.load8_u': 0x2d,
  'i32.load16_s': 0x2e,
  'i32.load16_u': 0x2f,
  'i32.store': 0x36,
  'i64.store': 0x37,
  'f32.store': 0x38,
  'f64.store': 0x39,
  'i32.store8': 0x3a,
  'i32.store16': 0x3b,
  'i32.const': 0x41,
  'i64.const': 0x42,
  'f32.const': 0x43,
  'f64.const': 0x44,
  'i32.wrap_i64': 0xa7,
  'i32.trunc_sat_f32_s': 0xfc00,
  'i32.trunc_sat_f32_u': 0xfc01,
  'i32.trunc_sat_f64_s': 0xfc02,
  'i32.trunc_sat_f64_u': 0xfc03,
  'i64.trunc_sat_f32_s': 0xfc04,
  'i64.trunc_sat_f32_u': 0xfc05,
  'i64.trunc_sat_f64_s': 0xfc06,
  'i64.trunc_sat_f64_u': 0xfc07,
  'i64.extend_i32_s': 0xac,
  'i64.extend_i32_u': 0xad,
  'f32.convert_i32_s': 0xb2,
  'f32.convert_i32_u': 0xb3,
  'f32.convert_i64_s': 0xb4,
  'f32.convert_i64_u': 0xb5,
  'f32.demote_f64': 0xb6,
  'f64.convert_i32_s': 0xb7,
  'f64.convert_i32_u': 0xb8,
  'f64.convert_i64_s': 0xb9,
  'f64.convert_i64_u': 0xba,
  'f64.promote_f32': 0xbb,
  'i32.reinterpret_f32': 0xbc,
  'i64.reinterpret_f64': 0xbd,
  'f32.reinterpret_i32': 0xbe,
  'f64.reinterpret_i64': 0xbf,
  'i32.extend8_s': 0xc0,
  'i32.extend16_s': 0xc1,
} as const;

const SIMD = {
  'v128.load': 0,
  'v128.load16x4_s': 3,
  'v128.load16x4_u': 4,
  'v128.load32_splat': 9,
  'v128.load64_splat': 10,
  'v128.store': 11,
  'v128.const': 12,
  'i8x16.shuffle': 13,
  'i32x4.splat': 17,
  'i64x2.splat': 18,
  'f32x4.splat': 19,
  'f64x2.splat': 20,
  'i32x4.extract_lane': 27,
  'i32x4.replace_lane': 28,
  'i64x2.extract_lane': 29,
  'i64x2.replace_lane': 30,
  'f32x4.extract_lane': 31,
  'f32x4.replace_lane': 32,
  'f64x2.extract_lane': 33,
  'f64x2.replace_lane': 34,
  'v128.not': 77,
  'v128.and': 78,
  'v128.andnot': 79,
  'v128.or': 80,
  'v128.xor': 81,
  'v128.bitselect': 82,
  'v128.store32_lane': 90,
  'v128.store64_lane': 91,
  'v128.load32_zero': 92,
  'v128.load64_zero': 93,
  'f32x4.demote_f64x2_zero': 94,
  'f64x2.promote_low_f32x4': 95,
  'f32x4.ceil': 103,
  'f32x4.floor': 104,
  'f32x4.trunc': 105,
  'f32x4.nearest': 106,
  'f64x2.ceil': 0x74,
  'f64x2.floor': 0x75,
  'f64x2.trunc': 0x7a,
  'f64x2.nearest': 0x94,
  'i16x8.extend_low_i8x16_s': 0x87,
  'i16x8.extend_low_i8x16_u': 0x89,
  'i32x4.extend_low_i16x8_s': 0xa7,
  'i32x4.extend_low_i16x8_u': 0xa9,
  'i64x2.extend_low_i32x4_s': 0xc7,
  'i64x2.extend_high_i32x4_s': 0xc8,
  'i64x2.extend_low_i32x4_u': 0xc9,
  'i64x2.extend_high_i32x4_u': 0xca,
  'i32x4.trunc_sat_f32x4_s': 0xf8,
  'i32x4.trunc_sat_f32x4_u': 0xf9,
  'f32x4.convert_i32x4_s': 0xfa,
  'f32x4.convert_i32x4_u': 0xfb,
  'f64x2.convert_low_i32x4_s': 0xfe,
  'f64x2.convert_low_i32x4_u': 0xff,
  'f32x4.relaxed_madd': 0x105,
} as const;

const INTEGER_COMPARISONS = 'eqz eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u';
const FLOAT_COMPARISONS = 'eq ne lt gt le ge';
const INTEGER_OPERATIONS =
  'clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr';
const FLOAT_OPERATIONS = 'abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign';

/** Runs of consecutive codes: prefix of the names, first code, the names. */
const RUNS: readonly (readonly [string, number, string])[] = [
  ['i32', 0x45, INTEGER_COMPARISONS],
  ['i64', 0x50, INTEGER_COMPARISONS],
  ['f32', 0x5b, FLOAT_COMPARISONS],
  ['f64', 0x61, FLOAT_COMPARISONS],
  ['i32', 0x67, INTEGER_OPERATIONS],
  ['i64', 0x79, INTEGER_OPERATIONS],
  ['f32', 0x8b, FLOAT_OPERATIONS],
  ['f64', 0x99, FLOAT_OPERATIONS],
];
const SIMD_RUNS: readonly (readonly [string, number, string])[] = [
  ['i32x4', 55, 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u'],
  ['f32x4', 65, FLOAT_COMPARISONS],
  ['f64x2', 71, FLOAT_COMPARISONS],
  ['i32x4', 0xa0, 'abs neg'],
  ['i32x4', 0xab, 'shl shr_s shr_u add'],
  ['i32x4', 0xb1, 'sub'],
  ['i32x4', 0xb5, 'mul min_s min_u max_s max_u dot_i16x8_s'],
  ['i64x2', 0xc0, 'abs neg'],
  ['i64x2', 0xcb, 'shl shr_s shr_u add'],
  ['i64x2', 0xd1, 'sub'],
  ['i64x2', 0xd5, 'mul eq ne lt_s gt_s le_s ge_s'],
  ['f32x4', 0xe0, 'abs neg'],
  ['f32x4', 0xe3, 'sqrt add sub mul div min max pmin pmax'],
  ['f64x2', 0xec, 'abs neg'],
  ['f64x2', 0xef, 'sqrt add sub mul div min max pmin pmax'],
];

const SIMD_PREFIX = 0xfd0000;

function table(): ReadonlyMap<string, readonly number[]> {
  const codes = new Map<string, number>(Object.entries(CORE));
  for (const [name, code] of Object.entries(SIMD)) codes.set(name, SIMD_PREFIX | code);
  const runs = [
    ...RUNS.map((run) => [run, 0] as const),
    ...SIMD_RUNS.map((run) => [run, SIMD_PREFIX] as const),
  ];
  for (const [[prefix, first, names], flag] of runs) {
    names.split(' ').forEach((name, i) => codes.set(`${prefix}.${name}`, flag | (first + i)));
  }
  return new Map([...codes].map(([name, code]) => [name, opcodeBytes(code)]));
}

function opcodeBytes(code: number): readonly number[] {
  if (code >= SIMD_PREFIX) return [0xfd, ...unsignedLeb(code - SIMD_PREFIX)];
  return code >= 0xfc00 ? [0xfc, code & 255] : [code];
}

const TABLE = table();

/** Bytes of an instruction without its immediates. Throws on a name that is none: an internal error. */
export function opcode(name: string): readonly number[] {
  const bytes = TABLE.get(name);
  if (bytes === undefined) throw new Error(`no instruction ${name}`);
  return bytes;
}

export function hasOpcode(name: string): boolean {
  return TABLE.has(name);
}
