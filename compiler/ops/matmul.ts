/**
 * Matrix products: MatMul 13, Gemm 13, MatMulInteger 10 and Det 22. Shapes follow NumPy's matmul: 1-D
 * operands gain an axis that the result loses again, leading axes broadcast.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimEqual, dimMul, dimProduct, formatShape } from '../graph/dim.ts';
import type { Shape } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import type { MappingType } from '../mapping/mappingTypes.ts';
import type { InferContext, Mapping, OperatorEntry, OpView } from './define.ts';
import { withEdges } from './edgeMapping.ts';
import { operator } from './entry.ts';
import { elementCount } from './flops.ts';
import { broadcastShapes, commonDtype } from './inferRules.ts';
import { broadcasts, elementwiseEdge, nodeMapping, opaqueMapping } from './mappingRules.ts';

export const FAMILY: readonly OperatorEntry[] = [
  operator('MatMul', {
    since: [1, 9, 13],
    inputs: [2, 2],
    mapping: matmulMapping,
    infer: (op) => [tensorType(commonDtype(op, [0, 1]), matmulShape(op, op.shape(0), op.shape(1)))],
    flops: (op) => matmulFlops(op, op.shape(0)),
    properties: ['associative', 'distributive', 'bilinear'],
  }),
  operator('Gemm', {
    since: [1, 6, 7, 9, 11, 13],
    inputs: [2, 3],
    mapping: gemmMapping,
    infer: (op) => [tensorType(op.dtype(0), gemmShape(op, 0, 1))],
    flops: gemmFlops,
    properties: ['distributive', 'bilinear'],
  }),
  operator('MatMulInteger', {
    since: [10],
    inputs: [2, 4],
    mapping: (op) => opaqueMapping(op, 'integer kernel'),
    infer: (op) => [tensorType('int32', matmulShape(op, op.shape(0), op.shape(1)))],
    flops: (op) => matmulFlops(op, op.shape(0)),
    properties: ['associative', 'distributive', 'bilinear', 'exact'],
  }),
  operator('Det', {
    since: [11, 22],
    mapping: (op) => opaqueMapping(op, 'determinants'),
    infer: (op) => [tensorType(op.dtype(0), detShape(op))],
    flops: detFlops,
  }),
];

/** Shape of `a · b` with NumPy's rules; `null` when a rank is not known; fails when K differs. */
export function matmulShape(op: InferContext, a: Shape, b: Shape): Shape {
  if (a === null || b === null) return null;
  if (a.length === 0 || b.length === 0) op.fail('a scalar is no operand of a matrix product');
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  const [k, other] = [left.at(-1) as Dim, right.at(-2) as Dim];
  if (typeof k === 'number' && typeof other === 'number' && k !== other) {
    op.fail(
      `shapes ${formatShape(a)} and ${formatShape(b)} do not multiply: ${k} against ${other}`,
    );
  }
  const batch = broadcastShapes(op, [left.slice(0, -2), right.slice(0, -2)]) as readonly Dim[];
  const rows = a.length === 1 ? [] : [left.at(-2) as Dim];
  const columns = b.length === 1 ? [] : [right.at(-1) as Dim];
  return [...batch, ...rows, ...columns];
}

/** Two per output element and step along K, which is the last axis of the left operand `a`. */
export function matmulFlops(op: OpView, a: Shape): Dim {
  const k = a?.at(-1);
  return k === undefined ? 0 : dimMul(dimMul(elementCount(op.outputShape(0)), k), 2);
}

export function matmulMapping(op: OpView): Mapping {
  const [a, b] = [op.shape(0), op.shape(1)];
  const rank = op.outputShape(0)?.length;
  if (!a || !b || rank === undefined) return withEdges('many-to-many', BOTH)(op);
  if (a.at(-1) === 1 || (b.length > 1 ? b.at(-2) : b[0]) === 1) {
    return withEdges('one-to-many', [], () => 'outer product')(op);
  }
  if (a.length === 1 || b.length === 1) return withEdges('many-to-many', BOTH)(op);
  const batch = op.outputShape(0)?.slice(0, -2) ?? [];
  const edges = [a, b].map((shape): MappingType =>
    broadcasts(shape.slice(0, -2), batch) ? 'one-to-many' : 'many-to-many',
  );
  return { node: 'many-to-many', edges };
}

const BOTH: readonly MappingType[] = ['many-to-many', 'many-to-many'];

/** A (or its transpose) M×K times B (or its transpose) K×N, as `transA` and `transB` say. */
export function gemmShape(op: InferContext, aInput: number, bInput: number): Shape {
  const [rows, aK] = matrixOf(op, aInput, op.int('transA', 0) !== 0);
  const [bK, columns] = matrixOf(op, bInput, op.int('transB', 0) !== 0);
  if (typeof aK === 'number' && typeof bK === 'number' && aK !== bK) {
    op.fail(`the operands do not multiply: K is ${aK} on the left and ${bK} on the right`);
  }
  return [rows ?? op.dataDim('rows'), columns ?? op.dataDim('columns')];
}

function matrixOf(
  op: InferContext,
  input: number,
  transposed: boolean,
): readonly [Dim | undefined, Dim | undefined] {
  const shape = op.shape(input);
  if (!shape) return [undefined, undefined];
  if (shape.length !== 2) op.fail(`input ${input} has rank ${shape.length}; a matrix is needed`);
  const [rows, columns] = shape;
  return transposed ? [columns, rows] : [rows, columns];
}

function gemmMapping(op: OpView): Mapping {
  const bias = elementwiseEdge(op, 2, op.outputShape(0));
  const k = op.shape(0)?.[op.int('transA', 0) !== 0 ? 0 : 1];
  if (k !== 1) return withEdges('many-to-many', [...BOTH, bias])(op);
  return nodeMapping(
    op,
    ['one-to-many', 'one-to-many', bias].slice(0, op.inputCount) as MappingType[],
    'outer product',
  );
}

export function gemmFlops(op: OpView): Dim {
  const k = op.shape(0)?.[op.int('transA', 0) !== 0 ? 0 : 1];
  const output = op.outputShape(0);
  if (k === undefined || !output) return 0;
  const product = dimMul(dimMul(dimProduct(output), k), 2);
  const bias = op.has(2) ? (op.float('beta', 1) === 1 ? 1 : 2) : 0;
  const scale = op.float('alpha', 1) === 1 ? 0 : 1;
  return dimAdd(product, dimMul(dimProduct(output), bias + scale));
}

function detShape(op: InferContext): Shape {
  const shape = op.shape(0);
  if (!shape) return null;
  const [rows, columns] = shape.slice(-2);
  if (rows === undefined || columns === undefined) op.fail(`rank ${shape.length} holds no matrix`);
  if (typeof rows === 'number' && typeof columns === 'number' && !dimEqual(rows, columns)) {
    op.fail(`its matrices are ${rows}×${columns}, not square`);
  }
  return shape.slice(0, -2);
}

/** Gaussian elimination: 2/3·n³ per matrix. */
function detFlops(op: OpView): Dim {
  const n = op.shape(0)?.at(-1);
  if (typeof n !== 'number') return 0;
  return dimMul(elementCount(op.outputShape(0)), Math.round((2 / 3) * n ** 3));
}
