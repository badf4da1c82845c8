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
  return [matrixProduct(op, a, b, op.outputDims(), op.outputStorage())];
};

/** alpha * A' @ B' + beta * C of Gemm's inputs and attributes. */
export function gemmOf(op: LowerOp): Field {
  const [a, b, c] = [op.input(0), op.input(1), op.optional(2)];
  const [alpha, beta] = [op.float('alpha', 1), op.float('beta', 1)];
  const [transA, transB] = [op.int('transA', 0) !== 0, op.int('transB', 0) !== 0];
  const shape = op.outputDims();
  const type = op.outputScalar();
  const depth = a.shape[transA ? 0 : 1]!;
  const sum = op.make({
    shape,
    storage: type,
    cost: 'heavy',
    element: (scope, [i, j]) =>
      scope.fold('acc', literal(type, 0), [depth], (inner, [k], soFar) => {
        const x = inner.at(a, transA ? [k!, i!] : [i!, k!]);
        const y = inner.at(b, transB ? [j!, k!] : [k!, j!]);
        return binary('add', soFar, binary('mul', x, y));
      }),
  });
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
