/**
 * Data expressions of the loop IR: pure, typed, scalar or a vector of lanes. Constructors compute the type
 * and refuse operands that do not fit, so an ill-typed expression cannot be built by accident; `verify`
 * judges the rest. Both sides of `select` are evaluated: guard a load with an `if` statement instead.
 */
import type { Index, IndexCondition } from './indexExpr.ts';
import type { ScalarType, StorageType } from './scalarType.ts';
import { isFloat, isInteger, isWide, registerType } from './scalarType.ts';

/** Where elements live. Row-major; indices are one per entry of `shape`. */
export interface Buffer {
  readonly name: string;
  readonly storage: StorageType;
  readonly shape: readonly Index[];
  /** Elements are vectors of this many lanes: a register tile. 1 elsewhere. */
  readonly lanes: number;
  /**
   * global: an argument of the program; local: scratch of the kernel; register: a tile, constant indices only.
   * group: scratch that the items of a work-group share; item: one for each item of the group, indexed by the item
   * variables first, which lives from one item nest to the next.
   */
  readonly space: 'global' | 'local' | 'register' | 'group' | 'item';
}

interface Typed {
  readonly type: ScalarType;
  readonly lanes: number;
}

export type Expr = Typed &
  (
    | { readonly kind: 'literal'; readonly value: number | bigint }
    /** A name bound by `let` or `variable`. */
    | { readonly kind: 'read'; readonly name: string }
    /** `lanes` adjacent elements along the last axis (of a buffer of lane 1), or one element. */
    | { readonly kind: 'load'; readonly buffer: Buffer; readonly indices: readonly Index[] }
    | { readonly kind: 'indexValue'; readonly index: Index }
    | { readonly kind: 'unary'; readonly op: UnaryOp; readonly a: Expr }
    | { readonly kind: 'binary'; readonly op: BinaryOp; readonly a: Expr; readonly b: Expr }
    | { readonly kind: 'compare'; readonly op: CompareOp; readonly a: Expr; readonly b: Expr }
    | { readonly kind: 'compareIndex'; readonly condition: IndexCondition }
    | {
        readonly kind: 'select';
        readonly condition: Expr;
        readonly then: Expr;
        readonly otherwise: Expr;
      }
    | { readonly kind: 'cast'; readonly a: Expr }
    | { readonly kind: 'broadcast'; readonly a: Expr }
    | { readonly kind: 'lane'; readonly a: Expr; readonly lane: number }
    | { readonly kind: 'pack'; readonly elements: readonly Expr[] }
    | { readonly kind: 'reduceLanes'; readonly op: 'add' | 'mul' | 'min' | 'max'; readonly a: Expr }
  );

/** Of one operand. Float functions are the exact result rounded to the type; targets may be a few ulp off. */
export const UNARY_OPS = {
  neg: 'number',
  abs: 'number',
  sign: 'number',
  ceil: 'float',
  floor: 'float',
  /** Halves to even. */
  round: 'float',
  trunc: 'float',
  sqrt: 'float',
  exp: 'float',
  expm1: 'float',
  log: 'float',
  log1p: 'float',
  erf: 'float',
  sin: 'float',
  cos: 'float',
  tan: 'float',
  asin: 'float',
  acos: 'float',
  atan: 'float',
  sinh: 'float',
  cosh: 'float',
  tanh: 'float',
  asinh: 'float',
  acosh: 'float',
  atanh: 'float',
  isNaN: 'float',
  isInfinite: 'float',
  /** To the nearest value of a 16-bit float, kept in the type of the operand. */
  roundF16: 'float',
  roundBf16: 'float',
  not: 'bool',
  bitNot: 'integer',
} as const;
export type UnaryOp = keyof typeof UNARY_OPS;

/**
 * Of two operands of one type. Integers wrap around. `div` truncates for integers; integer division and
 * remainder by zero give 0. `rem` has the sign of the dividend, `floorMod` that of the divisor. `min` and
 * `max` give NaN when either operand is NaN. Shifts by the width or more give 0 (`shr` of a negative: -1).
 */
export const BINARY_OPS = {
  add: 'number',
  sub: 'number',
  mul: 'number',
  div: 'number',
  rem: 'number',
  floorMod: 'number',
  min: 'number',
  max: 'number',
  pow: 'number',
  and: 'bits',
  or: 'bits',
  xor: 'bits',
  shl: 'integer',
  shr: 'integer',
} as const;
export type BinaryOp = keyof typeof BINARY_OPS;

export type CompareOp = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';

type Operands = 'number' | 'float' | 'integer' | 'bool' | 'bits';

export function accepts(operands: Operands, type: ScalarType): boolean {
  switch (operands) {
    case 'number':
      return type !== 'bool';
    case 'float':
      return isFloat(type);
    case 'integer':
      return isInteger(type);
    case 'bool':
      return type === 'bool';
    case 'bits':
      return !isFloat(type);
  }
}

