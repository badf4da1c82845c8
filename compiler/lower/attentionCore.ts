/**
 * What every form of attention shares: scores of queries and keys, a softmax over the keys that gives 0 where
 * all of them are masked, and the weighted sum of values. Heads stand in an axis of their own.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, compare, literal, select, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, constant, floorDiv, less, mod, multiply, subtract, ZERO } from '../loop/indexExpr.ts';
import type { ScalarType } from '../loop/scalarType.ts';
import { registerType } from '../loop/scalarType.ts';
import type { Field } from './field.ts';
import type { LowerOp } from './lowerOp.ts';
import { view } from './movement.ts';
import { MAXIMUM, reduceKept, SUM } from './reduction.ts';
import type { Scope } from './scope.ts';
import { exponential, minus, over, plus, times } from './terms.ts';

/** Batch x length x (heads * size) as batch x heads x length x size. */
export function splitHeads(op: LowerOp, packed: Field, heads: number): Field {
  const [batch, length, width] = packed.shape as [Index, Index, Index];
  if (heads < 1) op.unsupported('the number of heads is missing');
  if (width.kind === 'constant' && width.value % heads !== 0) {
    op.unsupported(`a width of ${width.value} is no multiple of ${heads} heads`);
  }
  const size = floorDiv(width, heads);
  return view(op, packed, [batch, constant(heads), length, size], ([b, h, s, d]) => [
    b!,
    s!,
    add(multiply(h!, size), d!),
  ]);
}

/** Batch x heads x length x size as batch x length x (heads * size). */
export function joinHeads(op: LowerOp, split: Field): Field {
  const [batch, heads, length, size] = split.shape as [Index, Index, Index, Index];
  return view(op, split, [batch, length, multiply(heads, size)], ([b, s, at]) => [
    b!,
    floorDiv(at!, size),
    s!,
    mod(at!, size),
  ]);
}

/** `past` followed by `recent` along axis 2. */
export function appendTo(op: LowerOp, past: Field | undefined, recent: Field): Field {
  if (past === undefined) return recent;
  const before = past.shape[2]!;
  const shape = recent.shape.map((dim, axis) => (axis === 2 ? add(before, dim) : dim));
  return op.make({
    shape,
    storage: recent.storage,
    cost: 'light',
    breaks: shape.map((_, axis) => (axis === 2 ? [before] : [])),
    element: (scope, [b, h, s, d]) =>
      scope.choose(
        [less(s!, before)],
        (inner) => inner.at(past, [b!, h!, s!, d!]),
        (inner) => inner.at(recent, [b!, h!, subtract(s!, before), d!]),
      ),
  });
}

/** Where the keys of query head `h` are: several query heads share one. */
function keyHead(query: Field, key: Field, h: Index): Index {
  const [own, shared] = [query.shape[1]!, key.shape[1]!];
  if (own.kind !== 'constant' || shared.kind !== 'constant' || shared.value < 1) return h;
  return own.value === shared.value ? h : floorDiv(h, Math.floor(own.value / shared.value));
}

/** scale * (q · k), batch x heads x queries x keys. */
export function scoresOf(
  op: LowerOp,
  query: Field,
  key: Field,
  scale: number,
  type: ScalarType,
): Field {
  const [batch, heads, length, size] = query.shape as [Index, Index, Index, Index];
  return op.make({
    hint: 'score',
    shape: [batch, heads, length, key.shape[2]!],
    storage: type,
    cost: 'heavy',
    element: (scope, [b, h, s, t]) => {
      const from = keyHead(query, key, h!);
      const sum = scope.fold('acc', literal(type, 0), [size], (inner, [d], soFar) => {
        const x = cast(type, inner.at(query, [b!, h!, s!, d!]));
        const y = cast(type, inner.at(key, [b!, from, t!, d!]));
        return plus(soFar, times(x, y));
      });
      return times(sum, literal(type, scale));
    },
  });
}

export type OfScore = (x: Expr, scope: Scope, index: readonly Index[]) => Expr;

/** A formula of each score. */
export function mapScores(op: LowerOp, scores: Field, of: OfScore): Field {
  return op.make({
    hint: 'score',
    shape: scores.shape,
    storage: scores.storage,
    cost: 'light',
    element: (scope, index) => of(scope.at(scores, index), scope, index),
  });
}

export function softcapped(op: LowerOp, scores: Field, cap: number): Field {
  if (cap === 0) return scores;
  return mapScores(op, scores, (x) =>
    times(unary('tanh', over(x, literal(x.type, cap))), literal(x.type, cap)),
  );
}

/**
 * Softmax over the last axis; rows without any finite score become 0. `sink` (per head) joins the sum of each
 * row without a value of its own.
 */
export function softmaxOfScores(
  op: LowerOp,
  scores: Field,
  sink?: (scope: Scope, head: Index) => Expr,
): Field {
  const type = registerType(scores.storage);
  const last = scores.shape.length - 1;
  const rowOf = (index: readonly Index[]): Index[] => [...index.slice(0, last), ZERO];
  const rawMost = reduceKept(op, scores, [last], MAXIMUM);
  const most =
    sink === undefined
      ? rawMost
      : op.make({
          shape: rawMost.shape,
          storage: rawMost.storage,
          cost: 'light',
          element: (scope, index) =>
            binary('max', scope.at(rawMost, index), sink(scope, index[1]!)),
        });
  const exponentials = op.make({
    hint: 'power',
    shape: scores.shape,
    storage: type,
    cost: 'light',
    element: (scope, index) => {
      const top = scope.at(most, rowOf(index));
      const isEmpty = compare('eq', top, literal(type, -Infinity));
      const power = exponential(minus(scope.at(scores, index), top));
      return select(isEmpty, literal(type, 0), power);
    },
  });
  const sum = reduceKept(op, exponentials, [last], SUM);
  return op.make({
    hint: 'weight',
    shape: scores.shape,
    storage: type,
    cost: 'light',
    element: (scope, index) => {
      const row = rowOf(index);
      let total = scope.at(sum, row);
      if (sink !== undefined) {
        const own = exponential(minus(sink(scope, index[1]!), scope.at(most, row)));
        total = plus(total, own);
      }
      const isEmpty = compare('eq', total, literal(type, 0));
      const divisor = select(isEmpty, literal(type, 1), total);
      return over(scope.at(exponentials, index), divisor);
    },
  });
}

/** weights @ values, batch x heads x queries x value size, of the output's own storage. */
export function weightedValues(op: LowerOp, weights: Field, values: Field): Field {
  const [batch, heads, length, keys] = weights.shape as [Index, Index, Index, Index];
  const type = registerType(weights.storage);
  const out = op.outputScalar();
  return op.make({
    shape: [batch, heads, length, values.shape[3]!],
    storage: op.outputStorage(),
    cost: 'heavy',
    element: (scope, [b, h, s, d]) => {
      const from = keyHead(weights, values, h!);
      const sum = scope.fold('acc', literal(type, 0), [keys], (inner, [t], soFar) => {
        const weight = inner.at(weights, [b!, h!, s!, t!]);
        return plus(soFar, times(weight, cast(type, inner.at(values, [b!, from, t!, d!]))));
      });
      return cast(out, sum);
    },
  });
}
