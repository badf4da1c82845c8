/**
 * Math functions. The common ones of f32 are polynomials, branch-free, one text for scalars and vectors; their
 * coefficients are minimax fits of our own (relative error, Lawson's iteration) and stand below the rounding of f32.
 * Everything of f64, and what models rarely use, is left to the math library.
 *
 * Largest errors seen, in units in the last place: tanh 4, the others 1.
 */
import { POW_F32 } from './supportPow.ts';
import type { SupportMaker, SupportTable } from './supportCall.ts';
import { forAnyLanes } from './supportCall.ts';

/** By the math library, in double. */
function library(own: string, operands = 1): SupportMaker {
  return ({ type, lanes, name }) => {
    if (lanes > 1 || (type !== 'f32' && type !== 'f64')) return undefined;
    const names = ['a', 'b'].slice(0, operands);
    const t = type === 'f32' ? 'float' : 'double';
    const list = names.map((each) => `${t} ${each}`).join(', ');
    return `INLINE ${t} ${name}(${list}) {\n  return (${t})${own}(${names.join(', ')});\n}`;
  };
}

/** f32 by a text of ours, f64 by the library. */
function own(text: string, name: string): SupportMaker {
  const [ours, theirs] = [forAnyLanes(text), library(name)];
  return (call) => (call.type === 'f32' ? ours(call) : theirs(call));
}

function only(type: string, text: string): SupportMaker {
  const maker = forAnyLanes(text);
  return (call) => (call.type === type ? maker(call) : undefined);
}

const POWER_OF_TWO = `/* 2 to the exponent, which is in [-126, 127]. */
INLINE F32 power_of_two_i32(I32 exponent) {
  return float_u32((U32)(exponent + 127) << 23);
}`;

/** x = n ln 2 + r, |r| <= ln 2 / 2; ln 2 in two parts, the first with few bits, so that n times it is exact. */
const EXP = `/* Within 1 unit in the last place; overflows to infinity and underflows through subnormals to 0. */
INLINE F32 exp_f32(F32 x) {
  const F32 within = at_most_f32(splat_f32(89.0f), at_least_f32(splat_f32(-104.0f), x));
  /* A sum this large has no bits for a fraction: it rounds to an integer. */
  const F32 shifted = within * 1.44269504f + 12582912.0f;
  const F32 n = shifted - 12582912.0f;
  const F32 r = within - n * 0.693145752f - n * 1.42860677e-6f;
  F32 p = r * 0.000197901274f + 0.00139448768f;
  p = p * r + 0.00833349861f;
  p = p * r + 0.0416662917f;
  p = p * r + 0.166666657f;
  p = p * r + 0.5f;
  p = p * (r * r) + r + 1.0f;
  return scaled_f32(p, shifted);
}`;

/** The result is rounded once: with two factors the first product is exact. */
const SCALED = `/* value * 2^n, where shifted is 12582912 + n. In two steps, since 2^n may be no normal float where the result is one. */
INLINE F32 scaled_f32(F32 value, F32 shifted) {
  const I32 exponent = (I32)(bits_f32(shifted) - 0x4b400000u);
  const I32 half = exponent >> 1;
  return value * power_of_two_i32(half) * power_of_two_i32(exponent - half);
}`;

/** AVX-512 has an instruction for it: feature that tells, and what follows the operands. */
const X86_SCALED: Readonly<Record<number, { readonly feature: string; readonly call: string }>> = {
  4: { feature: '__AVX512VL__', call: '128_mask(value, shifted - 12582912.0f, value, -1)' },
  8: { feature: '__AVX512VL__', call: '256_mask(value, shifted - 12582912.0f, value, -1)' },
  16: { feature: '__AVX512F__', call: '512_mask(value, shifted - 12582912.0f, value, -1, 4)' },
};

const scaled: SupportMaker = (call) => {
  const anywhere = only('f32', SCALED)(call);
  const x86 = X86_SCALED[call.lanes];
  if (anywhere === undefined || x86 === undefined) return anywhere;
  const body = anywhere.indexOf('{\n') + 2;
  return [
    `${anywhere.slice(0, body)}#ifdef ${x86.feature}`,
    `  return __builtin_ia32_scalefps${x86.call};`,
    '#else',
    anywhere.slice(body, -2),
    '#endif\n}',
  ].join('\n');
};

