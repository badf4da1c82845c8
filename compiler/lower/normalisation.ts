/**
 * Normalisations: statistics are reductions over one row, the result is pointwise over them. Deviations are
 * taken from the mean before they are squared (two passes), which keeps their accuracy.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, literal, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, constant, floorDiv, max, min, multiply, subtract, ZERO } from '../loop/indexExpr.ts';
import { axesIn, axisIn } from '../ops/axes.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { unflatten, view } from './movement.ts';
import { broadcastIndex } from './pointwise.ts';
import { MEAN, reduceKept, SUM } from './reduction.ts';
import type { Scope } from './scope.ts';

const plus = (a: Expr, b: Expr): Expr => binary('add', a, b);
const minus = (a: Expr, b: Expr): Expr => binary('sub', a, b);
const times = (a: Expr, b: Expr): Expr => binary('mul', a, b);
const over = (a: Expr, b: Expr): Expr => binary('div', a, b);
const square = (x: Expr): Expr => times(x, x);

interface Statistics {
  readonly mean: Field;
  /** 1 / sqrt(variance + epsilon), per row. */
  readonly inverse: Field;
  readonly rowOf: (index: readonly Index[]) => readonly Index[];
}

function statistics(
  op: LowerOp,
  input: Field,
  axes: readonly number[],
  epsilon: number,
): Statistics {
  const rowOf = (index: readonly Index[]): Index[] =>
    index.map((at, axis) => (axes.includes(axis) ? ZERO : at));
  const mean = reduceKept(op, input, axes, MEAN);
  const variance = reduceKept(op, input, axes, MEAN, (x, scope, index) =>
    square(minus(x, scope.at(mean, rowOf(index)))),
  );
  const inverse = op.make({
    shape: variance.shape,
    storage: variance.storage,
    cost: 'light',
    element: (scope, index) => {
      const sum = plus(scope.at(variance, index), literal(op.outputScalar(), epsilon));
      return over(literal(op.outputScalar(), 1), unary('sqrt', sum));
    },
  });
  return { mean, inverse, rowOf };
}

/** (x - mean) * inverse, then `affine` of that. */
function normalised(
  op: LowerOp,
  input: Field,
  { mean, inverse, rowOf }: Statistics,
  affine: (x: Expr, scope: Scope, index: readonly Index[]) => Expr = (x) => x,
): Field {
  return op.make({
    shape: input.shape,
    storage: op.outputStorage(),
    cost: 'light',
    element: (scope, index) => {
      const row = rowOf(index);
      const centred = minus(scope.at(input, index), scope.at(mean, row));
      return affine(times(centred, scope.at(inverse, row)), scope, index);
    },
  });
}

const batchNormalization: Lowering = (op) => {
  if (op.int('training_mode', 0) !== 0) op.unsupported('training mode');
  const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((slot) => op.input(slot));
  const type = op.outputScalar();
  return [
    op.make({
      shape: x!.shape,
      storage: op.outputStorage(),
      cost: 'light',
      ...(x!.breaks && { breaks: x!.breaks }),
      element: (scope, index) => {
        const channel = [index[1] ?? ZERO];
        const deviation = unary(
          'sqrt',
          plus(scope.at(variance!, channel), literal(type, op.float('epsilon', 1e-5))),
        );
        const centred = minus(scope.at(x!, index), scope.at(mean!, channel));
        const factor = over(scope.at(scale!, channel), deviation);
        return plus(times(centred, factor), scope.at(bias!, channel));
      },
    }),
  ];
};

const instanceNormalization: Lowering = (op) => {
  const [x, scale, bias] = [op.input(0), op.input(1), op.input(2)];
  const axes = x.shape.map((_, axis) => axis).slice(2);
  const rows = statistics(op, x, axes, op.float('epsilon', 1e-5));
  return [
    normalised(op, x, rows, (value, scope, index) =>
      plus(times(value, scope.at(scale, [index[1]!])), scope.at(bias, [index[1]!])),
    ),
  ];
};

function trailingAxes(op: LowerOp, rank: number): readonly number[] {
  const first = axisIn(op.int('axis', -1), rank) ?? op.unsupported('its axis');
  return Array.from({ length: rank - first }, (_, i) => first + i);
}

const layerNormalization: Lowering = (op) => {
  const [x, scale, bias] = [op.input(0), op.input(1), op.optional(2)];
  const axes = trailingAxes(op, x.shape.length);
  const rows = statistics(op, x, axes, op.float('epsilon', 1e-5));
  const y = normalised(op, x, rows, (value, scope, index) => {
    const scaled = times(value, scope.at(scale, broadcastIndex(scale, x.shape, index)));
    return bias === undefined
      ? scaled
      : plus(scaled, scope.at(bias, broadcastIndex(bias, x.shape, index)));
  });
  return [y, rows.mean, rows.inverse];
};

