/**
 * Operators whose result size depends on the data: NonZero, TopK with k computed at run time, Unique.
 * Their sizes become symbols with an upper bound. Opaque.
 */
import type { Dim } from '../graph/dim.ts';
import type { KnownTensor } from '../graph/graph.ts';
import type { ValueType } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { normaliseAxis } from './axes.ts';
import type { InferContext, OperatorEntry, OpView } from './define.ts';
import { operator } from './entry.ts';
import { elementCount, perInputElement } from './flops.ts';
import type { KnownElement } from './known.ts';
import { forEachIndex, isNumeric, knownTensor, outputDims, scalarOf } from './known.ts';
import { fixedMapping } from './mappingRules.ts';

export const FAMILY: readonly OperatorEntry[] = [
  operator('NonZero', {
    since: [9, 13],
    mapping: fixedMapping('opaque', 'the data decides the output size'),
    infer: inferNonZero,
    flops: perInputElement(1),
    evaluate: evaluateNonZero,
  }),
  operator('TopK', {
    since: [1, 10, 11],
    inputs: [2, 2],
    outputs: [1, 2],
    mapping: fixedMapping('opaque', 'sorts'),
    infer: inferTopK,
    flops: perInputElement(1),
  }),
  operator('Unique', {
    since: [11],
    outputs: [1, 4],
    mapping: fixedMapping('opaque', 'the data decides the output size'),
    infer: inferUnique,
    flops: perInputElement(1),
  }),
];

/** One column of coordinates per element that is not 0. */
function inferNonZero(op: InferContext): readonly ValueType[] {
  const shape = op.shape(0);
  const known = op.known(0);
  const count = known && isNumeric(known) ? known.data.filter(Boolean).length : undefined;
  const rank = shape?.length ?? op.dataDim('rank');
  const upper = shape === null ? undefined : elementCount(shape);
  return [tensorType('int64', [rank, count ?? op.dataDim('count', upper)])];
}

function evaluateNonZero(op: OpView): readonly KnownTensor[] | undefined {
  const input = op.known(0);
  if (!input || !isNumeric(input)) return undefined;
  const columns: number[][] = [];
  forEachIndex(input.dims, (index, position) => {
    if (input.data[position]) columns.push([...index]);
  });
  const data: KnownElement[] = input.dims.flatMap((_, axis) => columns.map((at) => at[axis]));
  return [knownTensor('int64', outputDims(op), data)];
}

/** Values and their int64 positions; `k` of them along the axis. */
function inferTopK(op: InferContext): readonly ValueType[] {
  const shape = op.shape(0);
  if (shape === null) return [tensorType(op.dtype(0), null), tensorType('int64', null)];
  const axis = normaliseAxis(op, op.int('axis', -1), shape.length);
  const k = scalarOf(op, 1) ?? op.dataDim('k', shape[axis]);
  const length = shape[axis];
  if (typeof k === 'number' && !(k >= 0)) op.fail(`k is ${k}`);
  if (typeof k === 'number' && typeof length === 'number' && k > length) {
    op.fail(`k is ${k} but axis ${axis} has ${length} elements`);
  }
  const chosen = shape.map((dim, i) => (i === axis ? k : dim));
  return [tensorType(op.dtype(0), chosen), tensorType('int64', chosen)];
}

/** Distinct elements (or slices along `axis`), first positions, inverse and counts. */
function inferUnique(op: InferContext): readonly ValueType[] {
  const shape = op.shape(0);
  const stated = op.attribute('axis');
  if (shape === null) {
    const count = op.dataDim('count');
    const all = tensorType('int64', [count]);
    const values = tensorType(op.dtype(0), stated === undefined ? [count] : null);
    return [values, all, tensorType('int64', [op.dataDim('length')]), all];
  }
  const axis =
    stated === undefined ? undefined : normaliseAxis(op, op.int('axis', 0), shape.length);
  const length: Dim = axis === undefined ? elementCount(shape) : (shape[axis] as Dim);
  const count = op.dataDim('count', length);
  const distinct = axis === undefined ? [count] : shape.map((dim, i) => (i === axis ? count : dim));
  const counts = tensorType('int64', [count]);
  return [tensorType(op.dtype(0), distinct), counts, tensorType('int64', [length]), counts];
}
