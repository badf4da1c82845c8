/**
 * com.microsoft activations with a bias, dropout or residual folded in, as ONNX Runtime's optimiser
 * writes them: Gelu, FastGelu, QuickGelu, BiasGelu, BiasSplitGelu, BiasAdd, BiasDropout, BiasSoftmax ….
 */
import type { ValueType } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { dimFloorDiv } from '../graph/dim.ts';
import type { Dim } from '../graph/dim.ts';
import { expectRankAtLeast } from './axes.ts';
import type { InferContext, OperatorEntry } from './define.ts';
import { withEdges } from './edgeMapping.ts';
import { perOutputElement } from './flops.ts';
import { broadcastInputs, sameAsInput } from './inferRules.ts';
import { elementwiseMapping, opaqueMapping } from './mappingRules.ts';
import { microsoft } from './microsoftEntry.ts';
import { SOFTMAX_FLOPS } from './softmax.ts';

export const FAMILY: readonly OperatorEntry[] = [
  elementwise('Gelu', [1, 1], 5),
  elementwise('QuickGelu', [1, 1], 5),
  elementwise('FastGelu', [1, 2], 8),
  elementwise('BiasGelu', [2, 2], 7),
  elementwise('BiasAdd', [3, 3], 2),
  microsoft('BiasSplitGelu', {
    inputs: [2, 2],
    // Two halves of the last axis meet: each is a sub-range of the input.
    mapping: elementwiseMapping,
    infer: halfOfLastAxis,
    flops: perOutputElement(9),
  }),
  dropout('BiasDropout', [2, 5], 2),
  dropout('BitmaskDropout', [1, 3], 1),
  dropout('BitmaskBiasDropout', [2, 5], 2),
  microsoft('BiasSoftmax', {
    inputs: [2, 2],
    mapping: withEdges('many-to-many', ['many-to-many', 'one-to-many']),
    infer: sameAsInput(),
    flops: perOutputElement(SOFTMAX_FLOPS + 1),
  }),
];

function elementwise(
  name: string,
  inputs: readonly [number, number],
  flops: number,
): OperatorEntry {
  return microsoft(name, {
    inputs,
    mapping: elementwiseMapping,
    infer: broadcastInputs(),
    flops: perOutputElement(flops),
    properties: ['zero-preserving'],
  });
}

/** Random only while training, which a graph for inference never asks for; then only the bias is left. */
function dropout(name: string, inputs: readonly [number, number], training: number): OperatorEntry {
  const mode = training === 2 ? 4 : 2;
  return microsoft(name, {
    inputs,
    outputs: [1, 2],
    mapping: (op) => {
      const off = !op.has(mode) || op.numbers(mode)?.[0] === 0;
      return off ? elementwiseMapping(op) : opaqueMapping(op, 'random');
    },
    infer: (op) => [op.inputType(0), maskType(op, name.startsWith('Bitmask'))],
    flops: perOutputElement(2),
    properties: ['impure'],
  });
}

/** One bool per element, or 32 of them in a word. */
function maskType(op: InferContext, packed: boolean): ValueType {
  return packed ? tensorType('uint32', [op.dataDim('words')]) : tensorType('bool', op.shape(0));
}

function halfOfLastAxis(op: InferContext): readonly ValueType[] {
  expectRankAtLeast(op, 0, 1);
  const shape = op.shape(0);
  const half = shape && [...shape.slice(0, -1), dimFloorDiv(shape.at(-1) as Dim, 2)];
  return [tensorType(op.dtype(0), half)];
}