const EXPM1 = `/* exp(x) - 1 without cancellation near 0. */
INLINE F32 expm1_f32(F32 x) {
  const F32 within = at_most_f32(splat_f32(89.0f), at_least_f32(splat_f32(-18.0f), x));
  const F32 shifted = within * 1.44269504f + 12582912.0f;
  const F32 n = shifted - 12582912.0f;
  const F32 r = within - n * 0.693145752f - n * 1.42860677e-6f;
  F32 p = r * 0.000198458933f + 0.00139408314f;
  p = p * r + 0.00833338965f;
  p = p * r + 0.0416663587f;
  p = p * r + 0.166666657f;
  p = p * r + 0.5f;
  p = p * (r * r) + r;
  /* 2^n p + 2^n - 1, halved inside so that 2^128 is never needed. */
  const F32 scale = power_of_two_i32((I32)(bits_f32(shifted) - 0x4b400000u) - 1);
  return (scale * p + (scale - 0.5f)) * 2.0f;
}`;

const LOG = `/* Natural logarithm: x = 2^n m with m around 1, log m by a polynomial. */
INLINE F32 log_f32(F32 x) {
  const I32 small = lt_f32(x, splat_f32(0x1p-126f));
  const F32 normal = select_f32(small, x * 0x1p25f, x);
  /* 0x3f3504f3 is the square root of a half, the lower end of m. */
  const U32 above = bits_f32(normal) - 0x3f3504f3u;
  const F32 m = float_u32((above & 0x007fffffu) + 0x3f3504f3u);
  const F32 n = to_f32_i32((I32)above >> 23) - select_f32(small, splat_f32(25.0f), splat_f32(0.0f));
  const F32 f = m - 1.0f;
  F32 p = f * 0.067488201f - 0.116793804f;
  p = p * f + 0.11889232f;
  p = p * f - 0.124050908f;
  p = p * f + 0.142193541f;
  p = p * f - 0.166680142f;
  p = p * f + 0.200021282f;
  p = p * f - 0.250000089f;
  p = p * f + 0.333333135f;
  /* One product in every sum: however it is contracted, all lane counts give the same. */
  F32 result = n * 1.42860677e-6f + f;
  result = (f * p - 0.5f) * (f * f) + result;
  result = n * 0.693145752f + result;
  const F32 outside = select_f32(eq_f32(x, splat_f32(0.0f)), splat_f32(-INFINITY), splat_f32(NAN));
  const F32 finite = select_f32(gt_f32(x, splat_f32(0.0f)), result, outside);
  return select_f32(eq_f32(x, splat_f32(INFINITY)), x, finite);
}`;

const LOG1P = `/* log(1 + x): what 1 + x rounds away is added to first order. */
INLINE F32 log1p_f32(F32 x) {
  const F32 sum = x + 1.0f;
  const F32 lost = x - (sum - 1.0f);
  const I32 usual = gt_f32(sum, splat_f32(0.0f)) & lt_f32(sum, splat_f32(INFINITY));
  return log_f32(sum) + select_f32(usual, lost / sum, splat_f32(0.0f));
}`;

const TANH = `/* A rational function of x, odd over even, on the range where tanh is not 1. */
INLINE F32 tanh_f32(F32 x) {
  const F32 within = at_most_f32(splat_f32(9.02f), at_least_f32(splat_f32(-9.02f), x));
  const F32 z = within * within;
  F32 p = z * -1.2203687e-11f + 3.0585344e-08f;
  p = p * z + 2.80076019e-05f;
  p = p * z + 0.00386833516f;
  p = p * z + 0.136799216f;
  p = p * z + 1.0f;
  F32 q = z * 1.28737634e-06f + 0.000393864379f;
  q = q * z + 0.0272458661f;
  q = q * z + 0.47013253f;
  q = q * z + 1.0f;
  const F32 result = within * p / q;
  return at_most_f32(splat_f32(1.0f), at_least_f32(splat_f32(-1.0f), result));
}`;

