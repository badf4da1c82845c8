/**
 * Matrix products: MatMul (numpy rules), Gemm, MatMulInteger. The generic form is a sum per element;
 * schedules tile it.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, literal } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import type { ScalarType, StorageType } from '../loop/scalarType.ts';
import { registerType } from '../loop/scalarType.ts';
import type { Field } from './field.ts';
import { integerOperands, scaledSum } from './integerProduct.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { broadcastIndex } from './pointwise.ts';
import type { Scope } from './scope.ts';

type Read = (scope: Scope, index: readonly Index[]) => Expr;

const plain =
  (field: Field): Read =>
  (scope, index) =>
    scope.at(field, index);

/** a @ b with broadcast batches; `type` is that of the sum. */
export function matrixProduct(
  op: LowerOp,
  a: Field,
  b: Field,
  shape: readonly Index[],
  storage: StorageType,
  [readA, readB]: readonly [Read, Read] = [plain(a), plain(b)],
): Field {
  const type: ScalarType = registerType(storage);
  const [vectorA, vectorB] = [a.shape.length === 1, b.shape.length === 1];
  const depth = a.shape.at(-1)!;
  const batch = shape.slice(0, shape.length - (vectorA ? 0 : 1) - (vectorB ? 0 : 1));
  return op.make({
    shape,
    storage,
    cost: 'heavy',
    element: (scope, index) => {
      const at = index.slice(0, batch.length);
      const row = vectorA ? undefined : index[batch.length]!;
      const column = vectorB ? undefined : index.at(-1)!;
      const inBatch = (field: Field): readonly Index[] =>
        broadcastIndex({ shape: field.shape.slice(0, -2) }, batch, at);
      return scope.fold('acc', literal(type, 0), [depth], (inner, [k], sum) => {
        const x = readA(inner, row === undefined ? [k!] : [...inBatch(a), row, k!]);
        const y = readB(inner, column === undefined ? [k!] : [...inBatch(b), k!, column]);
        return binary('add', sum, binary('mul', cast(type, x), cast(type, y)));
      });
    },
  });
}

const matmul: Lowering = (op) => {
  const [a, b] = [op.input(0), op.input(1)];
  const shape = op.outputDims();
  return [integerProduct(op, a, b, shape) ?? matrixProduct(op, a, b, shape, op.outputStorage())];
};

/** Of dequantised operands: the product of integers, scaled per column. */
function integerProduct(
  op: LowerOp,
  a: Field,
  b: Field,
  shape: readonly Index[],
): Field | undefined {
  const type = op.outputScalar();
  // A vector on the right has no columns.
  if (b.shape.length < 2 || (type !== 'f32' && type !== 'f64')) return undefined;
  const operands = integerOperands(a, b, b.shape.length - 1, [a.shape.at(-1)!]);
  if (operands === undefined) return undefined;
  const sum = matrixProduct(op, a, b, shape, 'i32', [operands[0].read, operands[1].read]);
  return op.make({
    shape,
    storage: type,
    cost: 'light',
    element: (scope, index) =>
      scaledSum(scope, scope.at(sum, index), operands, index.at(-1)!, type),
  });
}

/** alpha * A' @ B' + beta * C of Gemm's inputs and attributes. */
export function gemmOf(op: LowerOp): Field {
  const [a, b, c] = [op.input(0), op.input(1), op.optional(2)];
  const [alpha, beta] = [op.float('alpha', 1), op.float('beta', 1)];
  const [transA, transB] = [op.int('transA', 0) !== 0, op.int('transB', 0) !== 0];
  const shape = op.outputDims();
  const type = op.outputScalar();
  const depth = a.shape[transA ? 0 : 1]!;
  const operands = integerOperands(a, b, transB ? 0 : 1, [depth]);
  const isInteger = operands !== undefined && (type === 'f32' || type === 'f64');
  const [readA, readB] = isInteger ? [operands[0].read, operands[1].read] : [plain(a), plain(b)];
  const sumType: ScalarType = isInteger ? 'i32' : type;
  const raw = op.make({
    shape,
    storage: sumType,
    cost: 'heavy',
    element: (scope, [i, j]) =>
      scope.fold('acc', literal(sumType, 0), [depth], (inner, [k], soFar) => {
        const x = readA(inner, transA ? [k!, i!] : [i!, k!]);
        const y = readB(inner, transB ? [j!, k!] : [k!, j!]);
        return binary('add', soFar, binary('mul', x, y));
      }),
  });
  const sum = isInteger
    ? op.make({
        shape,
        storage: type,
        cost: 'light',
        element: (scope, index) =>
          scaledSum(scope, scope.at(raw, index), operands, index[1]!, type),
      })
    : raw;
  const scaled = (factor: number, x: Expr): Expr =>
    factor === 1 ? x : binary('mul', x, literal(type, factor));
  return op.make({
    shape,
    storage: op.outputStorage(),
    cost: 'light',
    element: (scope, index) => {
      const product = scaled(alpha, scope.at(sum, index));
      if (c === undefined) return product;
      return binary('add', product, scaled(beta, scope.at(c, broadcastIndex(c, shape, index))));
    },
  });
}

const gemm: Lowering = (op) => [gemmOf(op)];

export const LOWERINGS: Readonly<Record<string, Lowering>> = { MatMul: matmul, Gemm: gemm };
