/**
 * com.microsoft matrix products on quantised weights: QGemm, MatMulIntegerToFloat, DynamicQuantizeMatMul and
 * MatMulNBits, whose columns are packed in blocks of 4 or 8 bits with a scale each.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, indexValue, literal } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, constant, floorDiv, mod, multiply } from '../loop/indexExpr.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { matrixProduct } from './matmul.ts';
import { view } from './movement.ts';
import { broadcastIndex } from './pointwise.ts';
import type { Read } from './quantisation.ts';
import { centred, dynamicParameters, vectorIndex } from './quantisation.ts';
import { onlyElement, quantised } from './quantised.ts';
import type { Scope } from './scope.ts';
import { minus, over, plus, times } from './terms.ts';

const swapped = (op: LowerOp, field: Field): Field =>
  view(op, field, [field.shape[1]!, field.shape[0]!], ([i, j]) => [j!, i!]);

/** alpha * scales * (A' @ B' + C), in steps of the result's scale where it has one. */
const qGemm: Lowering = (op) => {
  const a = op.int('transA', 0) === 0 ? op.input(0) : swapped(op, op.input(0));
  const b = op.int('transB', 0) === 0 ? op.input(3) : swapped(op, op.input(3));
  const [scaleA, zeroA, scaleB, zeroB] = [1, 2, 4, 5].map((slot) => op.optional(slot));
  const [c, scaleY, zeroY] = [op.optional(6), op.optional(7), op.optional(8)];
  const reads = [centred(a, zeroA, -2), centred(b, zeroB, -1)] as const;
  const shape = op.outputDims();
  const sum = matrixProduct(op, a, b, shape, 'i32', reads);
  const alpha = op.float('alpha', 1);
  const type = op.outputScalar();
  return [
    op.make({
      shape,
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, index) => {
        const total = scope.at(sum, index);
        const whole =
          c === undefined ? total : plus(total, scope.at(c, broadcastIndex(c, shape, index)));
        const columns = scope.at(scaleB!, vectorIndex(scaleB!, index, -1));
        const scales = times(onlyElement(scope, scaleA!), columns);
        const factor = times(scales, literal('f32', alpha));
        if (scaleY === undefined) return times(cast('f32', whole), factor);
        const value = times(cast('f32', whole), over(factor, onlyElement(scope, scaleY)));
        return quantised(value, zeroY && onlyElement(scope, zeroY), type);
      },
    }),
  ];
};

/** Integer product with scales per matrix or column, and a bias. */
function scaledProduct(
  op: LowerOp,
  [a, b]: readonly [Field, Field],
  reads: readonly [Read, Read],
  scales: (scope: Scope, index: readonly Index[]) => Expr,
  bias: Field | undefined,
): Field {
  const sum = matrixProduct(op, a, b, op.outputDims(), 'i32', reads);
  return op.make({
    shape: sum.shape,
    storage: op.outputStorage(),
    cost: 'light',
    element: (scope, index) => {
      const value = times(cast('f32', scope.at(sum, index)), scales(scope, index));
      return bias === undefined ? value : plus(value, scope.at(bias, [index.at(-1)!]));
    },
  });
}

const integerToFloat: Lowering = (op) => {
  const [a, b, scaleA, scaleB] = [0, 1, 2, 3].map((slot) => op.input(slot)) as [
    Field,
    Field,
    Field,
    Field,
  ];
  const reads = [centred(a, op.optional(4), -2), centred(b, op.optional(5), -1)] as const;
  const scales = (scope: Scope, index: readonly Index[]): Expr =>
    times(
      cast('f32', scope.at(scaleA, vectorIndex(scaleA, index, -2))),
      cast('f32', scope.at(scaleB, vectorIndex(scaleB, index, -1))),
    );
  return [scaledProduct(op, [a, b], reads, scales, op.optional(6))];
};

/** The left side is quantised to 8 bits as DynamicQuantizeLinear does it. */
const dynamicProduct: Lowering = (op) => {
  const [a, b, scaleB] = [op.input(0), op.input(1), op.input(2)];
  const { scale, zero } = dynamicParameters(op, a);
  const bytes = op.make({
    shape: a.shape,
    storage: 'u8',
    cost: 'light',
    element: (scope, index) =>
      quantised(over(scope.at(a, index), scope.at(scale, [])), scope.at(zero, []), 'u8'),
  });
  const reads = [centred(bytes, zero, -2), centred(b, op.optional(3), -1)] as const;
  const scales = (scope: Scope, index: readonly Index[]): Expr =>
    times(scope.at(scale, []), scope.at(scaleB, vectorIndex(scaleB, index, -1)));
  return [scaledProduct(op, [bytes, b], reads, scales, op.optional(4))];
};

/** Weights N x blocks x bytes, low bits first; scales and zero points per block of a column. */
const matMulNBits: Lowering = (op) => {
  const [a, b, scales, zeros] = [op.input(0), op.input(1), op.input(2), op.optional(3)];
  if (op.has(4)) op.unsupported('an order of its groups');
  const bias = op.optional(5);
  const [bits, block, depth] = [op.int('bits', 4), op.int('block_size', 0), op.int('K', 0)];
  if (bits !== 2 && bits !== 4 && bits !== 8) op.unsupported(`weights of ${bits} bits`);
  if (block < 16 || depth < 1) op.unsupported('its block size');
  const blocks = Math.ceil(depth / block);
  const perByte = 8 / bits;
  const type = op.outputScalar();
  const columns = op.int('N', 0);
  /** Element `at` of a row of packed values, as i32. */
  const unpack = (byte: Expr, at: Index): Expr => {
    const wide = cast('i32', byte);
    if (bits === 8) return wide;
    const shift = binary('mul', cast('i32', indexValue(mod(at, perByte))), literal('i32', bits));
    return binary('and', binary('shr', wide, shift), literal('i32', 2 ** bits - 1));
  };
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  const zeroOf = (scope: Scope, n: Index, k: Index): Expr => {
    if (zeros === undefined) return literal(type, 2 ** (bits - 1));
    if (zeros.storage !== 'u8') return cast(type, scope.at(zeros, blockIndex(zeros, n, k)));
    const place = floorDiv(k, perByte);
    const flat = add(multiply(n, zeroBytes), place);
    const byte = scope.at(zeros, zeros.shape.length === 1 ? [flat] : [n, place]);
    return cast(type, unpack(byte, k));
  };
  const blockIndex = (field: Field, n: Index, k: Index): readonly Index[] =>
    field.shape.length === 1 ? [add(multiply(n, blocks), k)] : [n, k];
  const weights = op.make({
    hint: 'weight',
    shape: [constant(depth), constant(columns)],
    storage: type,
    cost: 'light',
    element: (scope, [k, n]) => {
      const own = floorDiv(k!, block);
      const inside = mod(k!, block);
      const byte = scope.at(b, [n!, own, floorDiv(inside, perByte)]);
      const value = minus(cast(type, unpack(byte, inside)), zeroOf(scope, n!, own));
      return times(value, cast(type, scope.at(scales, blockIndex(scales, n!, own))));
    },
  });
  const sum = matrixProduct(op, a, weights, op.outputDims(), type);
  if (bias === undefined) return [{ ...sum, storage: op.outputStorage() }];
  return [
    op.make({
      shape: sum.shape,
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, index) => plus(scope.at(sum, index), scope.at(bias, [index.at(-1)!])),
    }),
  ];
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  QGemm: qGemm,
  MatMulIntegerToFloat: integerToFloat,
  DynamicQuantizeMatMul: dynamicProduct,
  MatMulNBits: matMulNBits,
};
