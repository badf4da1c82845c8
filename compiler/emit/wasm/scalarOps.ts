/**
 * Scalar operations of the loop IR with the exact meaning that `loop/arithmetic.ts` gives them. What takes more
 * than a few instructions is a function of the module's library.
 */
import type { BinaryOp, CompareOp, UnaryOp } from '../../loop/expr.ts';
import type { ScalarType } from '../../loop/scalarType.ts';
import { integerRange, isFloat, isWide, SCALAR_TYPES } from '../../loop/scalarType.ts';
import type { Assembler, Operand } from './assembler.ts';
import { float, i32, i64 } from './assembler.ts';
import type { Library } from './library.ts';
import { hasNativeMath } from './math/table.ts';
import { scalarWasmType } from './values.ts';

export interface Tools {
  readonly asm: Assembler;
  readonly library: Library;
}

const DIRECT_UNARY: Partial<Record<UnaryOp, string>> = {
  neg: 'neg',
  abs: 'abs',
  ceil: 'ceil',
  floor: 'floor',
  round: 'nearest',
  trunc: 'trunc',
  sqrt: 'sqrt',
};

export function unaryScalar(tools: Tools, op: UnaryOp, type: ScalarType, a: Operand): Operand {
  if (type === 'f32' || type === 'f64') return unaryFloat(tools, op, type, a);
  const { asm } = tools;
  const wasm = isWide(type) ? 'i64' : 'i32';
  const zero = integer(wasm, 0n);
  const signed = SCALAR_TYPES[type].kind === 'signed';
  switch (op) {
    case 'not':
      return asm.op('i32.eqz', a);
    case 'bitNot':
      return canonical(asm, type, asm.op(`${wasm}.xor`, a, integer(wasm, -1n)));
    case 'neg':
      return canonical(asm, type, asm.op(`${wasm}.sub`, zero, a));
    case 'abs': {
      if (!signed) return a;
      const negated = asm.op(`${wasm}.sub`, zero, a);
      const less = asm.op(`${wasm}.lt_s`, a, zero);
      return canonical(asm, type, asm.op('select', negated, a, less));
    }
    case 'sign': {
      const above = asm.op(`${wasm}.${signed ? 'gt_s' : 'ne'}`, a, zero);
      const sign = signed ? asm.op('i32.sub', above, asm.op(`${wasm}.lt_s`, a, zero)) : above;
      return wasm === 'i64' ? asm.op('i64.extend_i32_s', sign) : sign;
    }
    default:
      throw new TypeError(`${op} of ${type}`);
  }
}

function unaryFloat(
  { asm, library }: Tools,
  op: UnaryOp,
  type: 'f32' | 'f64',
  a: Operand,
): Operand {
  const direct = DIRECT_UNARY[op];
  if (direct !== undefined) return asm.op(`${type}.${direct}`, a);
  switch (op) {
    case 'isNaN':
      return asm.op(`${type}.ne`, a, a);
    case 'isInfinite':
      return asm.op(`${type}.eq`, asm.op(`${type}.abs`, a), float(type, Infinity));
    case 'sign': {
      const nonzero = asm.op(`${type}.gt`, asm.op(`${type}.abs`, a), float(type, 0));
      return asm.op('select', asm.op(`${type}.copysign`, float(type, 1), a), a, nonzero);
    }
    case 'roundF16':
    case 'roundBf16':
      return asm.call(library.own(`${op}_${type}`), a);
    default:
      if (type === 'f32' && hasNativeMath(op)) return asm.call(library.own(`${op}_f32`), a);
      if (type === 'f64') return asm.call(library.imported(op, 1), a);
      return asm.op(
        'f32.demote_f64',
        asm.call(library.imported(op, 1), asm.op('f64.promote_f32', a)),
      );
  }
}

