/**
 * com.microsoft operators on quantised tensors: each works on real numbers inside and requantises its result.
 * Sums of 8-bit products are 32-bit integers.
 */
import type { Expr } from '../loop/expr.ts';
import { cast, compare, indexValue, literal, select } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, less, product, subtract, ZERO } from '../loop/indexExpr.ts';
import { axesIn, axisIn } from '../ops/axes.ts';
import { convolutionSum } from './convolution.ts';
import { sigmoid } from './elementwiseUnary.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { channelsFirst, channelsLast } from './microsoftFused.ts';
import { broadcastIndex } from './pointwise.ts';
import { averageOf } from './pooling.ts';
import { centred, vectorIndex } from './quantisation.ts';
import type { Parameters } from './quantised.ts';
import {
  dequantisedField,
  onlyElement,
  parametersOf,
  quantised,
  realOf,
  requantisedField,
} from './quantised.ts';
import { MEAN, reducedView, reduceKept } from './reduction.ts';
import type { Scope } from './scope.ts';
import { softmaxOf } from './softmax.ts';
import { over, plus, times } from './terms.ts';

/** One part of a result, computed in the given scope. */
type Part = (scope: Scope) => Expr;

/** Inputs A, scale, zero point, B, scale, zero point, scale and zero point of the result. */
function binary(of: (a: Expr, b: Expr) => Expr): Lowering {
  return (op) => {
    const shape = op.outputDims();
    const parts = [0, 3].map((slot) => {
      const field = op.input(slot);
      return { field, parameters: parametersOf(op, slot + 1) };
    });
    return [
      requantisedField(op, shape, parametersOf(op, 6), (scope, index) => {
        const [a, b] = parts.map(({ field, parameters }) => {
          const element = scope.at(field, broadcastIndex(field, shape, index));
          return realOf(scope, element, parameters);
        });
        return of(a!, b!);
      }),
    ];
  };
}

/** Inputs X, scale, zero point, scale and zero point of the result. */
function unary(of: (x: Expr, op: LowerOp) => Expr): Lowering {
  return (op) => {
    const x = op.input(0);
    const own = parametersOf(op, 1);
    return [
      requantisedField(op, x.shape, parametersOf(op, 3), (scope, index) =>
        of(realOf(scope, scope.at(x, index), own), op),
      ),
    ];
  };
}

function leakyRelu(x: Expr, op: LowerOp): Expr {
  const slope = literal(x.type, op.float('alpha', 0.01));
  return select(compare('ge', x, literal(x.type, 0)), x, times(x, slope));
}

const softmax: Lowering = (op) => {
  const real = dequantisedField(op, op.input(0), parametersOf(op, 1));
  const rank = real.shape.length;
  const old = op.int('opset', 13) < 13;
  const axis = axisIn(op.int('axis', -1), rank) ?? op.unsupported('its axis');
  const axes = old ? Array.from({ length: rank - axis }, (_, i) => axis + i) : [axis];
  const y = softmaxOf(op, real, axes);
  return [
    requantisedField(op, real.shape, parametersOf(op, 3), (scope, index) => scope.at(y, index)),
  ];
};

const where: Lowering = (op) => {
  const shape = op.outputDims();
  const condition = op.input(0);
  const parts = [1, 4].map((slot) => ({
    field: op.input(slot),
    parameters: parametersOf(op, slot + 1),
  }));
  return [
    requantisedField(op, shape, parametersOf(op, 7), (scope, index) => {
      const [a, b] = parts.map(({ field, parameters }) =>
        realOf(scope, scope.at(field, broadcastIndex(field, shape, index)), parameters),
      );
      return select(scope.at(condition, broadcastIndex(condition, shape, index)), a!, b!);
    }),
  ];
};

/** Scale and zero point of the result, then data, scale and zero point of each part. */
const concat: Lowering = (op) => {
  const shape = op.outputDims();
  const axis = axisIn(op.int('axis', 0), shape.length) ?? op.unsupported('its axis');
  const parts: { field: Field; parameters: Parameters; start: Index }[] = [];
  let end: Index = ZERO;
  for (let slot = 2; slot < op.inputCount; slot += 3) {
    const field = op.input(slot);
    parts.push({ field, parameters: parametersOf(op, slot + 1), start: end });
    end = add(end, field.shape[axis]!);
  }
  const breaks = shape.map((_, place) =>
    place === axis ? parts.slice(1).map(({ start }) => start) : [],
  );
  const element: Field['element'] = (scope, index) => {
    const from =
      (i: number): Part =>
      (inner) => {
        const { field, parameters, start } = parts[i]!;
        const next = parts[i + 1];
        const own: Part = (taken) => {
          const at = index.map((part, place) => (place === axis ? subtract(part, start) : part));
          return realOf(taken, taken.at(field, at), parameters);
        };
        if (next === undefined) return own(inner);
        return inner.choose([less(index[axis]!, next.start)], own, from(i + 1));
      };
    return from(0)(scope);
  };
  return [requantisedField(op, shape, parametersOf(op, 0), element, breaks)];
};
function isLast(op: LowerOp): boolean {
  return op.int('channels_last', 0) !== 0;
}

