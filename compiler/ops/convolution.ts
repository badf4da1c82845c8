/**
 * Convolutions: Conv 22, ConvTranspose 22, ConvInteger 10, DeformConv 22, Col2Im 18 and
 * CausalConvWithState 27. Dominant operators of convolutional networks; all read windows, hence Many-to-Many.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimFloorDiv, dimMul, dimProduct, dimSub } from '../graph/dim.ts';
import type { ValueType } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import {
  convolutionFlops,
  convolutionShape,
  transposedConvolutionFlops,
  transposedConvolutionShape,
} from './convolutionShape.ts';
import type { InferContext, OperatorEntry, OpView } from './define.ts';
import { withEdges } from './edgeMapping.ts';
import { operator } from './entry.ts';
import { elementCount, perInputElement } from './flops.ts';
import { dataShape } from './inferRules.ts';
import { opaqueMapping } from './mappingRules.ts';

export const FAMILY: readonly OperatorEntry[] = [
  operator('Conv', {
    since: [1, 11, 22],
    inputs: [2, 3],
    mapping: withEdges('many-to-many', ['many-to-many', 'many-to-many'], convolutionNote),
    infer: (op) => [tensorType(op.dtype(0), convolutionShape(op))],
    flops: (op) => convolutionFlops(op),
    properties: ['bilinear', 'distributive'],
  }),
  operator('ConvTranspose', {
    since: [1, 11, 22],
    inputs: [2, 3],
    mapping: withEdges('many-to-many', ['many-to-many', 'many-to-many']),
    infer: (op) => [tensorType(op.dtype(0), transposedConvolutionShape(op))],
    flops: transposedConvolutionFlops,
    properties: ['bilinear', 'distributive'],
  }),
  operator('ConvInteger', {
    since: [10],
    inputs: [2, 4],
    mapping: (op) => opaqueMapping(op, 'integer kernel'),
    infer: (op) => [tensorType('int32', convolutionShape(op))],
    flops: (op) => convolutionFlops(op, undefined, -1),
    properties: ['bilinear', 'exact'],
  }),
  operator('DeformConv', {
    since: [19, 22],
    inputs: [3, 5],
    // The offsets decide at run time where the data is read.
    mapping: withEdges('many-to-many', ['many-to-many', 'many-to-many', 'one-to-many']),
    infer: (op) => [tensorType(op.dtype(0), convolutionShape(op))],
    flops: deformableFlops,
    properties: ['linear'],
  }),
  operator('Col2Im', {
    since: [18],
    inputs: [3, 3],
    mapping: withEdges('many-to-many', ['many-to-many']),
    infer: (op) => [tensorType(op.dtype(0), col2ImShape(op))],
    flops: perInputElement(1),
    properties: ['linear'],
  }),
  operator('CausalConvWithState', {
    since: [27],
    inputs: [2, 4],
    outputs: [1, 2],
    mapping: (op) => opaqueMapping(op, 'carries a state'),
    infer: causalConvolution,
    flops: (op) => convolutionFlops(op, undefined, 2),
    properties: ['bilinear'],
  }),
];

/** What a reader of the plan wants to know about a convolution. */
export function convolutionNote(op: OpView): string | undefined {
  const weights = op.shape(1);
  if (!weights) return undefined;
  const group = op.int('group', 1);
  if (group > 1 && weights[1] === 1) return 'depthwise';
  return weights.length > 2 && weights.slice(2).every((size) => size === 1)
    ? 'pointwise'
    : undefined;
}

/** Each tap is interpolated from 4 cells (8 FLOPs) before it is multiplied and added. */
function deformableFlops(op: OpView): Dim {
  const output = op.outputShape(0);
  const weights = op.shape(1);
  if (!output || !weights) return 0;
  const perElement = dimMul(dimProduct(weights.slice(1)), 10);
  const total = dimMul(dimProduct(output), perElement);
  return op.has(3) ? dimAdd(total, elementCount(output)) : total;
}

/** Data N×(C·block)×L, image shape and block shape to N×C×image. */
function col2ImShape(op: InferContext): readonly Dim[] | null {
  const data = op.shape(0);
  if (data && data.length !== 3) op.fail(`its input has rank ${data.length}; Col2Im takes 3`);
  const rank = op.shape(1)?.[0] ?? op.shape(2)?.[0];
  if (typeof rank !== 'number') return null;
  if (rank > 16) op.fail(`the image has ${rank} axes`);
  const image = op.known(1)?.data;
  const block = op.known(2)?.data;
  const complete = block?.every((size) => size !== undefined);
  const channels =
    data && block && complete
      ? dimFloorDiv(data[1] as Dim, dimProduct(block as readonly Dim[]))
      : op.dataDim('channels');
  const sizes = dataShape(op, rank).map((unknown, axis) => image?.[axis] ?? unknown);
  return [data?.[0] ?? op.dataDim('batch'), channels, ...sizes];
}

/** Input B×C×L, weights C×1×k: same length out, and the last k - 1 columns as the next state. */
function causalConvolution(op: InferContext): readonly ValueType[] {
  const data = op.shape(0);
  const weights = op.shape(1);
  const kernel = weights?.at(-1);
  const past = op.shape(3);
  const present =
    past ?? (data && kernel !== undefined ? [...data.slice(0, -1), dimSub(kernel, 1)] : null);
  return [tensorType(op.dtype(0), data), tensorType(op.dtype(0), present)];
}
