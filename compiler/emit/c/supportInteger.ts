/**
 * Integer arithmetic as the loop IR defines it: wraps around, division by zero gives 0, shifts by the width or
 * more give 0. C leaves all of that undefined, so it is computed on unsigned numbers or guarded.
 */
import type { ScalarType } from '../../loop/scalarType.ts';
import { isInteger, SCALAR_TYPES } from '../../loop/scalarType.ts';
import { cType, integerOf, wrappingType } from './cTypes.ts';
import type { SupportMaker, SupportTable } from './supportCall.ts';

interface Types {
  /** C type of the value, and the unsigned one that computes it. */
  readonly t: string;
  readonly u: string;
  readonly type: ScalarType;
  readonly signed: boolean;
  readonly bits: number;
}

/** A scalar function of integers; vectors go lane by lane. */
function scalar(parameters: string, body: (types: Types) => string): SupportMaker {
  return ({ type: storage, lanes, name }) => {
    const type = storage as ScalarType;
    if (lanes > 1 || storage === 'f16' || storage === 'bf16' || !isInteger(type)) return undefined;
    const t = cType(type);
    const { bits, kind } = SCALAR_TYPES[type];
    const types = { t, u: wrappingType(type), type, signed: kind === 'signed', bits };
    const list = parameters.split(' ').map((parameter) => `${t} ${parameter}`);
    return `INLINE ${t} ${name}(${list.join(', ')}) {\n${body(types)}\n}`;
  };
}

/** Wrapping arithmetic: whole vectors at once. */
function wrapping(operator: string): SupportMaker {
  const one = scalar('a b', ({ t, u }) => `  return (${t})((${u})a ${operator} (${u})b);`);
  return (call) => {
    const type = call.type as ScalarType;
    if (call.lanes === 1 || !isInteger(type)) return one(call);
    const [v, u] = [cType(type, call.lanes), cType(integerOf(type, 'u'), call.lanes)];
    return `INLINE ${v} ${call.name}(${v} a, ${v} b) {\n  return (${v})((${u})a ${operator} (${u})b);\n}`;
  };
}

const signOf = scalar(
  'a',
  ({ t, signed }) => `  return (${t})(${signed ? '(a > 0) - (a < 0)' : 'a > 0'});`,
);

/** gcc 12 turns a > 0, lane by lane, into masks: -1 where 1 is meant. */
const unsignedSign: SupportMaker = ({ type, lanes, name }) => {
  if (lanes === 1 || !/^u\d/.test(type)) return undefined;
  const v = cType(type as ScalarType, lanes);
  return `INLINE ${v} ${name}(${v} a) {\n  return (${v})(a > 0) & 1;\n}`;
};

export const INTEGER_SUPPORT: SupportTable = {
  add: wrapping('+'),
  sub: wrapping('-'),
  mul: wrapping('*'),
  neg: scalar('a', ({ t, u }) => `  return (${t})(0 - (${u})a);`),
  abs: scalar('a', ({ t, u, signed }) =>
    signed ? `  return a < 0 ? (${t})(0 - (${u})a) : a;` : '  return a;',
  ),
  sign: (call) => unsignedSign(call) ?? signOf(call),
  bit_not: scalar('a', ({ t, u }) => `  return (${t})~(${u})a;`),
  div: scalar('a b', ({ t, u, signed }) =>
    signed
      ? `  if (b == 0) return 0;\n  return b == -1 ? (${t})(0 - (${u})a) : (${t})(a / b);`
      : `  return b == 0 ? 0 : (${t})(a / b);`,
  ),
  rem: scalar('a b', ({ t, signed }) =>
    signed
      ? `  return b == 0 || b == -1 ? 0 : (${t})(a % b);`
      : `  return b == 0 ? 0 : (${t})(a % b);`,
  ),
  floor_mod: scalar('a b', ({ t, type, signed }) =>
    signed
      ? `  const ${t} rest = rem_${type}(a, b);\n  return rest != 0 && (rest < 0) != (b < 0) ? (${t})(rest + b) : rest;`
      : `  return rem_${type}(a, b);`,
  ),
  min: scalar('a b', () => '  return a < b ? a : b;'),
  max: scalar('a b', () => '  return a > b ? a : b;'),
  pow: scalar('base exponent', ({ t, u, signed }) =>
    [
      ...(signed
        ? [
            '  if (exponent < 0) {',
            '    if (base == -1) return exponent % 2 == 0 ? 1 : -1;',
            '    return base == 1;',
            '  }',
          ]
        : []),
      `  ${u} result = 1;`,
      `  ${u} square = (${u})base;`,
      `  for (${u} rest = (${u})exponent; rest > 0; rest >>= 1) {`,
      '    if (rest & 1) result *= square;',
      '    square *= square;',
      '  }',
      `  return (${t})result;`,
    ].join('\n'),
  ),
  shl: scalar(
    'a b',
    ({ t, u, bits, signed }) =>
      `  return ${signed ? 'b < 0 || ' : ''}b >= ${bits} ? 0 : (${t})((${u})a << b);`,
  ),
  shr: scalar('a b', ({ t, bits, signed }) =>
    signed
      ? `  return (${t})(b < 0 || b >= ${bits} ? -(a < 0) : a >> b);`
      : `  return b >= ${bits} ? 0 : (${t})(a >> b);`,
  ),
};
