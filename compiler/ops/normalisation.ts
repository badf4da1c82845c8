/**
 * Normalisations: BatchNormalization 15, InstanceNormalization 22, LayerNormalization 17, GroupNormalization 21,
 * RMSNormalization 23, LRN 13, LpNormalization 22, MeanVarianceNormalization 13. All but the inference form of
 * BatchNormalization reduce over the data and are Many-to-Many as one operator.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimMul } from '../graph/dim.ts';
import type { Shape, ValueType } from '../graph/types.ts';
import { dataTypeOfCode, tensorType } from '../graph/types.ts';
import type { InferContext, Mapping, OperatorEntry, OpView } from './define.ts';
import { normaliseAxis } from './axes.ts';
import { fromEdges, withEdges } from './edgeMapping.ts';
import { operator } from './entry.ts';
import { elementCount, perInputElement } from './flops.ts';
import { sameAsInput } from './inferRules.ts';
import { fixedMapping } from './mappingRules.ts';

/** Mean, centre, square, mean of squares, root (per group, not counted), divide. */
const STATISTICS_FLOPS = 5;
/** Scale and shift. */
const AFFINE_FLOPS = 2;

/** Data Many-to-Many, scale and bias One-to-Many. */
export const normalisationMapping = withEdges('many-to-many', ['many-to-many']);

export const FAMILY: readonly OperatorEntry[] = [
  operator('BatchNormalization', {
    since: [1, 6, 7, 9, 14, 15],
    inputs: [5, 5],
    outputs: [1, 5],
    mapping: batchNormalisationMapping,
    infer: batchNormalisationTypes,
    // Inference: one multiplication and one addition with constants folded from the parameters.
    flops: (op) => perInputElement(isTraining(op) ? STATISTICS_FLOPS + AFFINE_FLOPS : 2)(op),
    properties: ['linear'],
  }),
  operator('InstanceNormalization', {
    since: [1, 6, 22],
    inputs: [3, 3],
    mapping: normalisationMapping,
    infer: sameAsInput(),
    flops: perInputElement(STATISTICS_FLOPS + AFFINE_FLOPS),
  }),
  operator('LayerNormalization', {
    // ONNX Runtime's optimiser writes it into models of older opsets too.
    since: [1, 17],
    inputs: [2, 3],
    outputs: [1, 3],
    mapping: normalisationMapping,
    infer: (op) => layerNormalisationTypes(op, 2),
    flops: (op) => perInputElement(STATISTICS_FLOPS + (op.has(2) ? AFFINE_FLOPS : 1))(op),
  }),
  operator('GroupNormalization', {
    since: [18, 21],
    inputs: [3, 3],
    mapping: normalisationMapping,
    infer: (op) => {
      checkGroups(op);
      return [op.inputType(0)];
    },
    flops: perInputElement(STATISTICS_FLOPS + AFFINE_FLOPS),
  }),
  operator('RMSNormalization', {
    since: [23],
    inputs: [2, 2],
    mapping: normalisationMapping,
    infer: (op) => layerNormalisationTypes(op, 0),
    // Square, mean, divide, scale.
    flops: perInputElement(4),
  }),
  operator('LRN', {
    since: [1, 13],
    mapping: fixedMapping('many-to-many'),
    infer: sameAsInput(),
    flops: lrnFlops,
  }),
  operator('LpNormalization', {
    since: [1, 22],
    mapping: fixedMapping('many-to-many'),
    infer: (op) => {
      const rank = op.shape(0)?.length;
      if (rank !== undefined) normaliseAxis(op, op.int('axis', -1), rank);
      return [op.inputType(0)];
    },
    flops: perInputElement(3),
    properties: ['idempotent'],
  }),
  operator('MeanVarianceNormalization', {
    since: [9, 13],
    mapping: fixedMapping('many-to-many'),
    infer: sameAsInput(),
    flops: perInputElement(STATISTICS_FLOPS),
    properties: ['idempotent'],
  }),
];

function isTraining(op: OpView): boolean {
  return op.int('training_mode', 0) !== 0;
}

const inferenceMapping = fromEdges(['one-to-one']);

function batchNormalisationMapping(op: OpView): Mapping {
  return isTraining(op) ? fixedMapping('many-to-many', 'training')(op) : inferenceMapping(op);
}

/** Data N×C×…; the statistics have one entry per channel. */
function batchNormalisationTypes(op: InferContext): readonly ValueType[] {
  const channels = op.shape(0)?.[1];
  const parameter = op.shape(1)?.[0];
  if (typeof channels === 'number' && typeof parameter === 'number' && channels !== parameter) {
    op.fail(`its input has ${channels} channels but the scale has ${parameter}`);
  }
  const size = parameter ?? channels ?? op.dataDim('channels');
  const statistics = tensorType(op.dtype(3), [size]);
  return [op.inputType(0), statistics, statistics, statistics, statistics];
}

/** Data as it came; `statistics` more outputs with the normalised axes (from `axis` on) of length 1. */
export function layerNormalisationTypes(op: InferContext, statistics: number): ValueType[] {
  const data = op.shape(0);
  const kept = data && keptAxes(op, data);
  const stash = tensorType(dataTypeOfCode(op.int('stash_type', 1)), kept);
  return [op.inputType(0), ...new Array<ValueType>(statistics).fill(stash)];
}

function keptAxes(op: InferContext, data: readonly Dim[]): Shape {
  const first = data.length === 0 ? 0 : normaliseAxis(op, op.int('axis', -1), data.length);
  return data.map((dim, axis) => (axis < first ? dim : 1));
}

function checkGroups(op: InferContext): void {
  const groups = op.int('num_groups', 1);
  const channels = op.shape(0)?.[1];
  if (groups < 1) op.fail(`num_groups ${groups} is not a positive number`);
  if (typeof channels === 'number' && channels % groups !== 0) {
    op.fail(`${channels} channels do not divide into ${groups} groups`);
  }
}

/** A window of `size` squares along the channels, then the power and the division. */
function lrnFlops(op: OpView): Dim {
  const elements = elementCount(op.shape(0));
  return dimAdd(dimMul(elements, 2 * op.int('size', 1)), dimMul(elements, 4));
}
