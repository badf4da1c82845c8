/**
 * Orders for many threads: every element finds its own place by counting those before it, or by searching runs that
 * are sorted already. All steps are loops whose iterations are independent.
 */
import type { Buffer, Expr } from '../loop/expr.ts';
import { binary, compare, indexValue, literal, load, select, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { isFloat } from '../loop/scalarType.ts';
import type { Scope } from './scope.ts';
import { declare } from './sorting.ts';

const i64 = (value: number): Expr => literal('i64', value);
const plus = (a: Expr, b: Expr): Expr => binary('add', a, b);
const minus = (a: Expr, b: Expr): Expr => binary('sub', a, b);
const and = (a: Expr, b: Expr): Expr => binary('and', a, b);

/** Loops of independent iterations, all of them. */
export function sideBySide(
  scope: Scope,
  hint: string,
  extents: readonly Index[],
  body: (scope: Scope, index: readonly Index[]) => void,
  index: readonly Index[] = [],
): void {
  const [first, ...rest] = extents;
  if (first === undefined) return body(scope, index);
  scope.loops(
    hint,
    [first],
    (inner, [at]) => sideBySide(inner, hint, rest, body, [...index, at!]),
    'parallel',
  );
}

/** Whether `a` ranks strictly before `b`: a total order, with NaN above every number. */
export function ranksBefore(a: Expr, b: Expr, largest: boolean): Expr {
  const before = compare(largest ? 'gt' : 'lt', a, b);
  if (!isFloat(a.type)) return before;
  const [first, second] = largest ? [a, b] : [b, a];
  const isNumber = compare('eq', second, second);
  return binary('or', before, and(compare('ne', first, first), isNumber));
}

/** The number of entries in [start, end) of a sorted stretch for which `isBefore` holds: the first ones. */
export function countBefore(
  scope: Scope,
  [start, end]: readonly [Expr, Expr],
  isBefore: (scope: Scope, position: Expr) => Expr,
): Expr {
  const low = scope.mutable('low', start);
  const high = scope.mutable('high', end);
  scope.repeat(compare('lt', low.value, high.value), (step) => {
    const middle = step.bind('middle', binary('div', plus(low.value, high.value), i64(2)));
    const isFirst = step.bind('isFirst', isBefore(step, middle));
    low.set(step, select(isFirst, plus(middle, i64(1)), low.value));
    high.set(step, select(isFirst, high.value, middle));
  });
  return minus(low.value, start);
}

export interface RankedSort {
  /** Keys by position: sorted afterwards. */
  readonly keys: Buffer;
  readonly count: Index;
  readonly capacity: Index;
  readonly operator: string;
}

/**
 * Positions 0 … count - 1 by falling key, equal ones as they stood, NaN last: i64[capacity]. Runs are merged pairwise: each
 * element searches its place in the other run.
 */
export function rankedPositions(scope: Scope, request: RankedSort): Buffer {
  const { keys, count, capacity, operator } = request;
  const order = declare(scope, 'order', 'i64', [capacity]);
  const spare = declare(scope, 'spare', 'i64', [capacity]);
  const spareKeys = declare(scope, 'spareKeys', keys.storage, [capacity]);
  const total = indexValue(count);
  sideBySide(scope, 'i', [count], (inner, [i]) => {
    inner.store(order, [i!], indexValue(i!), operator);
  });
  const width = scope.mutable('width', i64(1));
  scope.repeat(compare('lt', width.value, total), (pass) => {
    const both = pass.bind('both', plus(width.value, width.value));
    sideBySide(pass, 'i', [count], (inner, [i]) => {
      const own = inner.bind('key', load(keys, [i!]));
      const pair = inner.bind('pair', binary('mul', binary('div', indexValue(i!), both), both));
      const middle = inner.bind('middle', binary('min', plus(pair, width.value), total));
      const end = inner.bind('end', binary('min', plus(pair, both), total));
      const isFirst = inner.bind('isFirst', compare('lt', indexValue(i!), middle));
      const start = inner.bind('start', select(isFirst, middle, pair));
      const stop = inner.bind('stop', select(isFirst, end, middle));
      const others = countBefore(inner, [start, stop], (step, position) => {
        const other = step.bind(
          'other',
          load(keys, [step.checkedIndex('at', position, capacity, operator)]),
        );
        return select(isFirst, isAbove(other, own), unary('not', isAbove(own, other)));
      });
      const rank = minus(indexValue(i!), select(isFirst, pair, middle));
      const to = inner.checkedIndex('to', plus(plus(pair, rank), others), capacity, operator);
      inner.store(spareKeys, [to], own, operator);
      inner.store(spare, [to], load(order, [i!]), operator);
    });
    sideBySide(pass, 'i', [count], (inner, [i]) => {
      inner.store(keys, [i!], load(spareKeys, [i!]), operator);
      inner.store(order, [i!], load(spare, [i!]), operator);
    });
    width.set(pass, both);
  });
  return order;
}

/** Falling order, NaN last. */
function isAbove(a: Expr, b: Expr): Expr {
  const hasNumber = and(compare('eq', a, a), compare('ne', b, b));
  return binary('or', compare('gt', a, b), hasNumber);
}
