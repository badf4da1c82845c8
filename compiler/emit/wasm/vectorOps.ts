/**
 * Vector operations: SIMD instructions where one does the job, and lane by lane elsewhere.
 */
import type { BinaryOp, CompareOp, UnaryOp } from '../../loop/expr.ts';
import type { ScalarType } from '../../loop/scalarType.ts';
import { integerRange, isFloat, isWide, SCALAR_TYPES } from '../../loop/scalarType.ts';
import type { Assembler, Operand } from './assembler.ts';
import { i32, splatConst } from './assembler.ts';
import { FUNCTIONS } from './math/functions.ts';
import { Lanes } from './math/lanes.ts';
import { hasNativeMath } from './math/table.ts';
import type { Tools } from './scalarOps.ts';
import { binaryScalar, castScalar, compareScalar, comparison, unaryScalar } from './scalarOps.ts';
import { lanesOf, narrowMasks, partsOfLanes, shapeOfType, widenMasks } from './values.ts';

type Parts = readonly Operand[];

/** Written out where they stand: engines do not inline calls, and a call costs about as much as these do. */
const INLINED: ReadonlySet<UnaryOp> = new Set<UnaryOp>(['exp', 'tanh', 'erf']);
/** Instructions of a function above which it grows no further that way. */
const MOST_CODE = 6000;

const FLOAT_UNARY: Partial<Record<UnaryOp, string>> = {
  neg: 'neg',
  abs: 'abs',
  ceil: 'ceil',
  floor: 'floor',
  round: 'nearest',
  trunc: 'trunc',
  sqrt: 'sqrt',
};

export function unaryVector(
  tools: Tools,
  op: UnaryOp,
  type: ScalarType,
  lanes: number,
  parts: Parts,
): Parts {
  const { asm, library } = tools;
  const shape = shapeOfType(type);
  const each = (of: (part: Operand) => Operand): Parts => parts.map(of);
  if (isFloat(type)) {
    const direct = FLOAT_UNARY[op];
    if (direct !== undefined) return each((part) => asm.op(`${shape}.${direct}`, part));
    if (op === 'isNaN')
      return masks(
        asm,
        type,
        each((part) => asm.op(`${shape}.ne`, part, part)),
      );
    if (op === 'isInfinite') {
      const infinity = splatConst(shape, Infinity);
      const is = each((part) => asm.op(`${shape}.eq`, asm.op(`${shape}.abs`, part), infinity));
      return masks(asm, type, is);
    }
    if (op === 'sign' && type === 'f32') return each((part) => signOf(asm, part));
    if (type === 'f32' && (hasNativeMath(op) || op === 'roundF16' || op === 'roundBf16')) {
      const written = INLINED.has(op) && asm.code.length < MOST_CODE ? FUNCTIONS[op] : undefined;
      if (written !== undefined) return each((part) => written(new Lanes(asm, library, 4), part));
      return each((part) => asm.call(library.own(`${op}_f32x4`), part));
    }
  } else if (op === 'not' || op === 'bitNot') {
    const inverted = each((part) => asm.op('v128.not', part));
    return type === 'bool' ? inverted : canonicalVector(asm, type, inverted);
  } else if (op === 'neg') {
    return canonicalVector(
      asm,
      type,
      each((part) => asm.op(`${shape}.neg`, part)),
    );
  } else if (op === 'abs') {
    if (SCALAR_TYPES[type].kind !== 'signed') return parts;
    return canonicalVector(
      asm,
      type,
      each((part) => asm.op(`${shape}.abs`, part)),
    );
  }
  return byLane(asm, type, type, lanes, [parts], ([a]) => unaryScalar(tools, op, type, a!));
}

/** The sign of a with a's bit of the sign; zeros and NaN as they are. */
function signOf(asm: Assembler, a: Operand): Operand {
  const one = asm.op(
    'v128.or',
    asm.op('v128.and', a, splatConst('i32x4', 0x80000000)),
    splatConst('f32x4', 1),
  );
  const nonzero = asm.op('f32x4.gt', asm.op('f32x4.abs', a), splatConst('f32x4', 0));
  return asm.op('v128.bitselect', one, a, nonzero);
}

export function binaryVector(
  tools: Tools,
  op: BinaryOp,
  type: ScalarType,
  lanes: number,
  a: Parts,
  b: Parts,
): Parts {
  const { asm } = tools;
  const name = binaryInstruction(op, type);
  if (name === undefined) {
    return byLane(asm, type, type, lanes, [a, b], ([x, y]) =>
      binaryScalar(tools, op, type, x!, y!),
    );
  }
  const result = a.map((part, i) => asm.op(name, part, b[i]!));
  return op === 'add' || op === 'sub' || op === 'mul' ? canonicalVector(asm, type, result) : result;
}

