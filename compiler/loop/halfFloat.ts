/**
 * 16-bit floats: rounding of doubles to the nearest float16 or bfloat16 (ties to even) and their bits.
 */

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** Nearest float16 value; beyond 65504 + half a step: infinity. */
export function roundToF16(value: number): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const magnitude = Math.abs(value);
  // 2^-24 is the smallest step (subnormals); 11 significant bits above 2^-14.
  const exponent = Math.max(exponentOf(magnitude), -14);
  const step = 2 ** (exponent - 10);
  const rounded = roundHalfToEven(magnitude / step) * step;
  return Math.sign(value) * (rounded > 65504 ? Infinity : rounded) || (value < 0 ? -0 : 0);
}

/** Nearest bfloat16 value of an f32. */
export function roundToBf16(value: number): number {
  float[0] = value;
  if (!Number.isFinite(float[0])) return float[0];
  const bits = word[0]!;
  word[0] = (bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000;
  return float[0];
}

export function f16FromBits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Bits of a value that is a float16 already. */
export function f16ToBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude === Infinity) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | Math.round(magnitude * 2 ** 24);
  const exponent = exponentOf(magnitude);
  return sign | ((exponent + 15) << 10) | Math.round((magnitude / 2 ** exponent - 1) * 1024);
}

export function bf16FromBits(bits: number): number {
  word[0] = bits << 16;
  return float[0]!;
}

export function bf16ToBits(value: number): number {
  float[0] = value;
  return Number.isNaN(value) ? 0x7fc0 : word[0]! >>> 16;
}

export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

function exponentOf(magnitude: number): number {
  const guess = Math.floor(Math.log2(magnitude));
  if (2 ** guess > magnitude) return guess - 1;
  return 2 ** (guess + 1) <= magnitude ? guess + 1 : guess;
}
