/**
 * Elementwise operators of one tensor: mathematics and activations. Same shape and element type as the
 * input (predicates give bool), One-to-One. FLOPs count the scalar operations of the usual formula.
 */
import type { Dim } from '../graph/dim.ts';
import { dimSub } from '../graph/dim.ts';
import type { DimRule, NumberRule } from './arithmetic.ts';
import { evaluateElementwise } from './arithmetic.ts';
import type { OperatorEntry, OpView, Property } from './define.ts';
import { lowerBound } from './dimBounds.ts';
import type { OperatorSpec } from './entry.ts';
import { operator } from './entry.ts';
import { perOutputElement } from './flops.ts';
import { sameAsInput, sameShape } from './inferRules.ts';
import { fixedMapping } from './mappingRules.ts';

interface UnaryRule {
  readonly numbers?: NumberRule;
  readonly dims?: DimRule;
  readonly flops?: number;
}

function unary(
  name: string,
  since: readonly number[],
  properties: readonly Property[],
  rule: UnaryRule = {},
  spec: Partial<OperatorSpec> = {},
): OperatorEntry {
  const { numbers, dims } = rule;
  return operator(name, {
    since,
    properties,
    mapping: fixedMapping('one-to-one'),
    infer: sameAsInput(),
    flops: perOutputElement(rule.flops ?? 1),
    ...(numbers && { evaluate: (op: OpView) => evaluateElementwise(op, numbers, dims) }),
    ...spec,
  });
}

/** Sizes are whole numbers: rounding leaves them as they are. */
const unchanged: DimRule = (x) => x as Dim;
const whenNotNegative: DimRule = (x) => (lowerBound(x as Dim) >= 0 ? x : undefined);

const MATHEMATICS: readonly OperatorEntry[] = [
  unary('Abs', [1, 6, 13], ['idempotent', 'homogeneous', 'zero-preserving', 'exact'], {
    numbers: Math.abs,
    dims: whenNotNegative,
  }),
  unary(
    'Neg',
    [1, 6, 13],
    ['involutive', 'linear', 'monotone-decreasing', 'zero-preserving', 'exact'],
    {
      numbers: (x) => -(x as number),
      dims: negate,
    },
  ),
  unary('Sign', [9, 13], ['idempotent', 'monotone-increasing', 'zero-preserving', 'exact'], {
    numbers: Math.sign,
  }),
  unary('Ceil', [1, 6, 13], ['idempotent', 'monotone-increasing', 'zero-preserving', 'exact'], {
    numbers: Math.ceil,
    dims: unchanged,
  }),
  unary('Floor', [1, 6, 13], ['idempotent', 'monotone-increasing', 'zero-preserving', 'exact'], {
    numbers: Math.floor,
    dims: unchanged,
  }),
  unary('Round', [11], ['idempotent', 'monotone-increasing', 'zero-preserving', 'exact'], {
    numbers: roundHalfToEven,
    dims: unchanged,
  }),
  unary('Reciprocal', [1, 6, 13], ['involutive'], { numbers: (x) => 1 / (x as number) }),
  unary('Sqrt', [1, 6, 13], ['monotone-increasing', 'zero-preserving'], { numbers: Math.sqrt }),
  unary('Exp', [1, 6, 13], ['monotone-increasing'], { numbers: Math.exp }),
  unary('Log', [1, 6, 13], ['monotone-increasing'], { numbers: Math.log }),
  unary('Erf', [9, 13], ['monotone-increasing', 'zero-preserving']),
  unary('Sin', [7], ['zero-preserving'], { numbers: Math.sin }),
  unary('Cos', [7], [], { numbers: Math.cos }),
  unary('Tan', [7], ['zero-preserving']),
  unary('Asin', [7], ['monotone-increasing', 'zero-preserving']),
  unary('Acos', [7], ['monotone-decreasing']),
  unary('Atan', [7], ['monotone-increasing', 'zero-preserving']),
  unary('Sinh', [9], ['monotone-increasing', 'zero-preserving']),
  unary('Cosh', [9], []),
  unary('Tanh', [1, 6, 13], ['monotone-increasing', 'zero-preserving'], { numbers: Math.tanh }),
  unary('Asinh', [9], ['monotone-increasing', 'zero-preserving']),
  unary('Acosh', [9], ['monotone-increasing']),
  unary('Atanh', [9], ['monotone-increasing', 'zero-preserving']),
];

const ACTIVATIONS: readonly OperatorEntry[] = [
  unary(
    'Relu',
    [1, 6, 13, 14],
    ['idempotent', 'monotone-increasing', 'homogeneous', 'zero-preserving', 'exact'],
    { numbers: (x) => Math.max(x as number, 0), dims: whenNotNegative },
  ),
  unary('LeakyRelu', [1, 6, 16], ['monotone-increasing', 'homogeneous', 'zero-preserving'], {
    flops: 2,
  }),
  unary('ThresholdedRelu', [10], ['idempotent', 'monotone-increasing', 'zero-preserving']),
  unary('Elu', [1, 6], ['monotone-increasing', 'zero-preserving'], { flops: 4 }),
  unary('Selu', [1, 6], ['monotone-increasing', 'zero-preserving'], { flops: 5 }),
  unary('Celu', [12], ['monotone-increasing', 'zero-preserving'], { flops: 6 }),
  unary('Sigmoid', [1, 6, 13], ['monotone-increasing'], {
    numbers: (x) => 1 / (1 + Math.exp(-(x as number))),
    flops: 4,
  }),
  unary('HardSigmoid', [1, 6], ['monotone-increasing'], { flops: 4 }),
  unary('HardSwish', [14], ['zero-preserving'], { flops: 5 }),
  unary('Swish', [24], ['zero-preserving'], { flops: 6 }),
  unary('Gelu', [20], ['zero-preserving'], { flops: 5 }),
  unary('Mish', [18], ['zero-preserving'], { flops: 5 }),
  unary('Softplus', [1], ['monotone-increasing'], { flops: 3 }),
  unary('Softsign', [1], ['monotone-increasing', 'zero-preserving'], { flops: 3 }),
  unary('Shrink', [9], ['zero-preserving'], { flops: 3 }),
];

const PREDICATES: readonly OperatorEntry[] = [
  unary(
    'IsNaN',
    [9, 13, 20],
    ['exact'],
    { numbers: (x) => (Number.isNaN(x) ? 1 : 0) },
    {
      infer: sameShape('bool'),
    },
  ),
  unary('IsInf', [10, 20], ['exact'], {}, { infer: sameShape('bool'), evaluate: evaluateIsInf }),
  unary('Not', [1], ['involutive', 'monotone-decreasing', 'exact'], {
    numbers: (x) => (x ? 0 : 1),
  }),
  unary('BitwiseNot', [18], ['involutive', 'exact'], { numbers: (x) => -(x as number) - 1 }),
];

export const FAMILY: readonly OperatorEntry[] = [...MATHEMATICS, ...ACTIVATIONS, ...PREDICATES];

function negate(x?: Dim): Dim {
  return dimSub(0, x as Dim);
}

/** ONNX Round: halves go to the even neighbour. */
function roundHalfToEven(x?: number): number {
  const value = x as number;
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function evaluateIsInf(op: OpView): ReturnType<typeof evaluateElementwise> {
  const positive = op.int('detect_positive', 1) !== 0;
  const negative = op.int('detect_negative', 1) !== 0;
  return evaluateElementwise(op, (x) =>
    (positive && x === Infinity) || (negative && x === -Infinity) ? 1 : 0,
  );
}
