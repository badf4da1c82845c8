/**
 * One-to-Many by definition: Expand and Tile repeat elements, OneHot compares every index with every
 * position.
 */
import type { Dim } from '../graph/dim.ts';
import { dimBroadcast, dimEqual, dimMul, shapesEqual } from '../graph/dim.ts';
import type { KnownTensor } from '../graph/graph.ts';
import type { Shape } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { normaliseAxis } from './axes.ts';
import type { InferContext, Mapping, OperatorEntry, OpView, Property } from './define.ts';
import { operator } from './entry.ts';
import { perOutputElement } from './flops.ts';
import { dataShape, lengthOf, MAX_RANK } from './inferRules.ts';
import type { KnownElement } from './known.ts';
import {
  broadcastStrides,
  moveElements,
  outputDims,
  positionOf,
  scalarOf,
  stridesOf,
} from './known.ts';
import { dataMapping, opaqueMapping } from './mappingRules.ts';

const MOVES: readonly Property[] = ['linear', 'commutes-with-movement', 'exact'];

export const FAMILY: readonly OperatorEntry[] = [
  operator('Expand', {
    since: [8, 13],
    inputs: [2, 2],
    mapping: (op) => repetitionMapping(op, 'repeats nothing'),
    infer: (op) => [tensorType(op.dtype(0), expandedShape(op))],
    properties: MOVES,
    evaluate: evaluateExpand,
  }),
  operator('Tile', {
    since: [1, 6, 13],
    inputs: [2, 2],
    mapping: (op) =>
      op.known(1)
        ? repetitionMapping(op, 'every repeat is 1')
        : opaqueMapping(op, 'repeats known at run time only'),
    infer: (op) => [tensorType(op.dtype(0), tiledShape(op))],
    properties: MOVES,
    evaluate: evaluateTile,
  }),
  operator('OneHot', {
    since: [9, 11],
    inputs: [3, 3],
    mapping: (op) =>
      op.known(1)
        ? dataMapping('one-to-many')(op)
        : opaqueMapping(op, 'depth known at run time only'),
    infer: (op) => [tensorType(op.dtype(2), oneHotShape(op))],
    flops: perOutputElement(1),
  }),
];

function repetitionMapping(op: OpView, note: string): Mapping {
  const [input, output] = [op.shape(0), op.outputShape(0)];
  const same = input !== null && output !== null && shapesEqual(input, output);
  return same ? dataMapping('one-to-one', 1, note)(op) : dataMapping('one-to-many')(op);
}

/** Multidirectional: the target may be shorter than the input, and its 1s keep the input's sizes. */
function expandedShape(op: InferContext): Shape {
  const shape = op.shape(0);
  const target = op.known(1)?.data;
  const length = target?.length ?? lengthOf(op, 1);
  if (shape === null || length === undefined) return null;
  const rank = Math.max(shape.length, length);
  if (rank > MAX_RANK) op.fail(`result of ${rank} axes`);
  return Array.from({ length: rank }, (_, axis) => {
    const own = shape[axis - (rank - shape.length)] ?? 1;
    const at = axis - (rank - length);
    const wanted = at < 0 ? 1 : target?.[at];
    return expandedDim(op, axis, own, wanted);
  });
}

function expandedDim(op: InferContext, axis: number, own: Dim, wanted: KnownElement): Dim {
  // An unknown target is 1 or the input's own size where that is not 1 itself.
  if (wanted === undefined)
    return typeof own === 'number' && own !== 1 ? own : op.dataDim(`size${axis}`);
  if (typeof wanted === 'number' && (!Number.isInteger(wanted) || wanted < 0)) {
    op.fail(`target size ${wanted}`);
  }
  return (
    dimBroadcast(own, wanted) ??
    op.fail(`axis ${axis} of ${String(own)} does not expand to ${String(wanted)}`)
  );
}

function evaluateExpand(op: OpView): readonly KnownTensor[] | undefined {
  const input = op.known(0);
  if (!input) return undefined;
  const dims = outputDims(op);
  const strides = broadcastStrides(input.dims, dims);
  return [moveElements(input, dims, (index) => positionOf(index, strides))];
}

function tiledShape(op: InferContext): Shape {
  const shape = op.shape(0);
  if (shape === null) return null;
  const repeats = op.known(1)?.data;
  if (!repeats) return dataShape(op, shape.length);
  if (repeats.length !== shape.length) {
    op.fail(`${repeats.length} repeats for a tensor of rank ${shape.length}`);
  }
  return shape.map((dim, axis) => {
    const repeat = repeats[axis];
    if (repeat === undefined) return op.dataDim(`axis${axis}`);
    if (typeof repeat === 'number' && (!Number.isInteger(repeat) || repeat < 0)) {
      op.fail(`${repeat} repeats on axis ${axis}`);
    }
    return dimEqual(repeat, 1) ? dim : dimMul(dim, repeat);
  });
}

function evaluateTile(op: OpView): readonly KnownTensor[] | undefined {
  const input = op.known(0);
  if (!input) return undefined;
  const strides = stridesOf(input.dims);
  const source = (index: readonly number[]): number =>
    positionOf(
      index.map((at, axis) => at % (input.dims[axis] as number)),
      strides,
    );
  return [moveElements(input, outputDims(op), source)];
}

/** A new axis of `depth` in the indices' shape. */
function oneHotShape(op: InferContext): Shape {
  const indices = op.shape(0);
  if (indices === null) return null;
  const axis = normaliseAxis(op, op.int('axis', -1), indices.length + 1);
  const depth = scalarOf(op, 1) ?? op.dataDim('depth');
  if (typeof depth === 'number' && !(depth >= 0)) op.fail(`depth ${depth}`);
  return [
    ...indices.slice(0, axis),
    typeof depth === 'number' ? Math.trunc(depth) : depth,
    ...indices.slice(axis),
  ];
}
