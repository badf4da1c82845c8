/**
 * Concat and Split: each input (output) is one sub-range of the output (input). One-to-One with an offset.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimCeilDiv, dimFloorDiv, dimMul, dimSub, divideExactly } from '../graph/dim.ts';
import { formatShape } from '../graph/dim.ts';
import type { KnownTensor } from '../graph/graph.ts';
import type { Shape, ValueType } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { axisIn, normaliseAxis } from './axes.ts';
import type { InferContext, OperatorEntry, OpView, Property } from './define.ts';
import { operator, VARIADIC } from './entry.ts';
import { commonDtype, presentInputs } from './inferRules.ts';
import type { KnownElement } from './known.ts';
import {
  countOf,
  forEachIndex,
  knownOrBlank,
  knownTensor,
  moveElements,
  outputDims,
  outputDtype,
  positionOf,
  stridesOf,
} from './known.ts';
import { dataMapping, fixedMapping } from './mappingRules.ts';

const MOVES: readonly Property[] = ['linear', 'commutes-with-movement', 'exact'];

export const FAMILY: readonly OperatorEntry[] = [
  operator('Concat', {
    since: [1, 4, 11, 13],
    inputs: [1, VARIADIC],
    mapping: fixedMapping('one-to-one'),
    infer: (op) => [tensorType(commonDtype(op, presentInputs(op)), concatShape(op))],
    properties: ['associative', ...MOVES],
    evaluate: evaluateConcat,
  }),
  operator('Split', {
    since: [1, 2, 11, 13, 18],
    inputs: [1, 2],
    outputs: [1, VARIADIC],
    mapping: (op) => {
      const runtime = op.has(1) && !op.known(1) ? 'sizes known at run time only' : undefined;
      return dataMapping('one-to-one', 1, runtime)(op);
    },
    infer: inferSplit,
    properties: MOVES,
    evaluate: evaluateSplit,
  }),
];

/** The size two tensors share: a number wins over a symbol, two different numbers clash. */
export function sharedDim(op: InferContext, a: Dim, b: Dim, what: string): Dim {
  if (typeof a === 'number' && typeof b === 'number' && a !== b) {
    op.fail(`${what} differ: ${a} and ${b}`);
  }
  return typeof a === 'number' || typeof b !== 'number' ? a : b;
}

function concatShape(op: InferContext): Shape {
  const shapes = presentInputs(op).map((input) => op.shape(input));
  const known = shapes.filter((shape) => shape !== null);
  const [first] = known;
  if (!first) return null;
  const axis = normaliseAxis(op, op.int('axis', 0), first.length);
  const clash = known.find((shape) => shape.length !== first.length);
  if (clash) op.fail(`joins ${formatShape(first)} and ${formatShape(clash)}`);
  const complete = known.length === shapes.length;
  return first.map((_, i): Dim => {
    const sizes = known.map((shape) => shape[i] as Dim);
    if (i !== axis) return sizes.reduce((a, b) => sharedDim(op, a, b, `sizes of axis ${i}`));
    return complete ? sizes.reduce(dimAdd) : op.dataDim('joined');
  });
}

function evaluateConcat(op: OpView): readonly KnownTensor[] | undefined {
  const inputs = presentInputs(op);
  if (!inputs.some((input) => op.known(input))) return undefined;
  const parts = inputs.map((input) => knownOrBlank(op, input));
  const dims = outputDims(op);
  const axis = axisIn(op.int('axis', 0), dims.length);
  if (axis === undefined || parts.some((part) => part === undefined)) return undefined;
  const strides = stridesOf(dims);
  const data = new Array<KnownElement>(countOf(dims));
  let offset = 0;
  for (const part of parts as KnownTensor[]) {
    forEachIndex(part.dims, (index, position) => {
      data[positionOf(index, strides) + offset] = part.data[position];
    });
    offset += (part.dims[axis] ?? 0) * (strides[axis] ?? 0);
  }
  return [knownTensor(outputDtype(op), dims, data)];
}

function inferSplit(op: InferContext): readonly ValueType[] {
  const shape = op.shape(0);
  const count = op.outputCount;
  if (shape === null) {
    return Array.from({ length: count }, () => tensorType(op.dtype(0), null));
  }
  const axis = normaliseAxis(op, op.int('axis', 0), shape.length);
  const sizes = splitSizes(op, shape[axis] as Dim, count);
  return sizes.map((size) =>
    tensorType(
      op.dtype(0),
      shape.map((dim, i) => (i === axis ? size : dim)),
    ),
  );
}

/** Stated sizes, or equal parts of which only the last may be smaller (opset 18). */
function splitSizes(op: InferContext, dim: Dim, count: number): readonly Dim[] {
  if (op.has(1)) {
    const stated = op.known(1)?.data;
    if (!stated) return Array.from({ length: count }, (_, i) => op.dataDim(`part${i}`, dim));
    if (stated.length !== count) op.fail(`${stated.length} sizes for ${count} outputs`);
    const sum = stated.reduce<KnownElement>((total, size) => {
      return total === undefined || size === undefined ? undefined : dimAdd(total, size);
    }, 0);
    if (typeof sum === 'number' && typeof dim === 'number' && sum !== dim) {
      op.fail(`the parts add up to ${sum}, the axis has ${dim}`);
    }
    return stated.map((size, i) => size ?? op.dataDim(`part${i}`, dim));
  }
  const exact = divideExactly(dim, count);
  if (exact !== undefined) return new Array<Dim>(count).fill(exact);
  if (op.opset < 18 && typeof dim === 'number') {
    op.fail(`an axis of ${dim} does not divide into ${count} equal parts`);
  }
  const part = op.opset < 18 ? dimFloorDiv(dim, count) : dimCeilDiv(dim, count);
  const last = dimSub(dim, dimMul(part, count - 1));
  if (typeof last === 'number' && last < 0) op.fail(`an axis of ${last} has no ${count} parts`);
  return Array.from({ length: count }, (_, i) => (i < count - 1 ? part : last));
}

function evaluateSplit(op: OpView): readonly (KnownTensor | undefined)[] | undefined {
  const input = op.known(0);
  const axis = axisIn(op.int('axis', 0), input?.dims.length ?? 0);
  if (!input || axis === undefined) return undefined;
  const strides = stridesOf(input.dims);
  let offset = 0;
  return Array.from({ length: op.outputCount }, (_, slot) => {
    const dims = outputDims(op, slot);
    const start = offset;
    offset += (dims[axis] ?? 0) * (strides[axis] ?? 0);
    return moveElements(input, dims, (index) => positionOf(index, strides) + start);
  });
}
