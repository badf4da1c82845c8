/**
 * Scalar arithmetic of the loop IR, exactly as `expr.ts` states it: one function a node kind, on numbers
 * (64-bit integers: BigInt, booleans: 0 and 1). The interpreter and the constant folder share it.
 */
import { erf } from './errorFunction.ts';
import type { BinaryOp, CompareOp, UnaryOp } from './expr.ts';
import { roundHalfToEven, roundToBf16, roundToF16 } from './halfFloat.ts';
import type { ScalarType } from './scalarType.ts';
import { integerRange, isFloat, isWide, SCALAR_TYPES } from './scalarType.ts';

export type Scalar = number | bigint;

/** Wraps an integer result, rounds a float one. */
export function fit(type: ScalarType, value: Scalar): Scalar {
  if (type === 'f32') return Math.fround(value as number);
  if (type === 'f64') return value;
  if (type === 'bool') return value ? 1 : 0;
  const { bits, kind } = SCALAR_TYPES[type];
  const wrap = kind === 'signed' ? BigInt.asIntN : BigInt.asUintN;
  if (typeof value === 'bigint') {
    const wrapped = wrap(bits, value);
    return isWide(type) ? wrapped : Number(wrapped);
  }
  if (bits === 32) return kind === 'signed' ? value | 0 : value >>> 0;
  return kind === 'signed' ? (value << (32 - bits)) >> (32 - bits) : value & ((1 << bits) - 1);
}

export function applyUnary(op: UnaryOp, type: ScalarType, a: Scalar): Scalar {
  if (isFloat(type)) return fitFloat(op, type, applyFloat(op, a as number));
  if (op === 'not') return a ? 0 : 1;
  if (op === 'bitNot') return fit(type, typeof a === 'bigint' ? ~a : ~a);
  const negative = a < 0;
  switch (op) {
    case 'neg':
      return fit(type, typeof a === 'bigint' ? -a : 0 - a);
    case 'abs':
      return negative ? fit(type, -a) : a;
    case 'sign':
      return fit(type, BigInt(negative ? -1 : Number(a > 0)));
    default:
      throw new TypeError(`${op} of ${type}`);
  }
}

function fitFloat(op: UnaryOp, type: ScalarType, value: number): number {
  if (op === 'isNaN' || op === 'isInfinite') return value;
  return type === 'f32' ? Math.fround(value) : value;
}

function applyFloat(op: UnaryOp, a: number): number {
  switch (op) {
    case 'neg':
      return -a;
    case 'round':
      return Number.isFinite(a) ? copySign(roundHalfToEven(a), a) : a;
    case 'isNaN':
      return Number.isNaN(a) ? 1 : 0;
    case 'isInfinite':
      return Math.abs(a) === Infinity ? 1 : 0;
    case 'erf':
      return erf(a);
    case 'roundF16':
      return roundToF16(a);
    case 'roundBf16':
      return roundToBf16(a);
    case 'not':
    case 'bitNot':
      throw new TypeError(`${op} of a float`);
    default:
      return Math[op](a);
  }
}

function copySign(magnitude: number, sign: number): number {
  return magnitude === 0 && (sign < 0 || Object.is(sign, -0)) ? -0 : magnitude;
}

export function applyBinary(op: BinaryOp, type: ScalarType, a: Scalar, b: Scalar): Scalar {
  if (isFloat(type)) return fit(type, binaryFloat(op, a as number, b as number));
  if (type === 'bool') return binaryInteger(op, 1n, BigInt(a), BigInt(b)) === 0n ? 0 : 1;
  const bits = BigInt(SCALAR_TYPES[type].bits);
  const [x, y] = [BigInt(a), BigInt(b)];
  return fit(type, binaryInteger(op, bits, x, y));
}

function binaryFloat(op: BinaryOp, a: number, b: number): number {
  switch (op) {
    case 'add':
      return a + b;
    case 'sub':
      return a - b;
    case 'mul':
      return a * b;
    case 'div':
      return a / b;
    case 'rem':
      return a % b;
    case 'floorMod': {
      const rest = a % b;
      return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
    }
    case 'min':
      return Math.min(a, b);
    case 'max':
      return Math.max(a, b);
    case 'pow':
      // IEEE 754 and C: 1 to any power is 1, even NaN; JavaScript says NaN.
      return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
    default:
      throw new TypeError(`${op} of floats`);
  }
}

function binaryInteger(op: BinaryOp, bits: bigint, a: bigint, b: bigint): bigint {
  switch (op) {
    case 'add':
      return a + b;
    case 'sub':
      return a - b;
    case 'mul':
      return a * b;
    case 'div':
      return b === 0n ? 0n : a / b;
    case 'rem':
      return b === 0n ? 0n : a % b;
    case 'floorMod': {
      if (b === 0n) return 0n;
      const rest = a % b;
      return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
    }
    case 'min':
      return a < b ? a : b;
    case 'max':
      return a > b ? a : b;
    case 'pow':
      return integerPower(bits, a, b);
    case 'and':
      return a & b;
    case 'or':
      return a | b;
    case 'xor':
      return a ^ b;
    case 'shl':
      return b < 0n || b >= bits ? 0n : a << b;
    case 'shr':
      return b < 0n || b >= bits ? (a < 0n ? -1n : 0n) : a >> b;
  }
}

/** Wraps around; a negative exponent truncates the exact result (0 unless the base is 1 or -1). */
function integerPower(bits: bigint, base: bigint, exponent: bigint): bigint {
  if (exponent < 0n) {
    if (base === 1n) return 1n;
    return base === -1n ? (exponent % 2n === 0n ? 1n : -1n) : 0n;
  }
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asIntN(Number(bits), result * square);
    square = BigInt.asIntN(Number(bits), square * square);
  }
  return result;
}

export function applyCompare(op: CompareOp, a: Scalar, b: Scalar): number {
  switch (op) {
    case 'eq':
      return a === b ? 1 : 0;
    case 'ne':
      return a !== b ? 1 : 0;
    case 'lt':
      return a < b ? 1 : 0;
    case 'le':
      return a <= b ? 1 : 0;
    case 'gt':
      return a > b ? 1 : 0;
    case 'ge':
      return a >= b ? 1 : 0;
  }
}

export function applyCast(from: ScalarType, to: ScalarType, a: Scalar): Scalar {
  if (to === 'bool') return a ? 1 : 0;
  if (isFloat(to))
    return to === 'f32' && isWide(from) ? wideToF32(a as bigint) : fit(to, Number(a));
  if (!isFloat(from)) return fit(to, isWide(to) ? BigInt(a) : a);
  const value = a as number;
  if (Number.isNaN(value)) return isWide(to) ? 0n : 0;
  const [least, most] = integerRange(to);
  const truncated = Math.trunc(value);
  const saturated =
    truncated <= Number(least) ? least : truncated >= Number(most) ? most : undefined;
  if (saturated !== undefined) return isWide(to) ? saturated : Number(saturated);
  return isWide(to) ? BigInt(truncated) : truncated || 0;
}

/** One rounding: by way of double there would be two. */
function wideToF32(value: bigint): number {
  const magnitude = value < 0n ? -value : value;
  const excess = magnitude.toString(2).length - 24;
  if (excess <= 0) return Number(value);
  const unit = 1n << BigInt(excess);
  const [floor, rest] = [magnitude / unit, magnitude % unit];
  const up = rest * 2n > unit || (rest * 2n === unit && floor % 2n === 1n);
  const rounded = Number(floor + (up ? 1n : 0n)) * 2 ** excess;
  return value < 0n ? -rounded : rounded;
}