const rmsNormalization: Lowering = (op) => {
  const [x, scale] = [op.input(0), op.input(1)];
  const axes = trailingAxes(op, x.shape.length);
  const type = op.outputScalar();
  const rowOf = (index: readonly Index[]): Index[] =>
    index.map((at, axis) => (axes.includes(axis) ? ZERO : at));
  const squares = reduceKept(op, x, axes, MEAN, square);
  return [
    op.make({
      shape: x.shape,
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, index) => {
        const mean = scope.at(squares, rowOf(index));
        const root = unary('sqrt', plus(mean, literal(type, op.float('epsilon', 1e-5))));
        const factor = scope.at(scale, broadcastIndex(scale, x.shape, index));
        return times(over(scope.at(x, index), root), factor);
      },
    }),
  ];
};

/** Groups of channels are rows of a reshaped view. */
const groupNormalization: Lowering = (op) => {
  const [x, scale, bias] = [op.input(0), op.input(1), op.input(2)];
  const groups = op.int('num_groups', 1);
  const perGroup = floorDiv(x.shape[1]!, groups);
  const rest = x.shape.slice(2);
  const shape = [x.shape[0]!, constant(groups), perGroup, ...rest];
  const grouped = view(op, x, shape, ([n, g, c, ...spatial]) => [
    n!,
    add(multiply(g!, perGroup), c!),
    ...spatial,
  ]);
  const axes = shape.map((_, axis) => axis).slice(2);
  const rows = statistics(op, grouped, axes, op.float('epsilon', 1e-5));
  const result = normalised(op, grouped, rows);
  const perChannel = op.opset >= 21;
  return [
    op.make({
      shape: x.shape,
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, [n, c, ...spatial]) => {
        const [g, own] = unflatten(c!, [constant(groups), perGroup]);
        const value = scope.at(result, [n!, g!, own!, ...spatial]);
        const at = [perChannel ? c! : g!];
        return plus(times(value, scope.at(scale, at)), scope.at(bias, at));
      },
    }),
  ];
};

const meanVarianceNormalization: Lowering = (op) => {
  const x = op.input(0);
  const stated = op.ints('axes') ?? [0, 2, 3];
  const axes = axesIn(stated, x.shape.length) ?? op.unsupported('its axes');
  const type = op.outputScalar();
  const rowOf = (index: readonly Index[]): Index[] =>
    index.map((at, axis) => (axes.includes(axis) ? ZERO : at));
  const mean = reduceKept(op, x, axes, MEAN);
  const variance = reduceKept(op, x, axes, MEAN, (value, scope, index) =>
    square(minus(value, scope.at(mean, rowOf(index)))),
  );
  return [
    op.make({
      shape: x.shape,
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, index) => {
        const row = rowOf(index);
        const deviation = plus(unary('sqrt', scope.at(variance, row)), literal(type, 1e-9));
        return over(minus(scope.at(x, index), scope.at(mean, row)), deviation);
      },
    }),
  ];
};

const lpNormalization: Lowering = (op) => {
  const x = op.input(0);
  const axis = axisIn(op.int('axis', -1), x.shape.length) ?? op.unsupported('its axis');
  const p = op.int('p', 2);
  const sum = reduceKept(op, x, [axis], SUM, p === 1 ? (v) => unary('abs', v) : square);
  return [
    op.make({
      shape: x.shape,
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, index) => {
        const total = scope.at(
          sum,
          index.map((at, place) => (place === axis ? ZERO : at)),
        );
        return over(scope.at(x, index), p === 1 ? total : unary('sqrt', total));
      },
    }),
  ];
};

/** Across channels: squares of the neighbours in a window of `size`. */
const lrn: Lowering = (op) => {
  const x = op.input(0);
  const size = op.int('size', 1);
  const [alpha, beta, bias] = [
    op.float('alpha', 1e-4),
    op.float('beta', 0.75),
    op.float('bias', 1),
  ];
  const type = op.outputScalar();
  const channels = x.shape[1]!;
  const sum = op.make({
    shape: x.shape,
    storage: type,
    cost: 'heavy',
    element: (scope, [n, c, ...rest]) => {
      const low = max(subtract(c!, Math.floor((size - 1) / 2)), 0);
      const high = min(add(c!, Math.ceil((size - 1) / 2)), subtract(channels, 1));
      const extent = add(subtract(high, low), 1);
      return scope.fold('acc', literal(type, 0), [extent], (inner, [k], soFar) =>
        plus(soFar, square(inner.at(x, [n!, add(low, k!), ...rest]))),
      );
    },
  });
  return [
    op.make({
      shape: x.shape,
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, index) => {
        const scaled = times(literal(type, alpha / size), scope.at(sum, index));
        const base = plus(literal(type, bias), scaled);
        return over(scope.at(x, index), binary('pow', base, literal(type, beta)));
      },
    }),
  ];
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  GroupNormalization: groupNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
  LpNormalization: lpNormalization,
  LRN: lrn,
};
