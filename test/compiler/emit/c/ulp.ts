// Distance of floats in units in the last place.

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** Of an f32 result from an exact one: 0 for equal, NaN for NaN; an infinity is next to the largest float. */
export function ulps(actual: number, exact: number): number {
  if (Object.is(actual, exact) || actual === Math.fround(exact)) return 0;
  if (Number.isNaN(actual) || Number.isNaN(exact)) return Infinity;
  return Math.abs(ordinal(actual) - ordinal(Math.fround(exact)));
}

/** Floats in order, counted from 0. */
function ordinal(value: number): number {
  float[0] = value;
  return bits[0]! < 0 ? -(bits[0]! & 0x7fffffff) : bits[0]!;
}

export function floatOfBits(pattern: number): number {
  bits[0] = pattern;
  return float[0]!;
}
