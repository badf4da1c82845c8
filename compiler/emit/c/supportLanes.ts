/**
 * What vectors need beside arithmetic: memory, copies into all lanes, comparison, selection, halves, and reductions
 * over lanes as trees of halves. The same operations of scalars, for texts that serve both.
 */
import type { ScalarType, StorageType } from '../../loop/scalarType.ts';
import { isFloat, registerType, SCALAR_TYPES } from '../../loop/scalarType.ts';
import { cStorage, cType, typeSuffix } from './cTypes.ts';
import type { SupportCall, SupportMaker, SupportTable } from './supportCall.ts';
import { valueType } from './supportCall.ts';

const isHalf = (type: StorageType): boolean => type === 'f16' || type === 'bf16';

function comparison(operator: string): SupportMaker {
  return ({ type, lanes, name }) => {
    if (isHalf(type)) return undefined;
    const v = cType(type as ScalarType, lanes);
    const head = `INLINE ${cType('i32', lanes)} ${name}(${v} a, ${v} b) {\n`;
    if (lanes === 1) return `${head}  return -(a ${operator} b);\n}`;
    // Masks of bool are 0 and -1: true is the smaller one.
    const compared = type === 'bool' ? `(b ${operator} a)` : `(a ${operator} b)`;
    const { bits } = SCALAR_TYPES[type as ScalarType];
    if (bits === 32 || type === 'bool') return `${head}  return ${compared};\n}`;
    return `${head}  return __builtin_convertvector(${compared}, i32x${lanes});\n}`;
  };
}

const load: SupportMaker = ({ type, lanes, name }) => {
  if (lanes === 1 || isHalf(type)) return undefined;
  if (type === 'bool') {
    return `INLINE i32x${lanes} ${name}(const uint8_t *from) {
  return __builtin_convertvector(*(const u8x${lanes}u *)from, i32x${lanes}) != 0;
}`;
  }
  return `INLINE ${type}x${lanes} ${name}(const ${cStorage(type)} *from) {
  return *(const ${type}x${lanes}u *)from;
}`;
};

const store: SupportMaker = ({ type, lanes, name }) => {
  if (lanes === 1 || isHalf(type)) return undefined;
  if (type === 'bool') {
    return `INLINE void ${name}(uint8_t *to, i32x${lanes} value) {
  *(u8x${lanes}u *)to = __builtin_convertvector(value & 1, u8x${lanes});
}`;
  }
  return `INLINE void ${name}(${cStorage(type)} *to, ${type}x${lanes} value) {
  *(${type}x${lanes}u *)to = value;
}`;
};

const splat: SupportMaker = (call) => {
  const { type, lanes, name } = call;
  const v = valueType(call);
  if (lanes === 1) return `INLINE ${v} ${name}(${v} value) {\n  return value;\n}`;
  const copies = new Array<string>(lanes).fill(type === 'bool' ? '-value' : 'value');
  return `INLINE ${v} ${name}(${cStorage(type)} value) {\n  return (${v}){${copies.join(', ')}};\n}`;
};

const select: SupportMaker = (call) => {
  const { lanes, name, type } = call;
  const v = valueType(call);
  const head = `INLINE ${v} ${name}(${cType('i32', lanes)} mask, ${v} a, ${v} b) {\n`;
  if (lanes === 1) return `${head}  return mask ? a : b;\n}`;
  if (type === 'bool') return `${head}  return (mask & a) | (~mask & b);\n}`;
  const { bits } = SCALAR_TYPES[type as ScalarType];
  const m = `i${bits}x${lanes}`;
  const wide = bits === 32 ? 'mask' : 'wide';
  const widened = bits === 32 ? '' : `  const ${m} wide = __builtin_convertvector(mask, ${m});\n`;
  return `${head}${widened}  return (${v})((${wide} & (${m})a) | (~${wide} & (${m})b));\n}`;
};

function half(which: 0 | 1): SupportMaker {
  return (call) => {
    const { type, lanes, name } = call;
    if (lanes < 4) return undefined;
    const [v, h] = [valueType(call), cType(registerType(type), lanes / 2)];
    return `INLINE ${h} ${name}(${v} value) {
  const union {
    ${v} whole;
    ${h} half[2];
  } parts = {value};
  return parts.half[${which}];
}`;
  };
}

/** Halves are combined until one lane is left. */
function reduction(operation: string, own: string): SupportMaker {
  return (call) => {
    const { type, lanes, name } = call;
    if (lanes === 1 || isHalf(type)) return undefined;
    const combine = (a: string, b: string, width: number): string => {
      const operator = { add: '+', mul: '*' }[operation];
      if (operator !== undefined && isFloat(type as ScalarType)) return `${a} ${operator} ${b}`;
      return `${operation}_${typeSuffix(type, width)}(${a}, ${b})`;
    };
    const element = cStorage(type);
    const v = valueType(call);
    const head = `INLINE ${element} ${name}(${v} value) {\n`;
    if (lanes === 2) return `${head}  return ${combine('value[0]', 'value[1]', 1)};\n}`;
    const suffix = typeSuffix(type, lanes);
    const halves = combine(`low_${suffix}(value)`, `high_${suffix}(value)`, lanes / 2);
    return `${head}  return ${own}_${typeSuffix(type, lanes / 2)}(${halves});\n}`;
  };
}

/** Whether the mask holds anywhere. */
const any: SupportMaker = ({ type, lanes, name }: SupportCall) => {
  if (type !== 'i32') return undefined;
  if (lanes === 1) return `INLINE int ${name}(int32_t mask) {\n  return mask != 0;\n}`;
  if (lanes === 2) return `INLINE int ${name}(i32x2 mask) {\n  return (mask[0] | mask[1]) != 0;\n}`;
  const suffix = typeSuffix(type, lanes);
  return `INLINE int ${name}(i32x${lanes} mask) {
  return any_i32${lanes === 2 ? '' : `x${lanes / 2}`}(low_${suffix}(mask) | high_${suffix}(mask));
}`;
};

export const LANE_SUPPORT: SupportTable = {
  lt: comparison('<'),
  le: comparison('<='),
  gt: comparison('>'),
  ge: comparison('>='),
  eq: comparison('=='),
  ne: comparison('!='),
  load,
  store,
  splat,
  select,
  low: half(0),
  high: half(1),
  sum: reduction('add', 'sum'),
  product: reduction('mul', 'product'),
  least: reduction('min', 'least'),
  most: reduction('max', 'most'),
  any,
};
