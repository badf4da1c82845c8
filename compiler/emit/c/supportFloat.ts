/**
 * Exact float operations: rounding, signs, minimum and maximum with the loop IR's NaN rules, remainders.
 */
import type { SupportCall, SupportMaker, SupportTable } from './supportCall.ts';
import { valueType } from './supportCall.ts';
import { cType, integerOf } from './cTypes.ts';

const isFloatType = ({ type }: SupportCall): boolean => type === 'f32' || type === 'f64';

/** A function of C's math library, lane by lane: with -fno-math-errno, compilers have instructions for it. */
export function library(own: string): SupportMaker {
  return (call) => {
    if (call.lanes > 1 || !isFloatType(call)) return undefined;
    const t = valueType(call);
    return `INLINE ${t} ${call.name}(${t} a) {\n  return ${own}${call.type === 'f32' ? 'f' : ''}(a);\n}`;
  };
}

/** In terms of the value's type `t` and of its support suffix `s`. */
function floats(
  parameters: string,
  body: (names: { readonly t: string; readonly s: string; readonly call: SupportCall }) => string,
  lanes: 'scalar' | 'any',
): SupportMaker {
  return (call) => {
    if (!isFloatType(call) || (lanes === 'scalar' && call.lanes > 1)) return undefined;
    const t = valueType(call);
    const s = call.lanes === 1 ? call.type : `${call.type}x${call.lanes}`;
    const list = parameters.split(' ').map((parameter) => `${t} ${parameter}`);
    return `INLINE ${t} ${call.name}(${list.join(', ')}) {\n${body({ t, s, call })}\n}`;
  };
}

const abs = floats(
  'a',
  ({ t, call }) => {
    if (call.lanes === 1) return `  return ${call.type === 'f32' ? 'fabsf' : 'fabs'}(a);`;
    const bits = cType(integerOf(call.type as 'f32', 'u'), call.lanes);
    const mask = call.type === 'f32' ? '0x7fffffffu' : 'UINT64_C(0x7fffffffffffffff)';
    return `  return (${t})((${bits})a & ${mask});`;
  },
  'any',
);

/**
 * gcc makes three instructions of a comparison and a selection between vectors; x86 has one that means exactly this:
 * the second operand where the first one is not beyond it, or where one is no number. clang sees it by itself.
 */
const X86_LIMITS: Readonly<Record<number, { readonly feature: string; readonly call: string }>> = {
  4: { feature: '__SSE__', call: 'ps(limit, a)' },
  8: { feature: '__AVX__', call: 'ps256(limit, a)' },
  16: { feature: '__AVX512F__', call: 'ps512_mask(limit, a, a, -1, 4)' },
};

function limited(comparison: string, operator: string, instruction: 'min' | 'max'): SupportMaker {
  return floats(
    'limit a',
    ({ s, call }) => {
      if (call.lanes === 1) return `  return limit ${operator} a ? limit : a;`;
      const anywhere = `  return select_${s}(${comparison}_${s}(limit, a), limit, a);`;
      const x86 = call.type === 'f32' ? X86_LIMITS[call.lanes] : undefined;
      if (x86 === undefined) return anywhere;
      return [
        `#if defined(${x86.feature}) && !defined(__clang__)`,
        `  return __builtin_ia32_${instruction}${x86.call};`,
        '#else',
        anywhere,
        '#endif',
      ].join('\n');
    },
    'any',
  );
}

/** The predicates give masks, or truth values of scalars. */
function predicate(of: (call: SupportCall, s: string) => string): SupportMaker {
  return (call) => {
    if (!isFloatType(call)) return undefined;
    const s = call.lanes === 1 ? call.type : `${call.type}x${call.lanes}`;
    const result = call.lanes === 1 ? 'uint8_t' : `i32x${call.lanes}`;
    return `INLINE ${result} ${call.name}(${valueType(call)} a) {\n  return ${of(call, s)};\n}`;
  };
}

export const FLOAT_SUPPORT: SupportTable = {
  abs,
  ceil: library('ceil'),
  floor: library('floor'),
  trunc: library('trunc'),
  // In the default rounding mode: halves to even.
  round: library('rint'),
  sqrt: library('sqrt'),
  sign: floats(
    'a',
    ({ s, call }) =>
      call.lanes === 1
        ? '  return a > 0 ? 1 : a < 0 ? -1 : a;'
        : `  return select_${s}(gt_${s}(a, splat_${s}(0)), splat_${s}(1), select_${s}(lt_${s}(a, splat_${s}(0)), splat_${s}(-1), a));`,
    'any',
  ),
  // The constant is no NaN; a NaN in the other operand comes out. Not lane by lane: gcc makes one instruction of such a
  // loop in a small function, and hundreds in the epilogue of a tile.
  at_least: limited('gt', '>', 'max'),
  at_most: limited('lt', '<', 'min'),
  max: floats(
    'a b',
    ({ s, call }) =>
      call.lanes === 1
        ? '  return a > b || a != a ? a : b;'
        : `  return select_${s}(ne_${s}(a, a), a, at_least_${s}(a, b));`,
    'any',
  ),
  min: floats(
    'a b',
    ({ s, call }) =>
      call.lanes === 1
        ? '  return a < b || a != a ? a : b;'
        : `  return select_${s}(ne_${s}(a, a), a, at_most_${s}(a, b));`,
    'any',
  ),
  rem: floats('a b', ({ s }) => `  return ${s === 'f32' ? 'fmodf' : 'fmod'}(a, b);`, 'scalar'),
  floor_mod: floats(
    'a b',
    ({ t, s }) =>
      `  const ${t} rest = rem_${s}(a, b);\n  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;`,
    'scalar',
  ),
  is_nan: predicate(({ lanes }, s) => (lanes === 1 ? 'a != a' : `ne_${s}(a, a)`)),
  is_infinite: predicate(({ lanes }, s) =>
    lanes === 1 ? `abs_${s}(a) == INFINITY` : `eq_${s}(abs_${s}(a), splat_${s}(INFINITY))`,
  ),
};
