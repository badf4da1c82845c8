/**
 * Elements of tensors: little-endian bytes as in ONNX `raw_data` to numbers and back. Sub-byte types are
 * packed low bits first.
 */
import { DATA_TYPES } from '../graph/types.ts';
import type { DataType } from '../graph/types.ts';

/** Types whose elements are plain numbers. */
export function isNumeric(dtype: DataType): boolean {
  return (
    dtype !== 'undefined' && dtype !== 'string' && dtype !== 'complex64' && dtype !== 'complex128'
  );
}

export function isInteger(dtype: DataType): boolean {
  return /^u?int\d|^bool$/.test(dtype);
}

/** Bytes that `count` elements take in `raw_data`. */
export function byteLength(dtype: DataType, count: number): number {
  return Math.ceil((count * DATA_TYPES[dtype].bits) / 8);
}

/**
 * Decodes `count` elements from the start of `bytes` as numbers. Complex types give real and imaginary
 * parts in turn (2 x count numbers). 64-bit integers beyond 2^53 are rounded.
 */
export function decodeElements(bytes: Uint8Array, dtype: DataType, count: number): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const complex = dtype === 'complex64' || dtype === 'complex128';
  const result = new Float64Array(complex ? count * 2 : count);
  const read = elementReader(dtype, view, bytes);
  for (let index = 0; index < result.length; index++) result[index] = read(index);
  return result;
}

function elementReader(
  dtype: DataType,
  view: DataView,
  bytes: Uint8Array,
): (index: number) => number {
  switch (dtype) {
    case 'float32':
    case 'complex64':
      return (i) => view.getFloat32(i * 4, true);
    case 'float64':
    case 'complex128':
      return (i) => view.getFloat64(i * 8, true);
    case 'float16':
      return (i) => smallFloat(view.getUint16(i * 2, true), FLOAT16);
    case 'bfloat16':
      return (i) => bfloat16(view.getUint16(i * 2, true));
    case 'float8e4m3fn':
      return (i) => smallFloat(bytes[i] as number, E4M3FN);
    case 'float8e4m3fnuz':
      return (i) => smallFloat(bytes[i] as number, E4M3FNUZ);
    case 'float8e5m2':
      return (i) => smallFloat(bytes[i] as number, E5M2);
    case 'float8e5m2fnuz':
      return (i) => smallFloat(bytes[i] as number, E5M2FNUZ);
    case 'float8e8m0':
      return (i) => (bytes[i] === 255 ? Number.NaN : 2 ** ((bytes[i] as number) - 127));
    case 'float4e2m1':
      return (i) => smallFloat(part(bytes, i, 4), E2M1);
    case 'int8':
      return (i) => view.getInt8(i);
    case 'int16':
      return (i) => view.getInt16(i * 2, true);
    case 'uint16':
      return (i) => view.getUint16(i * 2, true);
    case 'int32':
      return (i) => view.getInt32(i * 4, true);
    case 'uint32':
      return (i) => view.getUint32(i * 4, true);
    case 'int64':
      return (i) => view.getInt32(i * 8 + 4, true) * 2 ** 32 + view.getUint32(i * 8, true);
    case 'uint64':
      return (i) => view.getUint32(i * 8 + 4, true) * 2 ** 32 + view.getUint32(i * 8, true);
    case 'uint8':
      return (i) => bytes[i] as number;
    case 'bool':
      return (i) => (bytes[i] === 0 ? 0 : 1);
    case 'uint4':
      return (i) => part(bytes, i, 4);
    case 'int4':
      return (i) => signed(part(bytes, i, 4), 4);
    case 'uint2':
      return (i) => part(bytes, i, 2);
    case 'int2':
      return (i) => signed(part(bytes, i, 2), 2);
    case 'string':
    case 'undefined':
      throw new Error(`${dtype} has no elements that are numbers`);
  }
}

