/**
 * Operators that read no tensor data: Shape and Size (only the input's shape), and generators of
 * constants. They are folded where their inputs are known; otherwise they are index expressions (One-to-One).
 */
import type { Dim } from '../graph/dim.ts';
import { dimCeilDiv, dimSub } from '../graph/dim.ts';
import type { KnownTensor } from '../graph/graph.ts';
import type { DataType, Shape, ValueType } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { isEvaluable, storeAs } from './arithmetic.ts';
import { expectRank } from './axes.ts';
import type { InferContext, Mapping, OperatorEntry, OpView } from './define.ts';
import { largerDim, lowerBound } from './dimBounds.ts';
import { operator } from './entry.ts';
import { elementCount } from './flops.ts';
import { dataShape, dtypeAttribute, lengthOf, MAX_RANK } from './inferRules.ts';
import type { KnownElement } from './known.ts';
import {
  countOf,
  forEachIndex,
  knownTensor,
  knownVector,
  outputDims,
  outputDtype,
  scalarOf,
} from './known.ts';
import { fixedMapping } from './mappingRules.ts';

const index: (op: OpView) => Mapping = fixedMapping('one-to-one');

export const FAMILY: readonly OperatorEntry[] = [
  operator('Shape', {
    since: [1, 13, 15, 19, 21],
    mapping: index,
    infer: inferShape,
    evaluate: (op) => {
      const dims = shapeRange(op);
      return dims && [knownVector(dims)];
    },
    source: true,
  }),
  operator('Size', {
    since: [1, 13, 19, 21],
    mapping: index,
    infer: () => [tensorType('int64', [])],
    evaluate: (op) => {
      const shape = op.shape(0);
      return shape === null ? undefined : [knownTensor('int64', [], [elementCount(shape)])];
    },
    source: true,
  }),
  operator('ConstantOfShape', {
    since: [9, 20, 21],
    mapping: index,
    infer: (op) => [tensorType(splatOf(op).dtype, statedShape(op, 0))],
    evaluate: (op) => {
      const { dtype, element } = splatOf(op);
      const dims = outputDims(op);
      return [knownTensor(dtype, dims, new Array<KnownElement>(countOf(dims)).fill(element))];
    },
    source: true,
  }),
  operator('Range', {
    since: [11],
    inputs: [3, 3],
    mapping: index,
    infer: (op) => [tensorType(op.dtype(0), [rangeSize(op)])],
    evaluate: evaluateRange,
    source: true,
  }),
  operator('EyeLike', {
    since: [9],
    mapping: index,
    infer: (op) => {
      expectRank(op, 0, 2);
      const dtype = dtypeAttribute(op, 'dtype', op.dtype(0));
      return [tensorType(dtype === 'undefined' ? 'float32' : dtype, op.shape(0))];
    },
    evaluate: evaluateEye,
    source: true,
  }),
];

/** The dims between attributes `start` and `end` (opset 15), clamped to the rank. */
function shapeRange(op: OpView): readonly Dim[] | undefined {
  const shape = op.shape(0);
  if (shape === null) return undefined;
  const clamp = (bound: number): number =>
    Math.min(Math.max(bound < 0 ? bound + shape.length : bound, 0), shape.length);
  return shape.slice(clamp(op.int('start', 0)), clamp(op.int('end', shape.length)));
}

function inferShape(op: InferContext): readonly ValueType[] {
  const dims = shapeRange(op);
  return [tensorType('int64', [dims ? dims.length : op.dataDim('rank')])];
}

function splatOf(op: OpView): { dtype: DataType; element: KnownElement } {
  const value = op.attribute('value');
  if (value?.kind !== 'tensor') return { dtype: 'float32', element: 0 };
  return { dtype: value.value.dtype, element: value.known?.data[0] };
}

/** The shape that the elements of an input state. */
function statedShape(op: InferContext, input: number): Shape {
  const stated = op.known(input)?.data;
  if (!stated) {
    const rank = lengthOf(op, input);
    return rank === undefined || rank > MAX_RANK ? null : dataShape(op, rank);
  }
  if (stated.length > MAX_RANK) op.fail(`a shape of ${stated.length} axes`);
  return stated.map((dim, axis) => {
    if (typeof dim === 'number' && (!Number.isInteger(dim) || dim < 0)) op.fail(`size ${dim}`);
    return dim ?? op.dataDim(`size${axis}`);
  });
}

/** max(ceil((limit - start) / delta), 0). */
function rangeSize(op: InferContext): Dim {
  const [start, limit, delta] = [scalarOf(op, 0), scalarOf(op, 1), scalarOf(op, 2)];
  if (start === undefined || limit === undefined || delta === undefined) return op.dataDim('count');
  if (delta === 0) op.fail('delta is 0');
  if (typeof start === 'number' && typeof limit === 'number' && typeof delta === 'number') {
    return Math.max(Math.ceil((limit - start) / delta), 0);
  }
  if (typeof delta !== 'number' || !Number.isInteger(delta)) return op.dataDim('count');
  const span = delta > 0 ? dimSub(limit, start) : dimSub(start, limit);
  const size = dimCeilDiv(span, Math.abs(delta));
  return lowerBound(span, 1) >= 0 ? size : largerDim(0, size);
}

function evaluateRange(op: OpView): readonly KnownTensor[] | undefined {
  const dtype = outputDtype(op);
  const [start, delta] = [scalarOf(op, 0), scalarOf(op, 2)];
  if (typeof start !== 'number' || typeof delta !== 'number' || !isEvaluable(dtype))
    return undefined;
  const dims = outputDims(op);
  const data = Array.from({ length: countOf(dims) }, (_, i) => storeAs(dtype, start + i * delta));
  return [knownTensor(dtype, dims, data)];
}

function evaluateEye(op: OpView): readonly KnownTensor[] {
  const k = op.int('k', 0);
  const dims = outputDims(op);
  const data: KnownElement[] = [];
  forEachIndex(dims, (at) => data.push((at[1] as number) - (at[0] as number) === k ? 1 : 0));
  return [knownTensor(outputDtype(op), dims, data)];
}
