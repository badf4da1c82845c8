/**
 * Elementwise operators that choose or limit values: Where, Clip, PRelu, and the gated SwiGLU.
 */
import type { Dim } from '../graph/dim.ts';
import { dimFloorDiv } from '../graph/dim.ts';
import { tensorType } from '../graph/types.ts';
import type { evaluateElementwise } from './arithmetic.ts';
import { isEvaluable, storeAs } from './arithmetic.ts';
import { normaliseAxis } from './axes.ts';
import type { InferContext, Mapping, OperatorEntry, OpView } from './define.ts';
import { largerDim, smallerDim } from './dimBounds.ts';
import { operator } from './entry.ts';
import { perOutputElement } from './flops.ts';
import { broadcastShapes, commonDtype, sameAsInput } from './inferRules.ts';
import type { KnownElement } from './known.ts';
import {
  broadcastStrides,
  countOf,
  forEachIndex,
  knownOrBlank,
  knownTensor,
  outputDims,
  outputDtype,
  positionOf,
} from './known.ts';
import { elementwiseEdge, elementwiseMapping, nodeMapping } from './mappingRules.ts';

export const FAMILY: readonly OperatorEntry[] = [
  operator('Where', {
    since: [9, 16],
    inputs: [3, 3],
    mapping: (op) => elementwiseMapping(op),
    infer: (op) => [
      tensorType(
        commonDtype(op, [1, 2]),
        broadcastShapes(op, [op.shape(0), op.shape(1), op.shape(2)]),
      ),
    ],
    flops: perOutputElement(1),
    properties: ['commutes-with-movement', 'exact'],
    evaluate: evaluateWhere,
  }),
  operator('Clip', {
    since: [1, 6, 11, 12, 13],
    inputs: [1, 3],
    mapping: clipMapping,
    infer: sameAsInput(),
    flops: perOutputElement(2),
    properties: ['idempotent', 'monotone-increasing', 'exact'],
    evaluate: evaluateClip,
  }),
  operator('PRelu', {
    since: [1, 6, 7, 9, 16],
    inputs: [2, 2],
    mapping: (op) => elementwiseMapping(op),
    infer: inferPRelu,
    flops: perOutputElement(2),
    properties: ['monotone-increasing', 'homogeneous', 'zero-preserving'],
  }),
  operator('SwiGLU', {
    since: [28],
    inputs: [1, 2],
    mapping: (op) => elementwiseMapping(op),
    infer: inferSwiGLU,
    flops: perOutputElement(6),
  }),
];

/** Takes the chosen branch's element even when the other one is not known. */
function evaluateWhere(op: OpView): ReturnType<typeof evaluateElementwise> {
  const inputs = [0, 1, 2].map((input) => knownOrBlank(op, input));
  if (inputs.some((input) => input === undefined)) return undefined;
  const [condition, yes, no] = inputs as NonNullable<(typeof inputs)[number]>[];
  if (!condition || !yes || !no) return undefined;
  const shape = outputDims(op);
  const strides = [condition, yes, no].map((input) => broadcastStrides(input.dims, shape));
  const at = (input: { data: readonly KnownElement[] }, which: number, index: readonly number[]) =>
    input.data[positionOf(index, strides[which] as number[])];
  const data = new Array<KnownElement>(countOf(shape));
  forEachIndex(shape, (index, position) => {
    const chosen = at(condition, 0, index);
    if (typeof chosen !== 'number') data[position] = undefined;
    else data[position] = chosen ? at(yes, 1, index) : at(no, 2, index);
  });
  return [knownTensor(outputDtype(op), shape, data)];
}

/** Bounds are scalars: immediates when constant, else broadcast to every element. */
function clipMapping(op: OpView): Mapping {
  const edges = Array.from({ length: op.inputCount }, (_, i) =>
    i === 0 ? 'one-to-one' : elementwiseEdge(op, i, op.outputShape(0)),
  );
  const runtime = [1, 2].some((input) => op.has(input) && !op.isConstant(input));
  return nodeMapping(op, edges, runtime ? 'bounds known at run time only' : undefined);
}

function evaluateClip(op: OpView): ReturnType<typeof evaluateElementwise> {
  const input = op.known(0);
  const dtype = outputDtype(op);
  if (!input || !isEvaluable(dtype)) return undefined;
  const low = op.has(1) ? op.known(1)?.data[0] : -Infinity;
  const high = op.has(2) ? op.known(2)?.data[0] : Infinity;
  if (low === undefined || high === undefined) return undefined;
  const data = input.data.map((element): KnownElement => {
    if (element === undefined) return undefined;
    const clipped = smallerDim(largerDim(element, low), high);
    return typeof clipped === 'number' ? storeAs(dtype, clipped) : clipped;
  });
  return [knownTensor(dtype, input.dims, data)];
}

/** The slope broadcasts towards X only, aligned at the last axis. */
function inferPRelu(op: InferContext): ReturnType<OperatorEntry['infer']> {
  const x = op.shape(0);
  if (x !== null) broadcastShapes(op, [x, op.shape(1)]);
  return [op.inputType(0)];
}

/** One input: split into gate and value along `axis`; two inputs: gate and value apart. */
function inferSwiGLU(op: InferContext): ReturnType<OperatorEntry['infer']> {
  if (op.has(1)) {
    const shape = broadcastShapes(op, [op.shape(0), op.shape(1)]);
    return [tensorType(commonDtype(op, [0, 1]), shape)];
  }
  const shape = op.shape(0);
  if (shape === null) return [tensorType(op.dtype(0), null)];
  const axis = normaliseAxis(op, op.int('axis', -1), shape.length);
  const halved = shape.map((dim, i): Dim => (i === axis ? dimFloorDiv(dim, 2) : dim));
  return [tensorType(op.dtype(0), halved)];
}