/** Runs `of` on a view with channels first where the operator has them last. */
function firstChannels(op: LowerOp, x: Field, of: (x: Field) => Field): Field {
  return isLast(op) ? channelsLast(op, of(channelsFirst(op, x))) : of(x);
}

const averagePool: Lowering = (op) => {
  const real = dequantisedField(op, op.input(0), parametersOf(op, 1));
  const pooled = firstChannels(op, real, (x) => {
    const out = op.outputDims();
    const shape = isLast(op) ? [out[0]!, out.at(-1)!, ...out.slice(1, -1)] : out;
    return averageOf(op, x, shape, 'f32');
  });
  return [
    requantisedField(op, pooled.shape, parametersOf(op, 3), (scope, index) =>
      scope.at(pooled, index),
    ),
  ];
};

/** Means of whole planes, or over axes: the sum of integers first, which is exact. */
function meanOver(op: LowerOp, axesOf: (rank: number) => readonly number[]): Field {
  const x = op.input(0);
  const { scale, zero } = parametersOf(op, 1);
  const axes = axesOf(x.shape.length);
  const shifted = (value: Expr, scope: Scope): Expr => {
    const wide = cast('i32', value);
    return zero === undefined
      ? wide
      : plus(wide, times(literal('i32', -1), cast('i32', onlyElement(scope, zero))));
  };
  const integers = op.make({
    shape: x.shape,
    storage: 'i32',
    cost: 'light',
    element: (scope, index) => shifted(scope.at(x, index), scope),
  });
  const total = reduceKept(op, integers, axes, { ...MEAN, finish: (sum) => sum });
  const count = product(axes.map((axis) => x.shape[axis]!));
  const kept = requantisedField(op, total.shape, parametersOf(op, 3), (scope, index) => {
    const sum = times(cast('f32', scope.at(total, index)), onlyElement(scope, scale));
    return over(sum, cast('f32', indexValue(count)));
  });
  return kept;
}

const globalAveragePool: Lowering = (op) => [
  meanOver(op, (rank) => {
    const channels = isLast(op) ? rank - 1 : 1;
    return Array.from({ length: rank }, (_, axis) => axis).filter(
      (axis) => axis !== 0 && axis !== channels,
    );
  }),
];

const reduceMean: Lowering = (op) => {
  const rank = op.input(0).shape.length;
  const stated = op.ints('axes');
  const axes =
    stated === undefined || stated.length === 0
      ? Array.from({ length: rank }, (_, axis) => axis)
      : (axesIn(stated, rank) ?? op.unsupported('its axes'));
  const kept = meanOver(op, () => axes);
  return [reducedView(op, kept, axes, op.int('keepdims', 1) !== 0)];
};

/** As ai.onnx's, with channels last where asked. */
const conv: Lowering = (op) => {
  const x = isLast(op) ? channelsFirst(op, op.input(0)) : op.input(0);
  const w = op.input(3);
  const [own, weights, out] = [parametersOf(op, 1), parametersOf(op, 4), parametersOf(op, 6)];
  const bias = op.optional(8);
  const dims = op.outputDims();
  const shape = isLast(op) ? [dims[0]!, dims.at(-1)!, ...dims.slice(1, -1)] : dims;
  const reads = [centred(x, own.zero, 1), centred(w, weights.zero, 0)] as const;
  const sum = convolutionSum(op, x, w, shape, 'i32', reads);
  const y = op.make({
    shape,
    storage: op.outputStorage(),
    cost: 'light',
    element: (scope, index) => {
      const total = scope.at(sum, index);
      const biased = bias === undefined ? total : plus(total, scope.at(bias, [index[1]!]));
      const a = onlyElement(scope, own.scale);
      const b = scope.at(weights.scale, vectorIndex(weights.scale, index, 1));
      const factor = over(times(a, b), onlyElement(scope, out.scale));
      const value = times(cast('f32', biased), factor);
      return quantised(value, out.zero && onlyElement(scope, out.zero), op.outputScalar());
    },
  });
  return [isLast(op) ? channelsLast(op, y) : y];
};

/** (A - zero) + or * (B - zero) of integers. */
const mulInteger: Lowering = (op) => {
  const shape = op.outputDims();
  const [a, b] = [op.input(0), op.input(2)];
  const [zeroA, zeroB] = [op.optional(1), op.optional(3)];
  const read =
    (field: Field, zero: Field | undefined): Field['element'] =>
    (scope, index) =>
      centred(field, zero, 0)(scope, broadcastIndex(field, shape, index));
  return [
    op.make({
      shape,
      storage: 'i32',
      cost: 'light',
      element: (scope, index) => times(read(a, zeroA)(scope, index), read(b, zeroB)(scope, index)),
    }),
  ];
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  QLinearAdd: binary(plus),
  QLinearMul: binary(times),
  QLinearSigmoid: unary(sigmoid),
  QLinearLeakyRelu: unary(leakyRelu),
  QLinearSoftmax: softmax,
  QLinearWhere: where,
  QLinearConcat: concat,
  QLinearAveragePool: averagePool,
  QLinearGlobalAveragePool: globalAveragePool,
  QLinearReduceMean: reduceMean,
  QLinearConv: conv,
  MulInteger: mulInteger,
};