/** A constant; a number of a 64-bit integer type becomes a BigInt. Floats are rounded to the type. */
export function literal(type: ScalarType, value: number | bigint): Expr {
  if (isWide(type)) return { kind: 'literal', type, lanes: 1, value: BigInt(value) };
  const number = Number(value);
  return {
    kind: 'literal',
    type,
    lanes: 1,
    value: type === 'f32' ? Math.fround(number) : number,
  };
}

export function read(name: string, type: ScalarType, lanes = 1): Expr {
  return { kind: 'read', name, type, lanes };
}

/** One element, or `lanes` adjacent ones along the last axis. */
export function load(buffer: Buffer, indices: readonly Index[], lanes = buffer.lanes): Expr {
  return { kind: 'load', buffer, indices, type: registerType(buffer.storage), lanes };
}

/** An index as i64. */
export function indexValue(index: Index): Expr {
  return { kind: 'indexValue', index, type: 'i64', lanes: 1 };
}

export function unary(op: UnaryOp, a: Expr): Expr {
  expectType(accepts(UNARY_OPS[op], a.type), op, a);
  const type = op === 'isNaN' || op === 'isInfinite' ? 'bool' : a.type;
  return { kind: 'unary', op, a, type, lanes: a.lanes };
}

export function binary(op: BinaryOp, a: Expr, b: Expr): Expr {
  expectSame(op, a, b);
  expectType(accepts(BINARY_OPS[op], a.type), op, a);
  return { kind: 'binary', op, a, b, type: a.type, lanes: a.lanes };
}

export function compare(op: CompareOp, a: Expr, b: Expr): Expr {
  expectSame(op, a, b);
  return { kind: 'compare', op, a, b, type: 'bool', lanes: a.lanes };
}

export function compareIndex(condition: IndexCondition): Expr {
  return { kind: 'compareIndex', condition, type: 'bool', lanes: 1 };
}

export function select(condition: Expr, then: Expr, otherwise: Expr): Expr {
  expectSame('select', then, otherwise);
  expectType(condition.type === 'bool' && condition.lanes === then.lanes, 'select', condition);
  return { kind: 'select', condition, then, otherwise, type: then.type, lanes: then.lanes };
}

/**
 * Between types: to a float rounds to nearest even; float to integer truncates and saturates, NaN gives 0;
 * between integers wraps; to bool is "not zero".
 */
export function cast(type: ScalarType, a: Expr): Expr {
  return a.type === type ? a : { kind: 'cast', a, type, lanes: a.lanes };
}

export function broadcast(a: Expr, lanes: number): Expr {
  expectType(a.lanes === 1, 'broadcast', a);
  return lanes === 1 ? a : { kind: 'broadcast', a, type: a.type, lanes };
}

export function lane(a: Expr, position: number): Expr {
  expectType(position >= 0 && position < a.lanes, `lane ${position}`, a);
  return { kind: 'lane', a, lane: position, type: a.type, lanes: 1 };
}

export function pack(elements: readonly Expr[]): Expr {
  const [first] = elements;
  if (first === undefined) throw new TypeError('pack needs elements');
  for (const element of elements) expectSame('pack', first, element);
  return { kind: 'pack', elements, type: first.type, lanes: elements.length };
}

/** Combines the lanes in ascending order. */
export function reduceLanes(op: 'add' | 'mul' | 'min' | 'max', a: Expr): Expr {
  return { kind: 'reduceLanes', op, a, type: a.type, lanes: 1 };
}

/** Direct parts of an expression, for walks. */
export function operandsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'literal':
    case 'read':
    case 'load':
    case 'indexValue':
    case 'compareIndex':
      return [];
    case 'unary':
    case 'cast':
    case 'broadcast':
    case 'lane':
    case 'reduceLanes':
      return [expr.a];
    case 'binary':
    case 'compare':
      return [expr.a, expr.b];
    case 'select':
      return [expr.condition, expr.then, expr.otherwise];
    case 'pack':
      return expr.elements;
  }
}

/** Index expressions that stand directly in it. */
export function indicesOf(expr: Expr): readonly Index[] {
  if (expr.kind === 'load') return expr.indices;
  if (expr.kind === 'indexValue') return [expr.index];
  if (expr.kind === 'compareIndex') return [expr.condition.a, expr.condition.b];
  return [];
}

function expectSame(op: string, a: Expr, b: Expr): void {
  if (a.type !== b.type || a.lanes !== b.lanes) {
    throw new TypeError(`${op} of ${a.type}x${a.lanes} and ${b.type}x${b.lanes}`);
  }
}

function expectType(fits: boolean, op: string, a: Expr): void {
  if (!fits) throw new TypeError(`${op} does not take ${a.type}x${a.lanes}`);
}
