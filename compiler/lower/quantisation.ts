/**
 * Quantisation: QuantizeLinear and DequantizeLinear (per tensor, axis or block), integer products with zero
 * points, and the QLinear forms as integer sum, rescale, round, saturate.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, literal, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { floorDiv, ZERO } from '../loop/indexExpr.ts';
import type { ScalarType } from '../loop/scalarType.ts';
import { registerType } from '../loop/scalarType.ts';
import { axisIn } from '../ops/axes.ts';
import { convolutionSum, isOne } from './convolution.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { matrixProduct } from './matmul.ts';
import { quantised } from './quantised.ts';
import { reduceKept } from './reduction.ts';
import type { Scope } from './scope.ts';

/** Where a scale or zero point is read: one for all, one per slice of `axis`, or one per block of it. */
export function parameterIndex(
  op: LowerOp,
  parameter: Field,
  index: readonly Index[],
): readonly Index[] {
  if (parameter.shape.length === 0) return [];
  if (parameter.shape.length === 1 && isOne(parameter)) return [ZERO];
  const axis = axisIn(op.int('axis', 1), index.length) ?? op.unsupported('its axis');
  if (parameter.shape.length === 1 && op.int('block_size', 0) === 0) return [index[axis]!];
  const block = op.int('block_size', 0);
  if (block < 1) return op.unsupported('its block size');
  return index.map((at, place) => (place === axis ? floorDiv(at, block) : at));
}

const quantizeLinear: Lowering = (op) => {
  const [x, scale, zero] = [op.input(0), op.input(1), op.optional(2)];
  const storage = op.outputStorage();
  const type = registerType(storage);
  if (!['u8', 'i8', 'u16', 'i16'].includes(type)) op.unsupported(`quantises to ${type}`);
  return [
    op.make({
      shape: x.shape,
      storage,
      cost: 'light',
      element: (scope, index) => {
        const value = cast('f32', scope.at(x, index));
        const factor = cast('f32', scope.at(scale, parameterIndex(op, scale, index)));
        const shift = zero && scope.at(zero, parameterIndex(op, zero, index));
        return quantised(binary('div', value, factor), shift, type);
      },
    }),
  ];
};

const dequantizeLinear: Lowering = (op) => {
  const [x, scale, zero] = [op.input(0), op.input(1), op.optional(2)];
  const type = op.outputScalar();
  const origin = originOf(op, x, scale, zero);
  return [
    op.make({
      shape: x.shape,
      storage: op.outputStorage(),
      cost: 'light',
      ...(origin && { quantised: origin }),
      element: (scope, index) => {
        const value = cast('i32', scope.at(x, index));
        const shift = zero && cast('i32', scope.at(zero, parameterIndex(op, zero, index)));
        const centred = shift === undefined ? value : binary('sub', value, shift);
        const factor = cast(type, scope.at(scale, parameterIndex(op, scale, index)));
        return binary('mul', cast(type, centred), factor);
      },
    }),
  ];
};

/** What a product may compute with instead; not for blocks of a scale. */
function originOf(
  op: LowerOp,
  field: Field,
  scale: Field,
  zero: Field | undefined,
): Field['quantised'] {
  if (op.outputStorage() !== 'f32') return undefined;
  if (op.int('block_size', 0) !== 0 || scale.shape.length > 1) return undefined;
  if (isOne(scale)) return { field, scale, zero, axis: undefined };
  const axis = axisIn(op.int('axis', 1), field.shape.length);
  return axis === undefined ? undefined : { field, scale, zero, axis };
}

/** Scale and zero point from the range of the data, which includes 0. */
export function dynamicParameters(
  op: LowerOp,
  x: Field,
): { readonly scale: Field; readonly zero: Field } {
  const axes = x.shape.map((_, axis) => axis);
  const zeroIncluded = (step: 'max' | 'min') => ({
    start: (type: ScalarType): Expr => literal(type, 0),
    step: (a: Expr, b: Expr): Expr => binary(step, a, b),
  });
  const [high, low] = [
    reduceKept(op, x, axes, zeroIncluded('max')),
    reduceKept(op, x, axes, zeroIncluded('min')),
  ];
  const corner = axes.map(() => ZERO);
  const scale = op.make({
    shape: [],
    storage: 'f32',
    cost: 'light',
    element: (scope) =>
      binary(
        'div',
        binary('sub', scope.at(high, corner), scope.at(low, corner)),
        literal('f32', 255),
      ),
  });
  const zero = op.make({
    shape: [],
    storage: 'u8',
    cost: 'light',
    element: (scope) => {
      const position = binary('div', unary('neg', scope.at(low, corner)), scope.at(scale, []));
      return quantised(position, undefined, 'u8');
    },
  });
  return { scale, zero };
}

