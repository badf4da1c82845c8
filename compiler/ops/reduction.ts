/**
 * Reductions over axes. Axes are input 1 (attributes of older opsets moved there by the importer); without
 * axes everything is reduced, unless `noop_with_empty_axes`. Many-to-One, stored as Many-to-Many.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimMul } from '../graph/dim.ts';
import type { KnownTensor } from '../graph/graph.ts';
import type { Shape } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { foldElements, isEvaluable } from './arithmetic.ts';
import { axesIn, axisIn, normaliseAxes, normaliseAxis, readAxes } from './axes.ts';
import type { InferContext, Mapping, OperatorEntry, OpView, Property } from './define.ts';
import { largerDim, smallerDim } from './dimBounds.ts';
import { operator } from './entry.ts';
import { perInputElement } from './flops.ts';
import { dataShape, lengthOf } from './inferRules.ts';
import type { KnownElement } from './known.ts';
import {
  forEachIndex,
  knownTensor,
  outputDims,
  outputDtype,
  positionOf,
  stridesOf,
} from './known.ts';
import { opaqueMapping } from './mappingRules.ts';

interface Fold {
  readonly start: number;
  readonly numbers: (sum: number, value: number) => number;
  readonly dims?: (sum: Dim, value: Dim) => KnownElement;
}

function reduce(
  name: string,
  since: readonly number[],
  properties: readonly Property[],
  flops = 1,
  fold?: Fold,
): OperatorEntry {
  return operator(name, {
    since,
    properties,
    inputs: [1, 2],
    mapping: reduceMapping,
    infer: (op) => [tensorType(op.dtype(0), reducedShape(op))],
    flops: perInputElement(flops),
    ...(fold && { evaluate: (op: OpView) => evaluateReduce(op, fold) }),
  });
}

const SUM: Fold = { start: 0, numbers: (sum, x) => sum + x, dims: dimAdd };
const PRODUCT: Fold = { start: 1, numbers: (product, x) => product * x, dims: dimMul };
const LARGEST: Fold = { start: -Infinity, numbers: Math.max, dims: largerDim };
const SMALLEST: Fold = { start: Infinity, numbers: Math.min, dims: smallerDim };
const ROUNDED = [1, 11, 13, 18] as const;

export const FAMILY: readonly OperatorEntry[] = [
  reduce('ReduceSum', [1, 11, 13], ['linear', 'distributive'], 1, SUM),
  reduce('ReduceMean', ROUNDED, ['linear', 'distributive']),
  reduce('ReduceProd', ROUNDED, ['homogeneous', 'commutative'], 1, PRODUCT),
  reduce('ReduceMax', [1, 11, 12, 13, 18, 20], ['monotone-increasing', 'exact'], 1, LARGEST),
  reduce('ReduceMin', [1, 11, 12, 13, 18, 20], ['monotone-increasing', 'exact'], 1, SMALLEST),
  reduce('ReduceL1', ROUNDED, ['homogeneous'], 2),
  reduce('ReduceL2', ROUNDED, ['homogeneous'], 2),
  reduce('ReduceLogSum', ROUNDED, []),
  reduce('ReduceLogSumExp', ROUNDED, [], 2),
  reduce('ReduceSumSquare', ROUNDED, ['homogeneous'], 2),
  arg('ArgMax'),
  arg('ArgMin'),
];

/** Position of the extreme along one axis. */
function arg(name: string): OperatorEntry {
  return operator(name, {
    since: [1, 11, 12, 13],
    mapping: (op) => {
      const axis = axisIn(op.int('axis', 0), op.shape(0)?.length ?? 0);
      const single = axis !== undefined && op.shape(0)?.[axis] === 1;
      const note = single ? { note: 'the axis has one element' } : {};
      return { node: 'many-to-many', edges: ['many-to-many'], ...note };
    },
    infer: (op) => {
      const shape = op.shape(0);
      if (shape === null) return [tensorType('int64', null)];
      const axis = normaliseAxis(op, op.int('axis', 0), shape.length);
      return [tensorType('int64', dropAxes(shape, new Set([axis]), op.int('keepdims', 1) !== 0))];
    },
    flops: perInputElement(1),
  });
}

