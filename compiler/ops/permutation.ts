/**
 * Shuffle: axes or blocks of axes change places. Transpose, DepthToSpace, SpaceToDepth and
 * ReverseSequence; a transposition that moves only axes of one element is Reorganize.
 */
import type { Dim } from '../graph/dim.ts';
import { dimFloorDiv, dimMul } from '../graph/dim.ts';
import type { KnownTensor } from '../graph/graph.ts';
import type { Shape } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { expectRank, expectRankAtLeast } from './axes.ts';
import type { InferContext, Mapping, OperatorEntry, OpView, Property } from './define.ts';
import { operator } from './entry.ts';
import { sameAsInput } from './inferRules.ts';
import { moveElements, outputDims, positionOf, stridesOf } from './known.ts';
import { dataMapping, fixedMapping } from './mappingRules.ts';

const MOVES: readonly Property[] = ['linear', 'commutes-with-movement', 'exact'];

export const FAMILY: readonly OperatorEntry[] = [
  operator('Transpose', {
    since: [1, 13, 21],
    mapping: transposeMapping,
    infer: (op) => [tensorType(op.dtype(0), transposedShape(op))],
    properties: MOVES,
    evaluate: evaluateTranspose,
  }),
  operator('DepthToSpace', {
    since: [1, 11, 13],
    mapping: dataMapping('shuffle'),
    infer: (op) => [tensorType(op.dtype(0), depthToSpaceShape(op))],
    properties: MOVES,
  }),
  operator('SpaceToDepth', {
    since: [1, 13],
    mapping: dataMapping('shuffle'),
    infer: (op) => [tensorType(op.dtype(0), spaceToDepthShape(op))],
    properties: MOVES,
  }),
  operator('ReverseSequence', {
    since: [10],
    inputs: [2, 2],
    mapping: (op) => {
      const runtime = op.isConstant(1) ? undefined : 'sequence lengths known at run time only';
      return dataMapping('shuffle', 1, runtime)(op);
    },
    infer: (op) => {
      expectRankAtLeast(op, 0, 2);
      expectRank(op, 1, 1);
      return sameAsInput()(op);
    },
    properties: [...MOVES, 'involutive'],
  }),
];

/** The permutation, default: all axes reversed. `undefined` when it does not fit the rank. */
function permutationOf(op: OpView, rank: number): readonly number[] | undefined {
  const stated = op.ints('perm');
  if (!stated) return Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const axes = stated.map((axis) => (axis < 0 ? axis + rank : axis));
  const complete = axes.length === rank && new Set(axes).size === rank;
  const inside = axes.every((axis) => Number.isInteger(axis) && axis >= 0 && axis < rank);
  return complete && inside ? axes : undefined;
}

function transposedShape(op: InferContext): Shape {
  const shape = op.shape(0);
  if (shape === null) return null;
  const perm = permutationOf(op, shape.length);
  if (!perm) op.fail(`perm [${op.ints('perm')?.join(', ')}] does not fit rank ${shape.length}`);
  return perm.map((axis) => shape[axis] as Dim);
}

function transposeMapping(op: OpView): Mapping {
  const shape = op.shape(0);
  const perm = shape && permutationOf(op, shape.length);
  if (!shape || !perm) return fixedMapping('shuffle')(op);
  const moved = perm.filter((axis) => shape[axis] !== 1);
  const inOrder = moved.every((axis, i) => i === 0 || axis > (moved[i - 1] as number));
  if (!inOrder) return fixedMapping('shuffle')(op);
  return fixedMapping('reorganize', 'moves only axes of one element')(op);
}

function evaluateTranspose(op: OpView): readonly KnownTensor[] | undefined {
  const input = op.known(0);
  const perm = input && permutationOf(op, input.dims.length);
  if (!input || !perm) return undefined;
  const strides = stridesOf(input.dims);
  const permuted = perm.map((axis) => strides[axis] as number);
  return [moveElements(input, outputDims(op), (index) => positionOf(index, permuted))];
}

function blockSize(op: InferContext): number {
  const size = op.int('blocksize', 0);
  return size > 0 ? size : op.fail(`blocksize ${size} is not positive`);
}

function depthToSpaceShape(op: InferContext): Shape {
  expectRank(op, 0, 4);
  const block = blockSize(op);
  const shape = op.shape(0);
  if (shape === null) return null;
  const [batch, channels, height, width] = shape as [Dim, Dim, Dim, Dim];
  const depth = divided(op, channels, block * block, 'channels');
  return [batch, depth, dimMul(height, block), dimMul(width, block)];
}

function spaceToDepthShape(op: InferContext): Shape {
  expectRank(op, 0, 4);
  const block = blockSize(op);
  const shape = op.shape(0);
  if (shape === null) return null;
  const [batch, channels, height, width] = shape as [Dim, Dim, Dim, Dim];
  const rows = divided(op, height, block, 'rows');
  return [batch, dimMul(channels, block * block), rows, divided(op, width, block, 'columns')];
}

function divided(op: InferContext, dim: Dim, by: number, what: string): Dim {
  if (typeof dim === 'number' && dim % by !== 0) op.fail(`${dim} ${what} do not divide by ${by}`);
  return dimFloorDiv(dim, by);
}
