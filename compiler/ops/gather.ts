/**
 * Reads at computed positions: Gather, GatherElements, GatherND, Compress. One-to-Many in general; with
 * constant indices the mapping type follows from them (a permutation, a run, one element).
 */
import type { Dim } from '../graph/dim.ts';
import type { KnownTensor } from '../graph/graph.ts';
import type { Shape } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { axisIn, expectRankAtLeast, normaliseAxis } from './axes.ts';
import { sharedDim } from './concat.ts';
import type { InferContext, Mapping, OperatorEntry, OpView, Property } from './define.ts';
import { operator } from './entry.ts';
import { elementCount } from './flops.ts';
import type { KnownElement } from './known.ts';
import { moveElements, outputDims, positionOf, stridesOf } from './known.ts';
import { dataMapping, nodeMapping, opaqueMapping } from './mappingRules.ts';

const MOVES: readonly Property[] = ['linear', 'commutes-with-movement', 'exact'];

export const FAMILY: readonly OperatorEntry[] = [
  operator('Gather', {
    since: [1, 11, 13],
    inputs: [2, 2],
    mapping: gatherMapping,
    infer: (op) => [tensorType(op.dtype(0), gatheredShape(op))],
    properties: MOVES,
    evaluate: evaluateGather,
  }),
  operator('GatherElements', {
    since: [11, 13],
    inputs: [2, 2],
    mapping: (op) => nodeMapping(op, ['one-to-many', 'one-to-one']),
    infer: (op) => {
      const [data, indices] = [op.shape(0), op.shape(1)];
      if (data && indices && data.length !== indices.length) {
        op.fail(`data of rank ${data.length}, indices of rank ${indices.length}`);
      }
      if (data) normaliseAxis(op, op.int('axis', 0), data.length);
      return [tensorType(op.dtype(0), indices)];
    },
    properties: MOVES,
    evaluate: evaluateGatherElements,
  }),
  operator('GatherND', {
    since: [11, 12, 13],
    inputs: [2, 2],
    mapping: (op) => nodeMapping(op, ['one-to-many', 'one-to-many']),
    infer: (op) => [tensorType(op.dtype(0), gatheredTuplesShape(op))],
    properties: MOVES,
    evaluate: evaluateGatherND,
  }),
  operator('Compress', {
    since: [9, 11],
    inputs: [2, 2],
    mapping: (op) =>
      op.isConstant(1)
        ? dataMapping('one-to-one', 1, 'constant condition')(op)
        : opaqueMapping(op, 'the condition decides the output size'),
    infer: (op) => [tensorType(op.dtype(0), compressedShape(op))],
    properties: MOVES,
  }),
];

function gatheredShape(op: InferContext): Shape {
  const [data, indices] = [op.shape(0), op.shape(1)];
  if (data === null) return null;
  const axis = normaliseAxis(op, op.int('axis', 0), data.length);
  if (indices === null) return null;
  return [...data.slice(0, axis), ...indices, ...data.slice(axis + 1)];
}

/** Constant indices along the axis: one element, a run of neighbours, a permutation, or anything. */
function gatherMapping(op: OpView): Mapping {
  const indices = op.isConstant(1) ? op.known(1) : undefined;
  const shape = op.shape(0);
  const axis = axisIn(op.int('axis', 0), shape?.length ?? 0);
  const length = axis === undefined ? undefined : shape?.[axis];
  if (!indices || length === undefined) return nodeMapping(op, ['one-to-many', 'one-to-many']);
  if (indices.data.length === 1 && indices.dims.length === 0) {
    return dataMapping('reorganize', 1, 'one constant index')(op);
  }
  const numbers = indices.data.map((index) => (typeof index === 'number' ? index : Number.NaN));
  const from = typeof length === 'number' ? length : 0;
  const normal = numbers.map((index) => (index < 0 ? index + from : index));
  if (indices.dims.length !== 1) return nodeMapping(op, ['one-to-many', 'one-to-many']);
  if (isRun(normal)) return dataMapping('one-to-one', 1, 'constant run of indices')(op);
  if (normal.length === length && new Set(normal).size === normal.length) {
    return dataMapping('shuffle', 1, 'constant permutation')(op);
  }
  return nodeMapping(op, ['one-to-many', 'one-to-many']);
}

