/**
 * Normalisations of ONNX Runtime's optimiser: SkipLayerNormalization, SimplifiedLayerNormalization (with and
 * without a skip), EmbedLayerNormalization, GroupNorm. Statistics and results of rows in float32.
 */
import type { Expr } from '../loop/expr.ts';
import { cast, compare, literal, select, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, constant, floorDiv, multiply, ZERO } from '../loop/indexExpr.ts';
import type { ScalarType } from '../loop/scalarType.ts';
import { axisIn } from '../ops/axes.ts';
import { sigmoid } from './elementwiseUnary.ts';
import type { Field } from './field.ts';
import { dataIndex } from './gather.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { unflatten } from './movement.ts';
import { broadcastIndex } from './pointwise.ts';
import { MEAN, reduceKept } from './reduction.ts';
import { minus, over, plus, square, times } from './terms.ts';

interface Rows {
  readonly type: ScalarType;
  readonly mean: Field | undefined;
  /** 1 / sqrt(variance + epsilon), or of the mean square. */
  readonly inverse: Field;
  readonly rowOf: (index: readonly Index[]) => readonly Index[];
}

/** Statistics over the axes; without `centre` of the squares alone. */
function rowsOf(
  op: LowerOp,
  x: Field,
  axes: readonly number[],
  epsilon: number,
  centre: boolean,
): Rows {
  const type: ScalarType = x.storage === 'f64' ? 'f64' : 'f32';
  const rowOf = (index: readonly Index[]): Index[] =>
    index.map((at, axis) => (axes.includes(axis) ? ZERO : at));
  const mean = centre ? reduceKept(op, x, axes, MEAN, undefined, type) : undefined;
  const variance = reduceKept(
    op,
    x,
    axes,
    MEAN,
    (value, scope, index) =>
      square(mean === undefined ? value : minus(value, scope.at(mean, rowOf(index)))),
    type,
  );
  const inverse = op.make({
    shape: variance.shape,
    storage: type,
    cost: 'light',
    element: (scope, index) => {
      const sum = plus(scope.at(variance, index), literal(type, epsilon));
      return over(literal(type, 1), unary('sqrt', sum));
    },
  });
  return { type, mean, inverse, rowOf };
}

/** Row by row: centred, scaled, then `affine` of that. */
function normalised(
  op: LowerOp,
  x: Field,
  { mean, inverse, rowOf }: Rows,
  affine: (value: Expr, at: (field: Field) => Expr) => Expr,
): Field {
  const out = op.outputScalar();
  return op.make({
    shape: x.shape,
    storage: op.outputStorage(),
    cost: 'light',
    element: (scope, index) => {
      const row = rowOf(index);
      const raw = scope.at(x, index);
      const centred = mean === undefined ? raw : minus(raw, scope.at(mean, row));
      const at = (field: Field): Expr =>
        cast(raw.type, scope.at(field, broadcastIndex(field, x.shape, index)));
      return cast(out, affine(times(centred, scope.at(inverse, row)), at));
    },
  });
}

function scaledBy(gamma: Field, beta: Field | undefined) {
  return (value: Expr, at: (field: Field) => Expr): Expr => {
    const scaled = times(value, at(gamma));
    return beta === undefined ? scaled : plus(scaled, at(beta));
  };
}

function sumOf(op: LowerOp, shape: readonly Index[], parts: readonly (Field | undefined)[]): Field {
  const present = parts.filter((part): part is Field => part !== undefined);
  return op.make({
    shape,
    storage: op.outputStorage(),
    cost: 'light',
    element: (scope, index) =>
      present
        .map((part) => scope.at(part, broadcastIndex(part, shape, index)))
        .reduce((a, b) => plus(a, b)),
  });
}

const skipLayer =
  (centre: boolean): Lowering =>
  (op) => {
    const [input, skip, gamma] = [op.input(0), op.input(1), op.input(2)];
    const beta = centre ? op.optional(3) : undefined;
    const bias = op.optional(centre ? 4 : 3);
    const sum = sumOf(op, input.shape, [input, skip, bias]);
    const rows = rowsOf(op, sum, [input.shape.length - 1], op.float('epsilon', 1e-12), centre);
    const y = normalised(op, sum, rows, scaledBy(gamma, beta));
    return [y, rows.mean, rows.inverse, op.hasOutput(3) ? sum : undefined];
  };

const simplifiedLayer: Lowering = (op) => {
  const [x, gamma] = [op.input(0), op.input(1)];
  const first = axisIn(op.int('axis', -1), x.shape.length) ?? op.unsupported('its axis');
  const axes = Array.from({ length: x.shape.length - first }, (_, i) => first + i);
  const rows = rowsOf(op, x, axes, op.float('epsilon', 1e-5), false);
  return [normalised(op, x, rows, scaledBy(gamma, undefined)), rows.inverse];
};

