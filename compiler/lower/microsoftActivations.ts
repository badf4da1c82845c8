/**
 * com.microsoft activations with a bias or residual folded in: Gelu, FastGelu, QuickGelu, BiasGelu, BiasAdd,
 * BiasSplitGelu, BiasSoftmax, BiasDropout, and the elementwise complex products.
 */
import type { Expr } from '../loop/expr.ts';
import { compareIndex, select } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, floorDiv, mod, multiply, ONE } from '../loop/indexExpr.ts';
import { axisIn } from '../ops/axes.ts';
import { gelu, sigmoid } from './elementwiseUnary.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { broadcastIndex, pointwise } from './pointwise.ts';
import { softmaxOf } from './softmax.ts';
import { lit, minus, plus, times } from './terms.ts';

function withBias(of: (x: Expr, op: LowerOp) => Expr): Lowering {
  return (op) => [pointwise(op, op.inputs(), (operands) => of(operands.reduce(plus), op))];
}

/** Left half of the last axis times the gelu of the right half. */
const biasSplitGelu: Lowering = (op) => {
  const [x, bias] = [op.input(0), op.input(1)];
  const shape = op.outputDims();
  const half = shape.at(-1)!;
  return [
    op.make({
      shape,
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, index) => {
        const read = (last: Index): Expr => {
          const at = [...index.slice(0, -1), last];
          return plus(scope.at(x, at), scope.at(bias, [last]));
        };
        const own = index.at(-1)!;
        return times(read(own), gelu(read(add(own, half)), false));
      },
    }),
  ];
};

const biasSoftmax: Lowering = (op) => {
  const [x, bias] = [op.input(0), op.input(1)];
  const rank = x.shape.length;
  const first = axisIn(op.int('axis', 1), rank) ?? op.unsupported('its axis');
  const sum = op.make({
    shape: x.shape,
    storage: x.storage,
    cost: 'light',
    element: (scope, index) =>
      plus(scope.at(x, index), scope.at(bias, broadcastIndex(bias, x.shape, index))),
  });
  const axes = Array.from({ length: rank - first }, (_, i) => first + i);
  return [softmaxOf(op, sum, axes)];
};

/** Data, bias, residual; the ratio and mode matter in training only. */
const biasDropout: Lowering = (op) => {
  if (op.has(4) && op.known(4)?.data[0] !== 0) op.unsupported('training mode');
  if (op.hasOutput(1)) op.unsupported('its mask');
  const parts = [op.input(0), op.input(1), op.optional(2)].filter(
    (field): field is Field => field !== undefined,
  );
  return [pointwise(op, parts, (operands) => operands.reduce(plus))];
};

/** Pairs of the last axis are complex numbers; the second may be conjugated. */
const complexProduct =
  (conjugate: boolean): Lowering =>
  (op) => {
    const [a, b] = [op.input(0), op.input(1)];
    const shape = op.outputDims();
    return [
      op.make({
        shape,
        storage: op.outputStorage(),
        cost: 'light',
        element: (scope, index) => {
          const own = index.at(-1)!;
          const base = multiply(floorDiv(own, 2), 2);
          const read = (field: Field, part: number): Expr => {
            const at = [...index.slice(0, -1), add(base, part)];
            return scope.at(field, broadcastIndex(field, shape, at));
          };
          const [ar, ai, br, bi] = [read(a, 0), read(a, 1), read(b, 0), read(b, 1)];
          const [rr, ii, ri, ir] = [times(ar, br), times(ai, bi), times(ar, bi), times(ai, br)];
          const real = conjugate ? plus(rr, ii) : minus(rr, ii);
          const imaginary = conjugate ? minus(ir, ri) : plus(ri, ir);
          const isImaginary = compareIndex({ op: 'eq', a: mod(own, 2), b: ONE });
          return select(isImaginary, imaginary, real);
        },
      }),
    ];
  };

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  Gelu: withBias((x) => gelu(x, false)),
  BiasGelu: withBias((x) => gelu(x, false)),
  FastGelu: withBias((x) => gelu(x, true)),
  QuickGelu: withBias((x, op) => times(x, sigmoid(times(x, lit(x, op.float('alpha', 1.702)))))),
  BiasAdd: withBias((x) => x),
  BiasSplitGelu: biasSplitGelu,
  BiasSoftmax: biasSoftmax,
  BiasDropout: biasDropout,
  ComplexMul: complexProduct(false),
  ComplexMulConj: complexProduct(true),
};
