/**
 * 16-bit floats in integer arithmetic, for machines without instructions for them: loads widen, stores round to
 * nearest even. All branch-free, for vectors as for scalars.
 */
import { cType } from './cTypes.ts';
import type { SupportMaker, SupportTable } from './supportCall.ts';
import { forAnyLanes } from './supportCall.ts';

const only =
  (type: string, maker: SupportMaker): SupportMaker =>
  (call) =>
    call.type === type ? maker(call) : undefined;

/** Exponents move from bias 15 to 127. Subnormals: a constant with the mantissa at its end, less the constant. */
const widenF16 = forAnyLanes(`INLINE F32 widen_f16(U32 half) {
  const U32 magnitude = (half & 0x7fffu) << 13;
  const U32 normal = magnitude + ((127u - 15u) << 23);
  const F32 small = float_u32(magnitude + (113u << 23)) - float_u32(splat_u32(113u << 23));
  const U32 special = magnitude | 0x7f800000u;
  U32 bits = select_u32(lt_u32(magnitude, splat_u32(1u << 23)), bits_f32(small), normal);
  bits = select_u32(ge_u32(magnitude, splat_u32(31u << 23)), special, bits);
  return float_u32(bits | ((half & 0x8000u) << 16));
}`);

/** Rounding adds just under half a step, and the last bit kept. Subnormals are rounded by adding 0.5. */
const narrowF16 = forAnyLanes(`INLINE U32 narrow_f16(F32 value) {
  const U32 bits = bits_f32(value);
  const U32 magnitude = bits & 0x7fffffffu;
  const U32 rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
  const U32 normal = (rounded - ((127u - 15u) << 23)) >> 13;
  const U32 small = bits_f32(float_u32(magnitude) + 0.5f) - (126u << 23);
  U32 half = select_u32(lt_u32(magnitude, splat_u32(113u << 23)), small, normal);
  half = select_u32(ge_u32(rounded, splat_u32(143u << 23)), splat_u32(0x7c00u), half);
  half = select_u32(gt_u32(magnitude, splat_u32(0x7f800000u)), splat_u32(0x7e00u), half);
  return half | ((bits >> 16) & 0x8000u);
}`);

const widenBf16 = forAnyLanes(`INLINE F32 widen_bf16(U32 half) {
  return float_u32(half << 16);
}`);

const narrowBf16 = forAnyLanes(`INLINE U32 narrow_bf16(F32 value) {
  const U32 bits = bits_f32(value);
  const U32 rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return select_u32(gt_u32(bits & 0x7fffffffu, splat_u32(0x7f800000u)), splat_u32(0x7fc0u), rounded);
}`);

const load: SupportMaker = ({ type, lanes, name }) => {
  if (type !== 'f16' && type !== 'bf16') return undefined;
  if (lanes === 1) {
    return `INLINE float ${name}(const uint16_t *from) {\n  return widen_${type}(*from);\n}`;
  }
  return `INLINE f32x${lanes} ${name}(const uint16_t *from) {
  return widen_${type}x${lanes}(__builtin_convertvector(*(const u16x${lanes}u *)from, u32x${lanes}));
}`;
};

const store: SupportMaker = ({ type, lanes, name }) => {
  if (type !== 'f16' && type !== 'bf16') return undefined;
  if (lanes === 1) {
    return `INLINE void ${name}(uint16_t *to, float value) {\n  *to = (uint16_t)narrow_${type}(value);\n}`;
  }
  return `INLINE void ${name}(uint16_t *to, f32x${lanes} value) {
  *(u16x${lanes}u *)to = __builtin_convertvector(narrow_${type}x${lanes}(value), u16x${lanes});
}`;
};

/** The same 32 bits as another type. */
function reinterpret(from: 'f32' | 'u32'): SupportMaker {
  const to = from === 'f32' ? 'u32' : 'f32';
  return ({ type, lanes, name }) => {
    if (type !== from) return undefined;
    const [source, target] = [cType(from, lanes), cType(to, lanes)];
    const head = `INLINE ${target} ${name}(${source} value) {\n`;
    if (lanes > 1) return `${head}  return (${target})value;\n}`;
    return `${head}  ${target} result;\n  memcpy(&result, &value, sizeof result);\n  return result;\n}`;
  };
}

/** Doubles are rounded once, not by way of f32; rare, and so lane by lane. */
const roundDouble: SupportMaker = ({ type, lanes, name }) => {
  if (type !== 'f64' || lanes > 1) return undefined;
  return `INLINE double ${name}(double value) {
  if (!(fabs(value) < INFINITY) || value == 0.0) return value;
  const int exponent = ilogb(value) < -14 ? -14 : ilogb(value);
  const double step = ldexp(1.0, exponent - 10);
  const double rounded = rint(value / step) * step;
  return fabs(rounded) > 65504.0 ? copysign(INFINITY, value) : rounded;
}`;
};

/** By way of f32, as the loop IR has it. */
const roundDoubleBf16: SupportMaker = ({ type, lanes, name }) => {
  if (type !== 'f64' || lanes > 1) return undefined;
  return `INLINE double ${name}(double value) {\n  return round_bf16_f32((float)value);\n}`;
};

const roundF16 = only(
  'f32',
  forAnyLanes(`INLINE F32 round_f16_f32(F32 value) {
  return widen_f16(narrow_f16(value));
}`),
);

const roundBf16 = only(
  'f32',
  forAnyLanes(`INLINE F32 round_bf16_f32(F32 value) {
  return widen_bf16(narrow_bf16(value));
}`),
);

export const HALF_SUPPORT: SupportTable = {
  load,
  store,
  widen: (call) => only('f16', widenF16)(call) ?? only('bf16', widenBf16)(call),
  narrow: (call) => only('f16', narrowF16)(call) ?? only('bf16', narrowBf16)(call),
  bits: reinterpret('f32'),
  float: reinterpret('u32'),
  round_f16: (call) => roundF16(call) ?? roundDouble(call),
  round_bf16: (call) => roundBf16(call) ?? roundDoubleBf16(call),
};
