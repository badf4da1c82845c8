/**
 * Normalisations that ONNX Runtime's optimiser forms: SkipLayerNormalization, SkipSimplifiedLayerNormalization,
 * SimplifiedLayerNormalization (which it puts into ai.onnx), EmbedLayerNormalization and the group forms.
 */
import type { Dim } from '../graph/dim.ts';
import type { ValueType } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import type { MappingType } from '../mapping/mappingTypes.ts';
import { expectRank } from './axes.ts';
import type { InferContext, OperatorEntry } from './define.ts';
import { withEdges } from './edgeMapping.ts';
import { operator } from './entry.ts';
import { perInputElement, perOutputElement } from './flops.ts';
import { microsoft } from './microsoftEntry.ts';
import { layerNormalisationTypes, normalisationMapping } from './normalisation.ts';

const RMS_FLOPS = 4;
const LAYER_FLOPS = 7;
const TWO: readonly MappingType[] = ['many-to-many', 'many-to-many'];

export const FAMILY: readonly OperatorEntry[] = [
  simplified(''),
  simplified('com.microsoft'),
  skipLayer('SkipLayerNormalization', [3, 5], LAYER_FLOPS + 1),
  skipLayer('SkipSimplifiedLayerNormalization', [3, 4], RMS_FLOPS + 1),
  microsoft('EmbedLayerNormalization', {
    inputs: [7, 9],
    outputs: [1, 3],
    mapping: withEdges('many-to-many', []),
    infer: (op) => embeddedTypes(op),
    flops: perOutputElement(LAYER_FLOPS + 2),
  }),
  microsoft('GroupNorm', {
    inputs: [3, 3],
    mapping: normalisationMapping,
    infer: (op) => [op.inputType(0)],
    flops: perInputElement(LAYER_FLOPS),
  }),
  microsoft('SkipGroupNorm', {
    inputs: [4, 5],
    outputs: [1, 2],
    mapping: withEdges('many-to-many', [
      'many-to-many',
      'one-to-many',
      'one-to-many',
      'many-to-many',
    ]),
    infer: (op) => [op.inputType(0), op.inputType(0)],
    flops: perInputElement(LAYER_FLOPS + 1),
  }),
];

/** RMS normalisation before opset 23 had a name for it. */
function simplified(domain: string): OperatorEntry {
  return operator('SimplifiedLayerNormalization', {
    domain,
    since: [1],
    inputs: [2, 2],
    outputs: [1, 2],
    mapping: normalisationMapping,
    infer: (op) => layerNormalisationTypes(op, 1),
    flops: perInputElement(RMS_FLOPS),
  });
}

/** Input + skip (+ bias), normalised over the last axis; the fourth output is the sum. */
function skipLayer(name: string, inputs: readonly [number, number], flops: number): OperatorEntry {
  return microsoft(name, {
    inputs,
    outputs: [1, 4],
    mapping: withEdges('many-to-many', TWO),
    infer: (op) => {
      const [data, mean] = layerNormalisationTypes(op, 1) as [ValueType, ValueType];
      return [data, mean, mean, data];
    },
    flops: perInputElement(flops),
  });
}

/**
 * Token and segment ids B×S to embeddings B×S×H, the mask's lengths B and the sum before normalising. `dtype`
 * overrides the element type of gamma for quantised tables.
 */
export function embeddedTypes(op: InferContext, dtype = op.dtype(5)): readonly ValueType[] {
  expectRank(op, 0, 2);
  const [batch, length] = op.shape(0) ?? [op.dataDim('batch'), op.dataDim('length')];
  const hidden = op.shape(2)?.[1] ?? op.shape(5)?.[0] ?? op.dataDim('hidden');
  const embedded = tensorType(dtype, [batch as Dim, length as Dim, hidden]);
  return [embedded, tensorType('int32', [batch as Dim]), embedded];
}