/** Encodes numbers as `raw_data` of a type of whole bytes or of 4 or 2 bits; the inverse of decoding. */
export function encodeElements(values: readonly number[], dtype: DataType): Uint8Array {
  const bytes = new Uint8Array(byteLength(dtype, values.length));
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    switch (dtype) {
      case 'float32':
        return view.setFloat32(i * 4, value, true);
      case 'float64':
        return view.setFloat64(i * 8, value, true);
      case 'int64':
      case 'uint64':
        return view.setBigInt64(i * 8, BigInt.asIntN(64, BigInt(Math.trunc(value))), true);
      case 'int32':
      case 'uint32':
        return view.setUint32(i * 4, value >>> 0, true);
      case 'int16':
      case 'uint16':
        return view.setUint16(i * 2, value & 0xffff, true);
      case 'int8':
      case 'uint8':
      case 'bool':
        return view.setUint8(i, value & 0xff);
      case 'float16':
        return view.setUint16(i * 2, toFloat16(value), true);
      case 'bfloat16':
        return view.setUint16(i * 2, toBfloat16(value), true);
      default:
        throw new Error(`elements of type ${dtype} are not encoded`);
    }
  });
  return bytes;
}

interface SmallFloat {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  /** IEEE: the top exponent holds infinities and NaN. fn: only all ones is NaN. uz: only -0 is NaN. */
  readonly special: 'ieee' | 'fn' | 'uz' | 'none';
}
const FLOAT16: SmallFloat = { exponentBits: 5, mantissaBits: 10, bias: 15, special: 'ieee' };
const E4M3FN: SmallFloat = { exponentBits: 4, mantissaBits: 3, bias: 7, special: 'fn' };
const E4M3FNUZ: SmallFloat = { exponentBits: 4, mantissaBits: 3, bias: 8, special: 'uz' };
const E5M2: SmallFloat = { exponentBits: 5, mantissaBits: 2, bias: 15, special: 'ieee' };
const E5M2FNUZ: SmallFloat = { exponentBits: 5, mantissaBits: 2, bias: 16, special: 'uz' };
const E2M1: SmallFloat = { exponentBits: 2, mantissaBits: 1, bias: 1, special: 'none' };

function smallFloat(bits: number, format: SmallFloat): number {
  const { exponentBits, mantissaBits, bias, special } = format;
  const negative = (bits >> (exponentBits + mantissaBits)) & 1;
  const exponent = (bits >> mantissaBits) & ((1 << exponentBits) - 1);
  const mantissa = bits & ((1 << mantissaBits) - 1);
  const topExponent = exponent === (1 << exponentBits) - 1;
  const sign = negative ? -1 : 1;
  if (special === 'ieee' && topExponent) return mantissa === 0 ? sign * Infinity : Number.NaN;
  if (special === 'fn' && topExponent && mantissa === (1 << mantissaBits) - 1) return Number.NaN;
  if (special === 'uz' && negative && exponent === 0 && mantissa === 0) return Number.NaN;
  const fraction = mantissa / (1 << mantissaBits);
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias);
  return sign * (1 + fraction) * 2 ** (exponent - bias);
}

const SCRATCH = new DataView(new ArrayBuffer(4));

function bfloat16(bits: number): number {
  SCRATCH.setUint32(0, bits * 65536);
  return SCRATCH.getFloat32(0);
}

function toBfloat16(value: number): number {
  SCRATCH.setFloat32(0, value);
  const bits = SCRATCH.getUint32(0);
  if (Number.isNaN(value)) return 0x7fc0;
  // Round to nearest, ties to even.
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

function toFloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size || Number.MIN_VALUE)));
  const scaled = roundToEven(size / 2 ** (exponent - 10));
  // A mantissa that rounds up to 2048 carries into the exponent by itself.
  return sign | (scaled < 1024 ? scaled : scaled - 1024 + ((exponent + 15) << 10));
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function part(bytes: Uint8Array, index: number, bits: number): number {
  const perByte = 8 / bits;
  const byte = bytes[Math.floor(index / perByte)] as number;
  return (byte >> ((index % perByte) * bits)) & ((1 << bits) - 1);
}

function signed(value: number, bits: number): number {
  return value >= 1 << (bits - 1) ? value - (1 << bits) : value;
}