const ERF = `/* Near 0 an odd polynomial, elsewhere 1 - exp(-x q(x)). */
INLINE F32 erf_f32(F32 x) {
  const F32 magnitude = abs_f32(x);
  const F32 z = x * x;
  F32 p = z * 8.31681682e-05f - 0.000813002465f;
  p = p * z + 0.00519990781f;
  p = p * z - 0.0268589426f;
  p = p * z + 0.112836875f;
  p = p * z - 0.376126319f;
  p = p * z + 0.128379166f;
  const F32 near = x * p + x;
  const F32 t = at_most_f32(splat_f32(3.95f), magnitude);
  F32 q = t * 4.93825974e-06f - 4.55817244e-05f;
  q = q * t - 4.95840613e-05f;
  q = q * t + 0.00293015037f;
  q = q * t - 0.0226741266f;
  q = q * t + 0.105262689f;
  q = q * t + 0.635625303f;
  q = q * t + 1.12855172f;
  const F32 far = 1.0f - exp_f32(-(t * q));
  const F32 signed_far = float_u32(bits_f32(far) | (bits_f32(x) & 0x80000000u));
  return select_f32(lt_f32(magnitude, splat_f32(0.92f)), near, signed_far);
}`;

/** n = x / (pi/2) rounded, r what is left: pi/2 in parts of 11 bits, so that n times them is exact. */
function circular(name: 'sin' | 'cos'): string {
  const quadrant = name === 'sin' ? 'bits_f32(shifted)' : 'bits_f32(shifted) + 1u';
  return `/* By quarters of a turn; far from 0 the math library reduces the angle. */
INLINE F32 ${name}_f32(F32 x) {
  const F32 shifted = x * 0.636619772f + 12582912.0f;
  const F32 n = shifted - 12582912.0f;
  F32 r = x - n * 0x1.92p+0f;
  r = r - n * 0x1.fb4p-12f;
  r = r - n * 0x1.444p-24f;
  r = r - n * 0x1.68c234p-39f;
  const F32 z = r * r;
  F32 sine = z * 2.71804652e-06f - 0.000198393042f;
  sine = sine * z + 0.00833332911f;
  sine = sine * z - 0.166666672f;
  sine = sine * (z * r) + r;
  F32 cosine = z * 2.44324128e-05f - 0.00138873095f;
  cosine = cosine * z + 0.0416666456f;
  cosine = cosine * (z * z) + (1.0f - z * 0.5f);
  const U32 quadrant = ${quadrant};
  const I32 odd = ne_u32(quadrant & 1u, splat_u32(0u));
  const F32 unsigned_result = select_f32(odd, cosine, sine);
  const F32 result = float_u32(bits_f32(unsigned_result) ^ ((quadrant & 2u) << 30));
  const I32 far = gt_f32(abs_f32(x), splat_f32(8192.0f));
  if (any_i32(far)) return select_f32(far, ${name}_far_f32(x), result);
  return result;
}`;
}

export const MATH_SUPPORT: SupportTable = {
  power_of_two: only('i32', POWER_OF_TWO),
  scaled,
  exp: own(EXP, 'exp'),
  expm1: own(EXPM1, 'expm1'),
  log: own(LOG, 'log'),
  log1p: own(LOG1P, 'log1p'),
  tanh: own(TANH, 'tanh'),
  erf: own(ERF, 'erf'),
  sin: own(circular('sin'), 'sin'),
  cos: own(circular('cos'), 'cos'),
  sin_far: library('sin'),
  cos_far: library('cos'),
  tan: library('tan'),
  asin: library('asin'),
  acos: library('acos'),
  atan: library('atan'),
  sinh: library('sinh'),
  cosh: library('cosh'),
  asinh: library('asinh'),
  acosh: library('acosh'),
  atanh: library('atanh'),
  pow: (call) => {
    if (call.type === 'f32' && call.lanes === 1) return POW_F32;
    return library('pow', 2)(call);
  },
};
