/**
 * Index expressions: exact integers over loop variables and symbolic sizes. They address buffers and bound
 * loops, hold no data (a data-dependent index is a variable bound by a `checkedIndex` statement), and are
 * what the simplifier reasons about. Division rounds down; `mod` has the sign of the divisor.
 */

export type Index =
  | { readonly kind: 'constant'; readonly value: number }
  /** A loop variable or a name bound by `letIndex` or `checkedIndex`. */
  | { readonly kind: 'variable'; readonly name: string }
  /** A symbolic extent: a parameter of the program. */
  | { readonly kind: 'size'; readonly name: string }
  | { readonly kind: IndexOperation; readonly a: Index; readonly b: Index }
  /** Evaluates one side only. */
  | {
      readonly kind: 'choose';
      readonly condition: IndexCondition;
      readonly then: Index;
      readonly otherwise: Index;
    };

export type IndexOperation = 'add' | 'multiply' | 'floorDiv' | 'mod' | 'min' | 'max';

export interface IndexCondition {
  readonly op: 'lt' | 'le' | 'eq';
  readonly a: Index;
  readonly b: Index;
}

const constants = Array.from({ length: 17 }, (_, value): Index => ({ kind: 'constant', value }));

export function constant(value: number): Index {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no exact integer`);
  return constants[value] ?? { kind: 'constant', value };
}

export const ZERO = constant(0);
export const ONE = constant(1);

export function variable(name: string): Index {
  return { kind: 'variable', name };
}

export function size(name: string): Index {
  return { kind: 'size', name };
}

export function isConstant(index: Index, value: number): boolean {
  return index.kind === 'constant' && index.value === value;
}

/** Sum; folds constants and zeros, nothing more (see `simplifyIndex`). */
export function add(a: Index, b: Index | number): Index {
  const right = lift(b);
  if (isConstant(a, 0)) return right;
  if (isConstant(right, 0)) return a;
  return fold('add', a, right, (x, y) => x + y);
}

export function subtract(a: Index, b: Index | number): Index {
  return add(a, typeof b === 'number' ? -b : multiply(b, -1));
}

export function multiply(a: Index, b: Index | number): Index {
  const right = lift(b);
  if (isConstant(a, 1) || isConstant(right, 0)) return right;
  if (isConstant(right, 1) || isConstant(a, 0)) return a;
  return fold('multiply', a, right, (x, y) => x * y);
}

/** a / b rounded down. The divisor must be positive when the program runs. */
export function floorDiv(a: Index, b: Index | number): Index {
  const right = lift(b);
  if (isConstant(right, 1)) return a;
  if (right.kind === 'constant' && right.value <= 0) return { kind: 'floorDiv', a, b: right };
  return fold('floorDiv', a, right, (x, y) => Math.floor(x / y));
}

export function ceilDiv(a: Index, b: number): Index {
  return floorDiv(add(a, b - 1), b);
}

export function mod(a: Index, b: Index | number): Index {
  const right = lift(b);
  if (isConstant(right, 1)) return ZERO;
  if (right.kind === 'constant' && right.value <= 0) return { kind: 'mod', a, b: right };
  return fold('mod', a, right, (x, y) => x - y * Math.floor(x / y));
}

export function min(a: Index, b: Index | number): Index {
  return fold('min', a, lift(b), Math.min);
}

export function max(a: Index, b: Index | number): Index {
  return fold('max', a, lift(b), Math.max);
}

export function choose(condition: IndexCondition, then: Index, otherwise: Index): Index {
  return { kind: 'choose', condition, then, otherwise };
}

export function less(a: Index, b: Index | number): IndexCondition {
  return { op: 'lt', a, b: lift(b) };
}

export function atMost(a: Index | number, b: Index | number): IndexCondition {
  return { op: 'le', a: lift(a), b: lift(b) };
}

export function equal(a: Index, b: Index | number): IndexCondition {
  return { op: 'eq', a, b: lift(b) };
}

export function product(factors: readonly Index[]): Index {
  return factors.reduce(multiply, ONE);
}

/** Replaces variables; names that `of` does not know stay. */
export function substitute(index: Index, of: (name: string) => Index | undefined): Index {
  switch (index.kind) {
    case 'constant':
    case 'size':
      return index;
    case 'variable':
      return of(index.name) ?? index;
    case 'choose': {
      const { op, a, b } = index.condition;
      return choose(
        { op, a: substitute(a, of), b: substitute(b, of) },
        substitute(index.then, of),
        substitute(index.otherwise, of),
      );
    }
    case 'add':
      return add(substitute(index.a, of), substitute(index.b, of));
    case 'multiply':
      return multiply(substitute(index.a, of), substitute(index.b, of));
    case 'floorDiv':
      return floorDiv(substitute(index.a, of), substitute(index.b, of));
    case 'mod':
      return mod(substitute(index.a, of), substitute(index.b, of));
    case 'min':
      return min(substitute(index.a, of), substitute(index.b, of));
    case 'max':
      return max(substitute(index.a, of), substitute(index.b, of));
  }
}

/** Calls `visit` for every variable and size in it, repeats included. */
export function visitNames(index: Index, visit: (kind: 'variable' | 'size', name: string) => void) {
  switch (index.kind) {
    case 'constant':
      return;
    case 'variable':
    case 'size':
      visit(index.kind, index.name);
      return;
    case 'choose':
      visitNames(index.condition.a, visit);
      visitNames(index.condition.b, visit);
      visitNames(index.then, visit);
      visitNames(index.otherwise, visit);
      return;
    default:
      visitNames(index.a, visit);
      visitNames(index.b, visit);
  }
}

/** Value under an assignment; throws RangeError outside the exact integers and on a divisor below 1. */
export function evaluateIndex(
  index: Index,
  variableOf: (name: string) => number,
  sizeOf: (name: string) => number,
): number {
  const value = (part: Index): number => evaluateIndex(part, variableOf, sizeOf);
  switch (index.kind) {
    case 'constant':
      return index.value;
    case 'variable':
      return variableOf(index.name);
    case 'size':
      return sizeOf(index.name);
    case 'choose': {
      const { op, a, b } = index.condition;
      return holds(op, value(a), value(b)) ? value(index.then) : value(index.otherwise);
    }
    default:
      return exact(operate(index.kind, value(index.a), value(index.b)));
  }
}

export function holds(op: IndexCondition['op'], a: number, b: number): boolean {
  return op === 'lt' ? a < b : op === 'le' ? a <= b : a === b;
}

function operate(kind: IndexOperation, a: number, b: number): number {
  switch (kind) {
    case 'add':
      return a + b;
    case 'multiply':
      return a * b;
    case 'min':
      return Math.min(a, b);
    case 'max':
      return Math.max(a, b);
    case 'floorDiv':
    case 'mod': {
      if (b < 1) throw new RangeError(`index division by ${b}`);
      const quotient = Math.floor(a / b);
      return kind === 'floorDiv' ? quotient : a - quotient * b;
    }
  }
}

function exact(value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError('index arithmetic overflows');
  return value === 0 ? 0 : value;
}

function lift(b: Index | number): Index {
  return typeof b === 'number' ? constant(b) : b;
}

function fold(
  kind: IndexOperation,
  a: Index,
  b: Index,
  of: (x: number, y: number) => number,
): Index {
  if (a.kind === 'constant' && b.kind === 'constant') {
    const value = of(a.value, b.value);
    if (Number.isSafeInteger(value)) return constant(value === 0 ? 0 : value);
  }
  return { kind, a, b };
}
