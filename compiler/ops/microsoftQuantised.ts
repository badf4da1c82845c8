/**
 * com.microsoft operators on quantised data as ONNX Runtime's quantiser and QDQ optimiser write them: QLinear*
 * elementwise, pools, reductions, and convolutions with channels last. Opaque: each requantises inside.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd } from '../graph/dim.ts';
import type { Shape } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { normaliseAxes, normaliseAxis } from './axes.ts';
import { convolutionFlops, convolutionShape } from './convolutionShape.ts';
import type { InferContext, OperatorEntry, OpView } from './define.ts';
import { VARIADIC } from './entry.ts';
import type { FlopsRule } from './flops.ts';
import { perInputElement, perOutputElement } from './flops.ts';
import { broadcastShapes } from './inferRules.ts';
import { opaqueMapping } from './mappingRules.ts';
import { microsoft } from './microsoftEntry.ts';
import { poolFlops, poolShape } from './pooling.ts';
import { SOFTMAX_FLOPS } from './softmax.ts';

/** Dequantise and requantise beside the operation itself. */
const CONVERSION_FLOPS = 5;

export const FAMILY: readonly OperatorEntry[] = [
  quantised('QLinearAdd', [7, 8], (op) => binaryShape(op, 0, 3)),
  quantised('QLinearMul', [7, 8], (op) => binaryShape(op, 0, 3)),
  quantised('QLinearSigmoid', [4, 5], (op) => op.shape(0)),
  quantised('QLinearLeakyRelu', [4, 5], (op) => op.shape(0)),
  quantised('QLinearSoftmax', [4, 5], (op) => op.shape(0), perOutputElement(SOFTMAX_FLOPS + 5)),
  microsoft('QLinearWhere', {
    inputs: [9, 9],
    mapping: opaque,
    infer: (op) => [
      tensorType(op.dtype(1), broadcastShapes(op, [op.shape(0), op.shape(1), op.shape(4)])),
    ],
    flops: perOutputElement(CONVERSION_FLOPS),
  }),
  microsoft('QLinearConcat', {
    inputs: [5, VARIADIC],
    mapping: opaque,
    infer: (op) => [tensorType(op.dtype(2), concatShape(op))],
    flops: perOutputElement(CONVERSION_FLOPS),
  }),
  quantised(
    'QLinearAveragePool',
    [4, 5],
    (op) => poolShape(op, 0, channelsLast(op)),
    (op) => poolFlops(op, 1),
  ),
  quantised('QLinearGlobalAveragePool', [4, 5], globalShape, perInputElement(1)),
  quantised('QLinearReduceMean', [4, 5], (op) => reducedShape(op, true), perInputElement(1)),
  microsoft('ReduceSumInteger', {
    mapping: opaque,
    infer: (op) => [
      tensorType(op.dtype(0) === 'uint8' ? 'uint32' : 'int32', reducedShape(op, true)),
    ],
    flops: perInputElement(1),
  }),
  microsoft('MulInteger', {
    inputs: [3, 4],
    mapping: opaque,
    infer: (op) => [tensorType('int32', binaryShape(op, 0, 2))],
    flops: perOutputElement(3),
  }),
  microsoft('QLinearConv', {
    inputs: [8, 9],
    mapping: opaque,
    infer: (op) => [tensorType(op.dtype(7), convolutionShape(op, quantisedForm(op)))],
    flops: (op) => convolutionFlops(op, quantisedForm(op), 8),
  }),
  microsoft('NhwcMaxPool', {
    mapping: opaque,
    infer: (op) => [tensorType(op.dtype(0), poolShape(op, 0, true))],
    flops: (op) => poolFlops(op, 1),
  }),
];

function opaque(op: OpView): ReturnType<typeof opaqueMapping> {
  return opaqueMapping(op, 'quantised kernel');
}

/** Result of the element type of the first input. */
function quantised(
  name: string,
  inputs: readonly [number, number],
  shape: (op: InferContext) => Shape,
  flops: FlopsRule = perOutputElement(CONVERSION_FLOPS + 1),
): OperatorEntry {
  return microsoft(name, {
    inputs,
    mapping: opaque,
    infer: (op) => [tensorType(op.dtype(0), shape(op))],
    flops,
  });
}

function binaryShape(op: InferContext, a: number, b: number): Shape {
  return broadcastShapes(op, [op.shape(a), op.shape(b)]);
}

function channelsLast(op: OpView): boolean {
  return op.int('channels_last', 0) !== 0;
}

function quantisedForm(op: OpView): { data: number; weights: number; channelsLast: boolean } {
  return { data: 0, weights: 3, channelsLast: channelsLast(op) };
}

function globalShape(op: InferContext): Shape {
  const shape = op.shape(0);
  const channels = channelsLast(op) && shape ? shape.length - 1 : 1;
  return shape && shape.map((dim, axis) => (axis === 0 || axis === channels ? dim : 1));
}

/** Inputs: scale and zero point of the result, then (data, scale, zero point) of each part. */
function concatShape(op: InferContext): Shape {
  const parts: (readonly Dim[])[] = [];
  for (let input = 2; input < op.inputCount; input += 3) {
    const shape = op.shape(input);
    if (!shape) return null;
    parts.push(shape);
  }
  const [first] = parts;
  if (!first) return null;
  if (parts.some((part) => part.length !== first.length)) op.fail('its parts differ in rank');
  const axis = normaliseAxis(op, op.int('axis', 0), first.length);
  return first.map((dim, at) =>
    at === axis ? parts.reduce<Dim>((sum, part) => dimAdd(sum, part[at] as Dim), 0) : dim,
  );
}

/** Axes as the attribute says, all without it. */
function reducedShape(op: InferContext, keepByDefault: boolean): Shape {
  const shape = op.shape(0);
  if (!shape) return null;
  const listed = op.ints('axes');
  const axes = new Set(
    listed && listed.length > 0
      ? normaliseAxes(op, listed, shape.length)
      : shape.map((_, axis) => axis),
  );
  const keep = op.int('keepdims', keepByDefault ? 1 : 0) !== 0;
  return keep
    ? shape.map((dim, axis) => (axes.has(axis) ? 1 : dim))
    : shape.filter((_, axis) => !axes.has(axis));
}