/** Equal steps in one direction, as a Slice reads. */
function isRun(indices: readonly number[]): boolean {
  if (indices.length < 2) return indices.length === 1;
  const step = (indices[1] as number) - (indices[0] as number);
  return (
    step > 0 && indices.every((index, i) => i === 0 || index - (indices[i - 1] as number) === step)
  );
}

function evaluateGather(op: OpView): readonly KnownTensor[] | undefined {
  const data = op.known(0);
  const indices = op.known(1);
  const axis = axisIn(op.int('axis', 0), data?.dims.length ?? 0);
  if (!data || !indices || axis === undefined) return undefined;
  const length = data.dims[axis] as number;
  const strides = stridesOf(data.dims);
  const indexStrides = stridesOf(indices.dims);
  const rank = indices.dims.length;
  const dims = outputDims(op);
  const blank = data.data.length;
  const source = (index: readonly number[]): number => {
    const at = indices.data[positionOf(index.slice(axis, axis + rank), indexStrides)];
    const own = elementAt(at, length);
    if (own === undefined) return blank;
    return positionOf([...index.slice(0, axis), own, ...index.slice(axis + rank)], strides);
  };
  return [moveElements(data, dims, source)];
}

/** A valid position on an axis; negative indices count from the end. */
function elementAt(index: KnownElement, length: number): number | undefined {
  return typeof index === 'number' ? axisIn(index, length) : undefined;
}

function evaluateGatherElements(op: OpView): readonly KnownTensor[] | undefined {
  const data = op.known(0);
  const indices = op.known(1);
  const axis = axisIn(op.int('axis', 0), data?.dims.length ?? 0);
  if (!data || !indices || axis === undefined) return undefined;
  const strides = stridesOf(data.dims);
  const indexStrides = stridesOf(indices.dims);
  const source = (index: readonly number[]): number => {
    const own = elementAt(indices.data[positionOf(index, indexStrides)], data.dims[axis] as number);
    if (own === undefined) return data.data.length;
    return positionOf(index.with(axis, own), strides);
  };
  return [moveElements(data, outputDims(op), source)];
}

/** Index tuples along the last axis of `indices` address the axes after the batch axes. */
function gatheredTuplesShape(op: InferContext): Shape {
  const [data, indices] = [op.shape(0), op.shape(1)];
  if (data === null || indices === null) return null;
  expectRankAtLeast(op, 1, 1);
  const batch = op.int('batch_dims', 0);
  const tuple = indices.at(-1);
  if (batch < 0 || batch >= Math.min(data.length, indices.length)) op.fail(`batch_dims ${batch}`);
  if (typeof tuple !== 'number') return null;
  if (batch + tuple > data.length) {
    op.fail(`index tuples of ${tuple} for data of rank ${data.length} with ${batch} batch axes`);
  }
  const shared = indices
    .slice(0, -1)
    .map((dim, axis) =>
      axis < batch ? sharedDim(op, dim, data[axis] as Dim, `batch sizes of axis ${axis}`) : dim,
    );
  return [...shared, ...data.slice(batch + tuple)];
}

function evaluateGatherND(op: OpView): readonly KnownTensor[] | undefined {
  const data = op.known(0);
  const indices = op.known(1);
  if (!data || !indices || op.int('batch_dims', 0) !== 0) return undefined;
  const tuple = indices.dims.at(-1) ?? 0;
  const outer = indices.dims.slice(0, -1);
  const outerStrides = stridesOf(outer);
  const strides = stridesOf(data.dims);
  const source = (index: readonly number[]): number => {
    const row = positionOf(index.slice(0, outer.length), outerStrides) * tuple;
    const at = Array.from({ length: tuple }, (_, i) =>
      elementAt(indices.data[row + i], data.dims[i] as number),
    );
    if (at.some((element) => element === undefined)) return data.data.length;
    return positionOf([...(at as number[]), ...index.slice(outer.length)], strides);
  };
  return [moveElements(data, outputDims(op), source)];
}

function compressedShape(op: InferContext): Shape {
  const shape = op.shape(0);
  const stated = op.attribute('axis');
  const chosen = op.numbers(1)?.filter((flag) => flag !== 0).length;
  if (stated === undefined || shape === null) {
    const count = chosen ?? op.dataDim('count', shape === null ? undefined : elementCount(shape));
    return stated === undefined ? [count] : null;
  }
  const axis = normaliseAxis(op, op.int('axis', 0), shape.length);
  const count = chosen ?? op.dataDim('count', shape[axis]);
  return shape.map((dim, i) => (i === axis ? count : dim));
}
