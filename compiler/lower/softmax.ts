/**
 * Softmax family: maximum, sum and result are fields over one row, so a kernel walks the row while its
 * statistics stay in registers.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, compare, indexValue, literal, select, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { ZERO } from '../loop/indexExpr.ts';
import { registerType } from '../loop/scalarType.ts';
import { axisIn } from '../ops/axes.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { MAXIMUM, reduceKept, smallest, SUM } from './reduction.ts';
import { flatten } from './movement.ts';

/** Axes normalised together: one since opset 13, all from `axis` on before. */
function normalisedAxes(op: LowerOp, rank: number): readonly number[] {
  const old = op.opset < 13;
  const stated = op.int('axis', old ? 1 : -1);
  if (rank === 0 || (old && stated === rank)) return [];
  const axis = axisIn(stated, rank) ?? op.unsupported('its axis');
  return old ? Array.from({ length: rank - axis }, (_, i) => axis + i) : [axis];
}

function statistics(
  op: LowerOp,
  input = op.input(0),
  axes: readonly number[] = normalisedAxes(op, input.shape.length),
) {
  const rowOf = (index: readonly Index[]): Index[] =>
    index.map((at, axis) => (axes.includes(axis) ? ZERO : at));
  const most = reduceKept(op, input, axes, MAXIMUM);
  const shifted = (
    x: Expr,
    scope: Parameters<Field['element']>[0],
    index: readonly Index[],
  ): Expr => binary('sub', x, scope.at(most, rowOf(index)));
  return { input, axes, rowOf, most, shifted };
}

/** Softmax over the given axes together. */
export function softmaxOf(op: LowerOp, input: Field, axes: readonly number[]): Field {
  const { rowOf, shifted } = statistics(op, input, axes);
  const { shape } = input;
  // Read twice: kept, in memory that schedules shrink to one row.
  const exponential = op.make({
    shape,
    storage: registerType(input.storage),
    cost: 'heavy',
    element: (scope, index) => unary('exp', shifted(scope.at(input, index), scope, index)),
  });
  const sum = reduceKept(op, exponential, axes, SUM);
  // One division a row. The sum is at least 1.
  const share = op.make({
    shape: sum.shape,
    storage: sum.storage,
    cost: 'heavy',
    element: (scope, index) => {
      const total = scope.at(sum, index);
      return binary('div', literal(total.type, 1), total);
    },
  });
  return op.make({
    shape,
    storage: input.storage,
    cost: 'light',
    element: (scope, index) =>
      binary('mul', scope.at(exponential, index), scope.at(share, rowOf(index))),
  });
}

const softmax: Lowering = (op) => {
  const input = op.input(0);
  return [softmaxOf(op, input, normalisedAxes(op, input.shape.length))];
};

/** log(softmax(input)) over the given axes together. */
export function logSoftmaxOf(op: LowerOp, input: Field, axes: readonly number[]): Field {
  const { rowOf, shifted } = statistics(op, input, axes);
  const sum = reduceKept(op, input, axes, SUM, (x, scope, index) =>
    unary('exp', shifted(x, scope, index)),
  );
  return op.make({
    shape: input.shape,
    storage: input.storage,
    cost: 'light',
    element: (scope, index) =>
      binary(
        'sub',
        shifted(scope.at(input, index), scope, index),
        unary('log', scope.at(sum, rowOf(index))),
      ),
  });
}

const logSoftmax: Lowering = (op) => {
  const input = op.input(0);
  return [logSoftmaxOf(op, input, normalisedAxes(op, input.shape.length))];
};

/** 1 at the first largest element of each row. */
const hardmax: Lowering = (op) => {
  const { input, axes, rowOf } = statistics(op);
  const place = op.make({
    shape: input.shape.map((dim, axis) =>
      axes.includes(axis) ? { kind: 'constant', value: 1 } : dim,
    ),
    storage: 'i64',
    cost: 'heavy',
    element: (scope, index) => {
      const extents = axes.map((axis) => input.shape[axis]!);
      const type = op.outputScalar();
      const best = scope.mutable('best', smallest(type));
      const first = scope.mutable('first', literal('i64', 0));
      scope.loops('k', extents, (inner, k) => {
        const at = index.map((part, axis) => (axes.includes(axis) ? k[axes.indexOf(axis)]! : part));
        const x = inner.at(input, at);
        const wins = inner.bind('wins', compare('gt', x, best.value));
        const position = indexValue(inner.simplify(flatten(k, extents)));
        first.set(inner, select(wins, position, first.value));
        best.set(inner, select(wins, x, best.value));
      });
      return first.value;
    },
  });
  return [
    op.make({
      shape: input.shape,
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, index) => {
        const own = flatten(
          axes.map((axis) => index[axis]!),
          axes.map((axis) => input.shape[axis]!),
        );
        const isFirst = compare(
          'eq',
          indexValue(scope.simplify(own)),
          scope.at(place, rowOf(index)),
        );
        const type = op.outputScalar();
        return select(isFirst, literal(type, 1), literal(type, 0));
      },
    }),
  ];
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  Softmax: softmax,
  LogSoftmax: logSoftmax,
  Hardmax: hardmax,
};