function binaryInstruction(op: BinaryOp, type: ScalarType): string | undefined {
  const shape = shapeOfType(type);
  switch (op) {
    case 'and':
    case 'or':
    case 'xor':
      return `v128.${op}`;
    case 'add':
    case 'sub':
    case 'mul':
      return `${shape}.${op}`;
    case 'div':
      return isFloat(type) ? `${shape}.div` : undefined;
    case 'min':
    case 'max':
      if (isFloat(type)) return `${shape}.${op}`;
      if (isWide(type)) return undefined;
      return `i32x4.${op}_${SCALAR_TYPES[type].kind === 'signed' ? 's' : 'u'}`;
    default:
      return undefined;
  }
}

export function compareVector(
  { asm }: Tools,
  op: CompareOp,
  type: ScalarType,
  lanes: number,
  a: Parts,
  b: Parts,
): Parts {
  if (type === 'u64' && op !== 'eq' && op !== 'ne') {
    return byLane(asm, type, 'bool', lanes, [a, b], ([x, y]) =>
      compareScalar(asm, op, type, x!, y!),
    );
  }
  const name = `${shapeOfType(type)}.${comparison(op, type)}`;
  return masks(
    asm,
    type,
    a.map((part, i) => asm.op(name, part, b[i]!)),
  );
}

export function selectVector(
  { asm }: Tools,
  type: ScalarType,
  condition: Parts,
  then: Parts,
  otherwise: Parts,
): Parts {
  const mask = SCALAR_TYPES[type].bits === 64 ? widenMasks(asm, condition) : condition;
  return then.map((part, i) => asm.op('v128.bitselect', part, otherwise[i]!, mask[i]!));
}

export function castVector(
  tools: Tools,
  from: ScalarType,
  to: ScalarType,
  lanes: number,
  a: Parts,
): Parts {
  const { asm } = tools;
  const each = (of: (part: Operand) => Operand): Parts => a.map(of);
  const [source, target] = [shapeOfType(from), shapeOfType(to)];
  const sign = SCALAR_TYPES[from].kind === 'signed' ? 's' : 'u';
  if (to === 'bool') {
    const zero = splatConst(source, 0);
    const is = isFloat(from)
      ? each((part) => asm.op(`${source}.gt`, asm.op(`${source}.abs`, part), zero))
      : each((part) => asm.op(`${source}.ne`, part, zero));
    return masks(asm, from, is);
  }
  if (source === 'i32x4' && target === 'f32x4') {
    const numbers = from === 'bool' ? zeroOrOne(asm, a) : a;
    return numbers.map((part) => asm.op(`f32x4.convert_i32x4_${sign}`, part));
  }
  if (source === 'i32x4' && target === 'i32x4') {
    return from === 'bool' ? zeroOrOne(asm, a) : canonicalVector(asm, to, a);
  }
  if (source === 'f32x4' && target === 'i32x4') {
    const unsigned = to === 'u32';
    const whole = each((part) => asm.op(`i32x4.trunc_sat_f32x4_${unsigned ? 'u' : 's'}`, part));
    if (SCALAR_TYPES[to].bits >= 32) return whole;
    const [least, most] = integerRange(to);
    const [low, high] = [splatConst('i32x4', least), splatConst('i32x4', most)];
    return whole.map((part) => asm.op('i32x4.min_s', asm.op('i32x4.max_s', part, low), high));
  }
  return byLane(asm, from, to, lanes, [a], ([x]) => castScalar(tools, from, to, x!));
}

function zeroOrOne(asm: Assembler, masksOfBool: Parts): Parts {
  return masksOfBool.map((mask) => asm.op('v128.and', mask, splatConst('i32x4', 1)));
}

/** Comparisons of 64-bit lanes give masks of 64 bits; bool has 32. */
function masks(asm: Assembler, type: ScalarType, results: Parts): Parts {
  return SCALAR_TYPES[type].bits === 64 ? narrowMasks(asm, results) : results;
}

/** Small integers in lanes of 32 bits, wrapped to their type. */
export function canonicalVector(asm: Assembler, type: ScalarType, parts: Parts): Parts {
  switch (type) {
    case 'u8':
    case 'u16': {
      const most = splatConst('i32x4', integerRange(type)[1]);
      return parts.map((part) => asm.op('v128.and', part, most));
    }
    case 'i8':
    case 'i16': {
      const unused = i32(32 - SCALAR_TYPES[type].bits);
      return parts.map((part) => asm.op('i32x4.shr_s', asm.op('i32x4.shl', part, unused), unused));
    }
    default:
      return parts;
  }
}

function byLane(
  asm: Assembler,
  from: ScalarType,
  to: ScalarType,
  lanes: number,
  operands: readonly Parts[],
  of: (operands: readonly Operand[]) => Operand,
): Parts {
  const split = operands.map((parts) => lanesOf(asm, from, lanes, parts));
  const results = Array.from({ length: lanes }, (_, lane) => of(split.map((list) => list[lane]!)));
  return partsOfLanes(asm, to, results);
}