export function binaryScalar(
  tools: Tools,
  op: BinaryOp,
  type: ScalarType,
  a: Operand,
  b: Operand,
): Operand {
  if (type === 'f32' || type === 'f64') return binaryFloat(tools, op, type, a, b);
  const { asm, library } = tools;
  const wasm = isWide(type) ? 'i64' : 'i32';
  const { bits, kind } = SCALAR_TYPES[type];
  const sign = kind === 'signed' ? 's' : 'u';
  switch (op) {
    case 'and':
    case 'or':
    case 'xor':
      return asm.op(`${wasm}.${op}`, a, b);
    case 'add':
    case 'sub':
    case 'mul':
      return canonical(asm, type, asm.op(`${wasm}.${op}`, a, b));
    case 'min':
      return asm.op('select', a, b, asm.op(`${wasm}.lt_${sign}`, a, b));
    case 'max':
      return asm.op('select', a, b, asm.op(`${wasm}.gt_${sign}`, a, b));
    case 'div':
    case 'rem':
    case 'floorMod': {
      const plain = op === 'floorMod' && sign === 'u' ? 'rem' : op;
      const safe = isSafeDivisor(b);
      const result =
        safe && plain !== 'floorMod'
          ? asm.op(`${wasm}.${plain}_${sign}`, a, b)
          : asm.call(library.own(`${plain}_${sign}_${wasm}`), a, b);
      return canonical(asm, type, result);
    }
    case 'pow':
      return canonical(asm, type, asm.call(library.own(`pow_${sign}_${wasm}`), a, b));
    case 'shl': {
      const inside = asm.op(`${wasm}.lt_u`, b, integer(wasm, BigInt(bits)));
      const shifted = canonical(asm, type, asm.op(`${wasm}.shl`, a, b));
      return asm.op('select', shifted, integer(wasm, 0n), inside);
    }
    case 'shr': {
      const inside = asm.op(`${wasm}.lt_u`, b, integer(wasm, BigInt(bits)));
      if (sign === 'u') {
        return asm.op('select', asm.op(`${wasm}.shr_u`, a, b), integer(wasm, 0n), inside);
      }
      const most = integer(wasm, BigInt(bits - 1));
      return asm.op(`${wasm}.shr_s`, a, asm.op('select', b, most, inside));
    }
  }
}

/** Neither 0 nor -1. */
function isSafeDivisor({ constant }: Operand): boolean {
  return constant !== undefined && Number(constant) !== 0 && Number(constant) !== -1;
}

function binaryFloat(
  { asm, library }: Tools,
  op: BinaryOp,
  type: 'f32' | 'f64',
  a: Operand,
  b: Operand,
): Operand {
  switch (op) {
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
    case 'min':
    case 'max':
      return asm.op(`${type}.${op}`, a, b);
    case 'rem':
    case 'floorMod':
    case 'pow': {
      const callee = op === 'rem' ? library.imported('rem', 2) : library.own(`${op}_f64`);
      if (type === 'f64') return asm.call(callee, a, b);
      const wide = [a, b].map((operand) => asm.op('f64.promote_f32', operand));
      return asm.op('f32.demote_f64', asm.call(callee, ...wide));
    }
    default:
      throw new TypeError(`${op} of floats`);
  }
}

export function compareScalar(
  asm: Assembler,
  op: CompareOp,
  type: ScalarType,
  a: Operand,
  b: Operand,
): Operand {
  return asm.op(`${scalarWasmType(type)}.${comparison(op, type)}`, a, b);
}

/** Suffix of the comparing instructions. */
export function comparison(op: CompareOp, type: ScalarType): string {
  if (isFloat(type) || op === 'eq' || op === 'ne') return op;
  return `${op}_${SCALAR_TYPES[type].kind === 'signed' ? 's' : 'u'}`;
}

export function castScalar(
  { asm, library }: Tools,
  from: ScalarType,
  to: ScalarType,
  a: Operand,
): Operand {
  const [source, target] = [scalarWasmType(from), scalarWasmType(to)];
  const sign = SCALAR_TYPES[from].kind === 'signed' ? 's' : 'u';
  if (to === 'bool') {
    if (from === 'bool') return a;
    // Not zero; NaN counts as zero, as in the interpreter.
    return isFloat(from)
      ? asm.op(`${source}.gt`, asm.op(`${source}.abs`, a), float(from as 'f32' | 'f64', 0))
      : asm.op(`${source}.ne`, a, integer(isWide(from) ? 'i64' : 'i32', 0n));
  }
  if (isFloat(to)) {
    if (isFloat(from)) {
      if (source === target) return a;
      return asm.op(target === 'f64' ? 'f64.promote_f32' : 'f32.demote_f64', a);
    }
    return asm.op(`${target}.convert_${source}_${sign}`, a);
  }
  const unsigned = SCALAR_TYPES[to].kind !== 'signed';
  if (isFloat(from)) {
    const { bits } = SCALAR_TYPES[to];
    if (bits >= 32) return asm.op(`${target}.trunc_sat_${source}_${unsigned ? 'u' : 's'}`, a);
    const truncated = asm.op(`i32.trunc_sat_${source}_s`, a);
    return asm.call(library.own(`clamp_${to}`), truncated);
  }
  if (source === target) return canonical(asm, to, a);
  if (target === 'i64') return asm.op(`i64.extend_i32_${sign}`, a);
  return canonical(asm, to, asm.op('i32.wrap_i64', a));
}

/** An i32 within the range of a small integer type, by dropping bits. */
export function canonical(asm: Assembler, type: ScalarType, a: Operand): Operand {
  switch (type) {
    case 'i8':
      return asm.op('i32.extend8_s', a);
    case 'i16':
      return asm.op('i32.extend16_s', a);
    case 'u8':
    case 'u16':
      return asm.op('i32.and', a, i32(Number(integerRange(type)[1])));
    default:
      return a;
  }
}

export function integer(type: 'i32' | 'i64', value: bigint): Operand {
  return type === 'i32' ? i32(Number(value)) : i64(value);
}