/** Word, place and segment embeddings of every token, added and normalised; the mask's lengths beside. */
const embedLayer: Lowering = (op) => {
  const [ids, segments, words, places] = [op.input(0), op.optional(1), op.input(2), op.input(3)];
  const [kinds, gamma, beta] = [op.optional(4), op.input(5), op.input(6)];
  const [mask, positions] = [op.optional(7), op.optional(8)];
  const shape = op.outputDims();
  const sum = op.make({
    shape,
    storage: op.outputStorage(),
    cost: 'light',
    element: (scope, [b, s, h]) => {
      const row = (table: Field, id: Expr): Expr =>
        scope.at(table, [dataIndex(scope, id, table.shape[0]!, op.id), h!]);
      const word = row(words, scope.at(ids, [b!, s!]));
      const place =
        positions === undefined
          ? scope.at(places, [s!, h!])
          : row(
              places,
              scope.at(positions, broadcastIndex(positions, shape.slice(0, 2), [b!, s!])),
            );
      const both = plus(word, place);
      if (segments === undefined || kinds === undefined) return both;
      return plus(both, row(kinds, scope.at(segments, [b!, s!])));
    },
  });
  const rows = rowsOf(op, sum, [2], op.float('epsilon', 1e-12), true);
  const y = normalised(op, sum, rows, scaledBy(gamma, beta));
  const lengths = op.hasOutput(1)
    ? op.make({
        shape: op.outputDims(1),
        storage: 'i32',
        cost: 'heavy',
        element: (scope, [b]) =>
          mask === undefined
            ? literal('i32', 0)
            : scope.fold('count', literal('i32', 0), [mask.shape[1]!], (inner, [s], soFar) => {
                const given = inner.at(mask, [b!, s!]);
                const one = select(
                  compare('eq', given, literal(given.type, 1)),
                  literal('i32', 1),
                  literal('i32', 0),
                );
                return plus(soFar, one);
              }),
      })
    : undefined;
  return [y, lengths, op.hasOutput(2) ? sum : undefined];
};

/** Groups of the last axis (channels last), optionally after adding a skip and a bias; SiLU behind. */
const groupNorm =
  (skips: boolean): Lowering =>
  (op) => {
    if (op.int('channels_last', 1) === 0) op.unsupported('channels first');
    const [x, gamma, beta] = [op.input(0), op.input(1), op.input(2)];
    const skip = skips ? op.input(3) : undefined;
    const whole = skips ? sumOf(op, x.shape, [x, spread(op, skip!, x), op.optional(4)]) : x;
    const groups = op.int('groups', 1);
    const channels = x.shape.at(-1)!;
    const perGroup = floorDiv(channels, groups);
    const lead = x.shape.slice(0, -1);
    const grouped = op.make({
      shape: [...lead, constant(groups), perGroup],
      storage: whole.storage,
      cost: 'free',
      element: (scope, index) => {
        const [g, c] = index.slice(-2) as [Index, Index];
        return scope.at(whole, [...index.slice(0, -2), add(multiply(g, perGroup), c)]);
      },
    });
    const rank = grouped.shape.length;
    const axes = grouped.shape
      .map((_, axis) => axis)
      .filter((axis) => axis > 0 && axis !== rank - 2);
    const rows = rowsOf(op, grouped, axes, op.float('epsilon', 1e-5), true);
    const result = normalised(op, grouped, rows, (value) => value);
    const swish = op.int('activation', 0) === 1;
    const y = op.make({
      shape: x.shape,
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, index) => {
        const c = index.at(-1)!;
        const [g, own] = unflatten(c, [constant(groups), perGroup]);
        const value = scope.at(result, [...index.slice(0, -1), g!, own!]);
        const factor = cast(value.type, scope.at(gamma, [c]));
        const scaled = plus(times(value, factor), cast(value.type, scope.at(beta, [c])));
        return swish ? times(scaled, sigmoid(scaled)) : scaled;
      },
    });
    return [y, op.hasOutput(1) ? whole : undefined];
  };

/** A skip of B x C as B x 1 x 1 x C. */
function spread(op: LowerOp, skip: Field, x: Field): Field {
  if (skip.shape.length === x.shape.length) return skip;
  if (skip.shape.length !== 2) return op.unsupported('the rank of its skip');
  return op.make({
    shape: x.shape,
    storage: skip.storage,
    cost: 'free',
    element: (scope, index) => scope.at(skip, [index[0]!, index.at(-1)!]),
  });
}

export const ONNX: Readonly<Record<string, Lowering>> = {
  SimplifiedLayerNormalization: simplifiedLayer,
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  ...ONNX,
  SkipLayerNormalization: skipLayer(true),
  SkipSimplifiedLayerNormalization: skipLayer(false),
  EmbedLayerNormalization: embedLayer,
  GroupNorm: groupNorm(false),
  SkipGroupNorm: groupNorm(true),
};
