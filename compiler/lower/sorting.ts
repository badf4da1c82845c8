/**
 * Sorting in the loop IR: the order of positions by a comparison, stable (bottom-up merge sort), and the best few of
 * many (a heap). Positions come out of memory, so each is checked where it is used.
 */
import type { Buffer, Expr } from '../loop/expr.ts';
import { binary, compare, indexValue, literal, load, select, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { localBuffer } from '../loop/ir.ts';
import type { Mutable, Scope } from './scope.ts';

const i64 = (value: number): Expr => literal('i64', value);
const plus = (a: Expr, b: Expr): Expr => binary('add', a, b);
const isLess = (a: Expr, b: Expr): Expr => compare('lt', a, b);
const and = (a: Expr, b: Expr): Expr => binary('and', a, b);

export function declare(
  scope: Scope,
  hint: string,
  storage: Buffer['storage'],
  shape: readonly Index[],
): Buffer {
  const buffer = localBuffer(scope.fresh(hint), storage, shape);
  scope.emit({ kind: 'local', buffer });
  return buffer;
}

export interface SortRequest {
  /** How many positions there are, and how many memory is laid out for. */
  readonly length: Expr;
  readonly capacity: Index;
  /** Whether position `a` comes strictly before position `b`; both are below `capacity`. */
  readonly before: (scope: Scope, a: Index, b: Index) => Expr;
  readonly operator: string;
}

/** Positions 0 … length - 1 in ascending order, equal ones as they stood: i64[capacity]. */
export function sortedPositions(scope: Scope, request: SortRequest): Buffer {
  const { length, capacity, operator } = request;
  const order = declare(scope, 'order', 'i64', [capacity]);
  const spare = declare(scope, 'spare', 'i64', [capacity]);
  counted(scope, length, capacity, operator, (inner, at) => {
    inner.store(order, [at], indexValue(at));
  });
  const width = scope.mutable('width', i64(1));
  scope.repeat(isLess(width.value, length), (pass) => {
    const left = pass.mutable('left', i64(0));
    pass.repeat(isLess(left.value, length), (run) => {
      mergeRun(run, request, order, spare, left, width);
      left.set(run, plus(left.value, plus(width.value, width.value)));
    });
    counted(pass, length, capacity, operator, (inner, at) => {
      inner.store(order, [at], load(spare, [at]));
    });
    width.set(pass, plus(width.value, width.value));
  });
  return order;
}

/** Merges [left, left + width) and [left + width, left + 2 width) of `order` into `spare`. */
function mergeRun(
  run: Scope,
  { length, capacity, before, operator }: SortRequest,
  order: Buffer,
  spare: Buffer,
  left: Mutable,
  width: Mutable,
): void {
  const middle = run.bind('middle', binary('min', plus(left.value, width.value), length));
  const end = run.bind('end', binary('min', plus(middle, width.value), length));
  const a = run.mutable('a', left.value);
  const b = run.mutable('b', middle);
  const to = run.mutable('to', left.value);
  run.repeat(isLess(to.value, end), (step) => {
    const takesFirst = step.mutable('takesFirst', isLess(a.value, middle));
    step.when(and(takesFirst.value, isLess(b.value, end)), (both) => {
      const first = element(both, order, a.value, capacity, operator);
      const second = element(both, order, b.value, capacity, operator);
      takesFirst.set(both, unary('not', before(both, second, first)));
    });
    const from = select(takesFirst.value, a.value, b.value);
    const source = step.checkedIndex('from', from, capacity, operator);
    const target = step.checkedIndex('to', to.value, capacity, operator);
    step.store(spare, [target], load(order, [source]));
    a.set(step, select(takesFirst.value, plus(a.value, i64(1)), a.value));
    b.set(step, select(takesFirst.value, b.value, plus(b.value, i64(1))));
    to.set(step, plus(to.value, i64(1)));
  });
}

/** The position that stands at a place of an order. */
export function element(
  scope: Scope,
  order: Buffer,
  place: Expr,
  capacity: Index,
  operator: string,
): Index {
  const at = scope.checkedIndex('place', place, capacity, operator);
  const position = scope.bind('position', load(order, [at]));
  return scope.checkedIndex('at', position, capacity, operator);
}

/** Runs `body` for 0, 1 … length - 1, which is an expression of data, at most `capacity`. */
export function counted(
  scope: Scope,
  length: Expr,
  capacity: Index,
  operator: string,
  body: (scope: Scope, at: Index) => void,
): void {
  const at = scope.mutable('i', i64(0));
  scope.repeat(isLess(at.value, length), (inner) => {
    body(inner, inner.checkedIndex('at', at.value, capacity, operator));
    at.set(inner, plus(at.value, i64(1)));
  });
}
