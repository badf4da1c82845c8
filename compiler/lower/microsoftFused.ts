/**
 * com.microsoft convolutions and products with an activation, a residual, a scale or transpositions folded in.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, literal } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { convolutionSum, reading } from './convolution.ts';
import { gelu } from './elementwiseUnary.ts';
import type { Field } from './field.ts';
import { fusedActivation } from './fusedActivation.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { gemmOf, matrixProduct } from './matmul.ts';
import { view } from './movement.ts';
import { broadcastIndex } from './pointwise.ts';
import { plus } from './terms.ts';

/** N x spatial x C as N x C x spatial. */
export function channelsFirst(op: LowerOp, x: Field): Field {
  const [n, ...rest] = x.shape;
  const spatial = rest.slice(0, -1);
  return view(op, x, [n!, rest.at(-1)!, ...spatial], ([b, c, ...at]) => [b!, ...at, c!]);
}

export function channelsLast(op: LowerOp, x: Field): Field {
  const [n, c, ...spatial] = x.shape;
  return view(op, x, [n!, ...spatial, c!], (index) => [
    index[0]!,
    index.at(-1)!,
    ...index.slice(1, -1),
  ]);
}

const fusedConv =
  (last: boolean): Lowering =>
  (op) => {
    const x = last ? channelsFirst(op, op.input(0)) : op.input(0);
    const [w, bias] = [op.input(1), op.optional(2)];
    const given = op.optional(3);
    const residual = given && last ? channelsFirst(op, given) : given;
    const out = op.outputDims();
    const shape = last ? [out[0]!, out.at(-1)!, ...out.slice(1, -1)] : out;
    const sum = convolutionSum(op, x, w, shape, op.outputScalar(), [reading(x), reading(w)]);
    const activation = fusedActivation(op);
    const y = op.make({
      shape,
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, index) => {
        let value = scope.at(sum, index);
        if (bias !== undefined) value = plus(value, scope.at(bias, [index[1]!]));
        if (residual !== undefined) {
          value = plus(value, scope.at(residual, broadcastIndex(residual, shape, index)));
        }
        return activation(value);
      },
    });
    return [last ? channelsLast(op, y) : y];
  };

/** As the product reads it: `transBatch` moves the first axis behind the batch axes, `trans` swaps the last two. */
function operand(op: LowerOp, slot: number, letter: 'A' | 'B'): Field {
  const field = op.input(slot);
  const rank = field.shape.length;
  const transposes = op.int(`trans${letter}`, 0) !== 0;
  if (rank < 2) return field;
  let order = field.shape.map((_, axis) => axis);
  if (op.int(`transBatch${letter}`, 0) !== 0) {
    order = [...order.slice(1, -1), order[0]!, order.at(-1)!];
  }
  if (transposes) order = [...order.slice(0, -2), order.at(-1)!, order.at(-2)!];
  if (order.every((axis, i) => axis === i)) return field;
  const shape = order.map((axis) => field.shape[axis]!);
  return view(op, field, shape, (index) =>
    field.shape.map((_, axis): Index => index[order.indexOf(axis)]!),
  );
}

const fusedMatMul: Lowering = (op) => {
  const [a, b] = [operand(op, 0, 'A'), operand(op, 1, 'B')];
  const sum = matrixProduct(op, a, b, op.outputDims(), op.outputScalar());
  const alpha = op.float('alpha', 1);
  const activation = fusedActivation(op);
  return [
    op.make({
      shape: sum.shape,
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, index) => {
        const x = scope.at(sum, index);
        return activation(alpha === 1 ? x : binary('mul', x, literal(x.type, alpha)));
      },
    }),
  ];
};

const fusedGemm: Lowering = (op) => {
  const product = gemmOf(op);
  const activation = fusedActivation(op);
  return [mapped(op, product, activation)];
};

const gemmFastGelu: Lowering = (op) => {
  const [a, b, bias] = [op.input(0), op.input(1), op.optional(2)];
  const sum = matrixProduct(op, a, b, op.outputDims(), op.outputScalar());
  return [
    op.make({
      shape: sum.shape,
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, index) => {
        const x = scope.at(sum, index);
        return gelu(bias === undefined ? x : plus(x, scope.at(bias, [index.at(-1)!])), true);
      },
    }),
  ];
};

function mapped(op: LowerOp, field: Field, of: (x: Expr) => Expr): Field {
  return op.make({
    shape: field.shape,
    storage: op.outputStorage(),
    cost: 'light',
    element: (scope, index) => of(scope.at(field, index)),
  });
}

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  FusedConv: fusedConv(false),
  NhwcConv: fusedConv(true),
  NhwcFusedConv: fusedConv(true),
  FusedMatMul: fusedMatMul,
  TransposeMatMul: fusedMatMul,
  FusedMatMulActivation: fusedMatMul,
  FusedGemm: fusedGemm,
  GemmFastGelu: gemmFastGelu,
};