function reducedShape(op: InferContext): Shape {
  const shape = op.shape(0);
  const keep = op.int('keepdims', 1) !== 0;
  const { axes, runtime } = readAxes(op, 1);
  if (runtime) return shapeOfRuntimeAxes(op, shape, keep);
  if (!axes || axes.length === 0) {
    if (op.int('noop_with_empty_axes', 0) !== 0) return shape;
    return keep ? (shape?.map(() => 1) ?? null) : [];
  }
  if (shape === null) return null;
  return dropAxes(shape, new Set(normaliseAxes(op, axes, shape.length)), keep);
}

function dropAxes(shape: readonly Dim[], axes: ReadonlySet<number>, keep: boolean): Shape {
  if (keep) return shape.map((dim, axis) => (axes.has(axis) ? 1 : dim));
  return shape.filter((_, axis) => !axes.has(axis));
}

function shapeOfRuntimeAxes(op: InferContext, shape: Shape, keep: boolean): Shape {
  if (shape === null) return null;
  if (keep) return dataShape(op, shape.length);
  const count = lengthOf(op, 1);
  return count === undefined || count > shape.length ? null : dataShape(op, shape.length - count);
}

/** Reduced axes after inference; `undefined` when they are known at run time only. */
function reducedAxes(op: OpView): readonly number[] | undefined {
  const rank = op.shape(0)?.length;
  const { axes, runtime } = readAxes(op, 1);
  if (runtime || rank === undefined) return undefined;
  if (axes && axes.length > 0) return axesIn(axes, rank);
  const none = op.int('noop_with_empty_axes', 0) !== 0;
  return none ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

function reduceMapping(op: OpView): Mapping {
  const parameters = op.inputCount > 1 ? (['one-to-one'] as const) : [];
  if (op.has(1) && !op.isConstant(1)) return opaqueMapping(op, 'axes known at run time only');
  const axes = reducedAxes(op);
  const shape = op.shape(0);
  if (axes?.length === 0 && (shape?.length ?? 0) > 0) {
    return { node: 'one-to-one', edges: ['one-to-one', ...parameters], note: 'reduces no axis' };
  }
  if (axes && shape && axes.every((axis) => shape[axis] === 1)) {
    const note = 'every reduced axis has one element';
    return { node: 'reorganize', edges: ['reorganize', ...parameters], note };
  }
  return { node: 'many-to-many', edges: ['many-to-many', ...parameters] };
}

function evaluateReduce(op: OpView, fold: Fold): readonly (KnownTensor | undefined)[] | undefined {
  const input = op.known(0);
  const axes = reducedAxes(op);
  const dtype = outputDtype(op);
  if (!input || !axes || !isEvaluable(dtype)) return undefined;
  const reduced = new Set(axes);
  const strides = stridesOf(input.dims.map((dim, axis) => (reduced.has(axis) ? 1 : dim)));
  const own = strides.map((stride, axis) => (reduced.has(axis) ? 0 : stride));
  const groups = new Map<number, KnownElement[]>();
  forEachIndex(input.dims, (index, position) => {
    const group = positionOf(index, own);
    const members = groups.get(group);
    if (members) members.push(input.data[position]);
    else groups.set(group, [input.data[position]]);
  });
  const dims = outputDims(op);
  const count = dims.reduce((product, dim) => product * dim, 1);
  const data = Array.from({ length: count }, (_, group): KnownElement => {
    const members = groups.get(group) ?? [];
    if (Number.isFinite(fold.start)) {
      return foldElements(dtype, members, fold.start, fold.numbers, fold.dims);
    }
    // An extreme starts at its first element: integers hold no infinity.
    return foldElements(dtype, members.slice(1), members[0], fold.numbers, fold.dims);
  });
  return [knownTensor(dtype, dims, data)];
}
