/**
 * Slice: a strided sub-range per axis. Bounds may be symbolic sizes; negative ones count from the end and
 * everything is clamped to the axis, as the specification says. A negative step reverses (Shuffle).
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimCeilDiv, dimSub } from '../graph/dim.ts';
import type { KnownTensor } from '../graph/graph.ts';
import type { Shape } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { axisIn, normaliseAxes } from './axes.ts';
import type { InferContext, Mapping, OperatorEntry, OpView } from './define.ts';
import { largerDim, lowerBound, smallerDim } from './dimBounds.ts';
import { operator } from './entry.ts';
import { dataShape, lengthOf } from './inferRules.ts';
import type { KnownElement } from './known.ts';
import { moveElements, outputDims, stridesOf } from './known.ts';
import { dataMapping } from './mappingRules.ts';

/** Beyond this a bound means "to the end": exporters write INT32_MAX or INT64_MAX. */
const END = 2 ** 31 - 2;

export const FAMILY: readonly OperatorEntry[] = [
  operator('Slice', {
    since: [1, 10, 11, 13],
    inputs: [3, 5],
    mapping: sliceMapping,
    infer: (op) => [tensorType(op.dtype(0), slicedShape(op))],
    properties: ['linear', 'commutes-with-movement', 'exact'],
    evaluate: evaluateSlice,
  }),
];

function sliceMapping(op: OpView): Mapping {
  const steps = op.numbers(4);
  if (steps?.some((step) => step < 0)) {
    return dataMapping('shuffle', 1, 'a negative step reverses an axis')(op);
  }
  const runtime = [1, 2, 3, 4].some((input) => op.has(input) && !op.known(input));
  return dataMapping('one-to-one', 1, runtime ? 'bounds known at run time only' : undefined)(op);
}

function slicedShape(op: InferContext): Shape {
  const shape = op.shape(0);
  if (shape === null) return null;
  const length = op.known(1)?.data.length ?? op.known(2)?.data.length ?? lengthOf(op, 1);
  const axes = slicedAxes(op, shape.length, length);
  if (!axes) return dataShape(op, shape.length);
  const [starts, ends] = [op.known(1)?.data, op.known(2)?.data];
  const steps = op.has(4) ? op.numbers(4) : undefined;
  const result = [...shape];
  axes.forEach((axis, i) => {
    const step = op.has(4) ? steps?.[i] : 1;
    if (step === 0) op.fail('a step is 0');
    const dim = shape[axis] as Dim;
    const size = step === undefined ? undefined : rangeLength(dim, starts?.[i], ends?.[i], step);
    result[axis] = size ?? op.dataDim(`axis${axis}`, dim);
  });
  return result;
}

function slicedAxes(
  op: InferContext,
  rank: number,
  length: number | undefined,
): readonly number[] | undefined {
  if (!op.has(3)) {
    if (length === undefined) return undefined;
    if (length > rank) op.fail(`${length} bounds for a tensor of rank ${rank}`);
    return Array.from({ length }, (_, axis) => axis);
  }
  const stated = op.numbers(3);
  if (stated && length !== undefined && stated.length !== length) {
    op.fail(`${length} bounds for ${stated.length} axes`);
  }
  return stated && normaliseAxes(op, stated, rank);
}

/** Elements of `start:end:step` on an axis of `dim`; `undefined` where the sizes do not tell. */
function rangeLength(
  dim: Dim,
  start: KnownElement,
  end: KnownElement,
  step: number,
): Dim | undefined {
  if (step < 0) return reversedLength(dim, start, end, step);
  const from = start === undefined ? undefined : clampBound(start, dim);
  const to = end === undefined ? undefined : clampBound(end, dim);
  if (from === undefined || to === undefined) return undefined;
  const span = dimSub(to, from);
  if (typeof span === 'number') return Math.max(0, Math.ceil(span / step));
  const length = dimCeilDiv(span, step);
  return lowerBound(span, 1) >= 0 ? length : largerDim(0, length);
}

/** A bound clamped to [0, dim]. */
function clampBound(bound: Dim, dim: Dim): Dim | undefined {
  if (typeof bound === 'number') {
    if (bound > END) return dim;
    if (bound < -END) return 0;
    if (bound < 0) {
      const fromEnd = dimAdd(dim, bound);
      return lowerBound(fromEnd, 1) >= 0 ? fromEnd : largerDim(0, fromEnd);
    }
    return smallerBound(bound, dim);
  }
  return lowerBound(bound, 1) >= 0 ? smallerBound(bound, dim) : undefined;
}

/** min(bound, dim), also where only "every size is at least 1" decides it (`x[:1]`). */
function smallerBound(bound: Dim, dim: Dim): Dim {
  return lowerBound(dimSub(dim, bound), 1) >= 0 ? bound : smallerDim(bound, dim);
}

/** Negative step: static axes by the specification's clamping, symbolic ones only when reversed whole. */
function reversedLength(
  dim: Dim,
  start: KnownElement,
  end: KnownElement,
  step: number,
): Dim | undefined {
  if (typeof start !== 'number' || typeof end !== 'number') return undefined;
  if (typeof dim === 'number') {
    const first = Math.min(Math.max(start < 0 ? start + dim : start, 0), dim - 1);
    const last = Math.min(Math.max(end < 0 ? end + dim : end, -1), dim - 1);
    return Math.max(0, Math.ceil((last - first) / step));
  }
  const whole = (start === -1 || start > END) && end < -END;
  return whole ? dimCeilDiv(dim, -step) : undefined;
}

function evaluateSlice(op: OpView): readonly KnownTensor[] | undefined {
  const input = op.known(0);
  const starts = op.numbers(1);
  if (!input || !starts) return undefined;
  const steps = op.has(4) ? op.numbers(4) : starts.map(() => 1);
  const axes = op.has(3) ? op.numbers(3) : starts.map((_, axis) => axis);
  if (!steps || !axes) return undefined;
  const strides = stridesOf(input.dims);
  const moves = strides.map((stride) => ({ offset: 0, stride }));
  for (const [i, stated] of axes.entries()) {
    const axis = axisIn(stated, input.dims.length);
    if (axis === undefined) return undefined;
    const [dim, step, start] = [input.dims[axis], steps[i], starts[i]] as [number, number, number];
    const normal = start < 0 ? start + dim : start;
    const first = Math.min(Math.max(normal, 0), step < 0 ? dim - 1 : dim);
    const stride = strides[axis] as number;
    moves[axis] = { offset: first * stride, stride: stride * step };
  }
  const source = (index: readonly number[]): number =>
    index.reduce((position, at, axis) => {
      const move = moves[axis] as { offset: number; stride: number };
      return position + move.offset + at * move.stride;
    }, 0);
  return [moveElements(input, outputDims(op), source)];
}
