/**
 * 16-bit floats from and to f32, one or four at a time. bfloat16 is the upper half of an f32; float16 is
 * scaled by powers of two, so that subnormals need no case of their own.
 */
import type { Operand } from '../assembler.ts';
import type { Lanes } from './lanes.ts';

/** Bits of a float16 in an integer to f32. */
export function fromF16(m: Lanes, bits: Operand): Operand {
  const magnitude = m.shift('shl', m.bits('and', bits, m.int(0x7fff)), 13);
  // The exponents differ by 112; multiplying is exact, also for subnormals.
  const scaled = m.toBits(m.f('mul', m.fromBits(magnitude), m.float(2 ** 112)));
  const finite = m.f('lt', m.fromBits(magnitude), m.fromBits(m.int(0x0f800000)));
  const special = m.bits('or', magnitude, m.int(0x7f800000));
  const value = m.toBits(m.where(finite, m.fromBits(scaled), m.fromBits(special)));
  const sign = m.shift('shl', m.bits('and', bits, m.int(0x8000)), 16);
  return m.fromBits(m.bits('or', value, sign));
}

/** Bits of the nearest float16. */
export function toF16(m: Lanes, value: Operand): Operand {
  const all = m.toBits(value);
  const bits = m.bits('and', all, m.int(0x7fffffff));
  const magnitude = m.fromBits(bits);
  // Above 2^-14: half a step less one, plus the last kept bit, rounds ties to even.
  const odd = m.bits('and', m.shift('shr_u', bits, 13), m.int(1));
  const rounded = m.i('add', m.i('add', bits, m.int(0xfff - (112 << 23))), odd);
  const normal = m.shift('shr_u', rounded, 13);
  // Below: adding 0.5, whose last bit is the step of subnormals, rounds by itself.
  const subnormal = m.i('sub', m.toBits(m.f('add', magnitude, m.float(0.5))), m.int(0x3f000000));
  const small = m.f('lt', magnitude, m.float(2 ** -14));
  const finite = m.where(small, subnormal, normal);
  const large = m.f('ge', magnitude, m.float(65520));
  const unordered = m.f('ne', value, value);
  const result = m.where(unordered, m.int(0x7e00), m.where(large, m.int(0x7c00), finite));
  const sign = m.bits('and', m.shift('shr_u', all, 16), m.int(0x8000));
  return m.bits('or', result, sign);
}

/** Bits of the nearest bfloat16. */
export function toBf16(m: Lanes, value: Operand): Operand {
  const bits = m.toBits(value);
  const odd = m.bits('and', m.shift('shr_u', bits, 16), m.int(1));
  const rounded = m.shift('shr_u', m.i('add', m.i('add', bits, m.int(0x7fff)), odd), 16);
  const unordered = m.f('ne', value, value);
  return m.where(unordered, m.int(0x7fc0), rounded);
}

export function fromBf16(m: Lanes, bits: Operand): Operand {
  return m.fromBits(m.shift('shl', bits, 16));
}
