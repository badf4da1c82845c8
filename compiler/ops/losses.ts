/**
 * Training losses that stay in exported graphs: NegativeLogLikelihoodLoss 22, SoftmaxCrossEntropyLoss 13.
 * Scores N×C×…, targets N×…; reduced to a scalar unless `reduction` is none.
 */
import type { ValueType } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import type { InferContext, Mapping, OperatorEntry, OpView } from './define.ts';
import { withEdges } from './edgeMapping.ts';
import { operator } from './entry.ts';
import { perInputElement } from './flops.ts';
import { SOFTMAX_FLOPS } from './softmax.ts';

export const FAMILY: readonly OperatorEntry[] = [
  operator('NegativeLogLikelihoodLoss', {
    since: [12, 13, 22],
    inputs: [2, 3],
    mapping: lossMapping,
    infer: (op) => [lossType(op)],
    // One weighted entry per target, and its sum.
    flops: perInputElement(2, 1),
    properties: ['linear'],
  }),
  operator('SoftmaxCrossEntropyLoss', {
    since: [12, 13],
    inputs: [2, 3],
    outputs: [1, 2],
    mapping: withEdges('many-to-many', ['many-to-many']),
    infer: (op) => [lossType(op), op.inputType(0)],
    flops: perInputElement(SOFTMAX_FLOPS + 1),
  }),
];

/** Without a reduction it gathers one score per target. */
function lossMapping(op: OpView): Mapping {
  return op.string('reduction', 'mean') === 'none'
    ? withEdges('one-to-many', ['one-to-many'])(op)
    : withEdges('many-to-many', ['many-to-many', 'many-to-many'])(op);
}

function lossType(op: InferContext): ValueType {
  const dtype = op.dtype(0);
  if (op.string('reduction', 'mean') !== 'none') return tensorType(dtype, []);
  const scores = op.shape(0);
  return tensorType(dtype, op.shape(1) ?? (scores && [...scores.slice(0, 1), ...scores.slice(2)]));
}