const dynamicQuantizeLinear: Lowering = (op) => {
  const x = op.input(0);
  const { scale, zero } = dynamicParameters(op, x);
  const y = op.make({
    shape: x.shape,
    storage: 'u8',
    cost: 'light',
    element: (scope, index) =>
      quantised(binary('div', scope.at(x, index), scope.at(scale, [])), scope.at(zero, []), 'u8'),
  });
  return [y, scale, zero];
};

export type Read = (scope: Scope, index: readonly Index[]) => Expr;

/** An integer element minus its zero point; `along`: the axis that a vector of zero points belongs to. */
export function centred(field: Field, zero: Field | undefined, along: number): Read {
  return (scope, index) => {
    const value = cast('i32', scope.at(field, index));
    if (zero === undefined) return value;
    const at = vectorIndex(zero, index, along);
    return binary('sub', value, cast('i32', scope.at(zero, at)));
  };
}

/** Zero points and scales of products: a scalar, or one per row or column. */
export function vectorIndex(
  parameter: Field,
  index: readonly Index[],
  along: number,
): readonly Index[] {
  if (parameter.shape.length === 0) return [];
  if (isOne(parameter)) return parameter.shape.map(() => ZERO);
  const axis = along < 0 ? index.length + along : along;
  if (parameter.shape.length === 1) return [index[axis]!];
  // Batched: [..., rows, 1] or [..., 1, columns].
  return parameter.shape.map((dim, place) =>
    dim.kind === 'constant' && dim.value === 1
      ? ZERO
      : index[place + index.length - parameter.shape.length]!,
  );
}

const matmulInteger: Lowering = (op) => {
  const [a, b] = [op.input(0), op.input(1)];
  const reads = [centred(a, op.optional(2), -2), centred(b, op.optional(3), -1)] as const;
  return [matrixProduct(op, a, b, op.outputDims(), 'i32', reads)];
};

/** sum * scaleA * scaleB / scaleY, rounded and shifted. */
function requantised(
  op: LowerOp,
  sum: Field,
  factors: (scope: Scope, index: readonly Index[]) => Expr,
  zero: Field | undefined,
): Field {
  const storage = op.outputStorage();
  return op.make({
    shape: sum.shape,
    storage,
    cost: 'light',
    element: (scope, index) => {
      const value = binary('mul', cast('f32', scope.at(sum, index)), factors(scope, index));
      const shift =
        zero &&
        scope.at(
          zero,
          zero.shape.map(() => ZERO),
        );
      return quantised(value, shift, registerType(storage));
    },
  });
}

const qlinearMatmul: Lowering = (op) => {
  const [a, scaleA, zeroA, b, scaleB, zeroB, scaleY, zeroY] = [0, 1, 2, 3, 4, 5, 6, 7].map((slot) =>
    op.input(slot),
  ) as [Field, Field, Field, Field, Field, Field, Field, Field];
  const reads = [centred(a, zeroA, -2), centred(b, zeroB, -1)] as const;
  const sum = matrixProduct(op, a, b, op.outputDims(), 'i32', reads);
  const factors = (scope: Scope, index: readonly Index[]): Expr => {
    const x = cast('f32', scope.at(scaleA, vectorIndex(scaleA, index, -2)));
    const y = cast('f32', scope.at(scaleB, vectorIndex(scaleB, index, -1)));
    const out = cast(
      'f32',
      scope.at(
        scaleY,
        scaleY.shape.map(() => ZERO),
      ),
    );
    return binary('div', binary('mul', x, y), out);
  };
  return [requantised(op, sum, factors, zeroY)];
};

const qlinearConv: Lowering = (op) => {
  const [x, scaleX, zeroX, w, scaleW, zeroW, scaleY, zeroY] = [0, 1, 2, 3, 4, 5, 6, 7].map((slot) =>
    op.input(slot),
  ) as [Field, Field, Field, Field, Field, Field, Field, Field];
  const bias = op.optional(8);
  const reads = [centred(x, zeroX, 1), centred(w, zeroW, 0)] as const;
  const sum = convolutionSum(op, x, w, op.outputDims(), 'i32', reads);
  const biased =
    bias === undefined
      ? sum
      : op.make({
          shape: sum.shape,
          storage: 'i32',
          cost: 'light',
          element: (scope, index) =>
            binary('add', scope.at(sum, index), scope.at(bias, [index[1]!])),
        });
  const factors = (scope: Scope, index: readonly Index[]): Expr => {
    const a = scope.at(
      scaleX,
      scaleX.shape.map(() => ZERO),
    );
    const b = scope.at(scaleW, vectorIndex(scaleW, index, 1));
    return binary(
      'div',
      binary('mul', a, b),
      scope.at(
        scaleY,
        scaleY.shape.map(() => ZERO),
      ),
    );
  };
  return [requantised(op, biased, factors, zeroY)];
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
  MatMulInteger: matmulInteger,
  QLinearMatMul: qlinearMatmul,
  QLinearConv: qlinearConv,
};
