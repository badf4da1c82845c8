/**
 * com.microsoft.nchwc: what ONNX Runtime's layout optimiser writes for x86: channels in blocks of 8 or 16, the
 * tensor's shape still N×C×spatial with C padded to whole blocks. Reorder operators move between the layouts.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimCeilDiv, dimMul } from '../graph/dim.ts';
import type { Shape } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { convolutionNote } from './convolution.ts';
import { convolutionFlops, convolutionShape } from './convolutionShape.ts';
import type { InferContext, OperatorEntry } from './define.ts';
import { edgeList, withEdges } from './edgeMapping.ts';
import type { OperatorSpec } from './entry.ts';
import { operator } from './entry.ts';
import { elementCount, perInputElement } from './flops.ts';
import { fixedMapping } from './mappingRules.ts';
import {
  globalPoolMapping,
  globalPoolTypes,
  poolFlops,
  poolMapping,
  poolShape,
} from './pooling.ts';

/** The widest block (AVX-512); every narrower one divides it. */
const WIDEST_BLOCK = 16;

const FORM = { data: 0, weights: 1, paddedChannels: true };

export const FAMILY: readonly OperatorEntry[] = [
  nchwc('ReorderInput', {
    mapping: fixedMapping('shuffle', 'into channel blocks'),
    infer: (op) => [tensorType(op.dtype(0), blockedShape(op))],
    properties: ['linear', 'exact'],
  }),
  nchwc('ReorderOutput', {
    mapping: fixedMapping('shuffle', 'out of channel blocks'),
    infer: (op) => [tensorType(op.dtype(0), plainShape(op))],
    properties: ['linear', 'exact'],
  }),
  nchwc('Conv', {
    inputs: [2, 4],
    mapping: withEdges(
      'many-to-many',
      ['many-to-many', 'many-to-many', 'one-to-many', 'one-to-one'],
      convolutionNote,
    ),
    infer: (op) => [tensorType(op.dtype(0), convolutionShape(op, FORM))],
    flops: (op) => {
      const extra = (op.has(3) ? 1 : 0) + (op.string('activation', '') === '' ? 0 : 1);
      return dimAdd(convolutionFlops(op, FORM), dimMul(elementCount(op.outputShape(0)), extra));
    },
  }),
  pool('MaxPool'),
  pool('AveragePool'),
  globalPool('GlobalMaxPool'),
  globalPool('GlobalAveragePool'),
  nchwc('Upsample', {
    mapping: (op) => {
      const node = op.string('mode', 'nearest') === 'nearest' ? 'one-to-many' : 'many-to-many';
      return { node, edges: edgeList(op, [node]) };
    },
    infer: (op) => [tensorType(op.dtype(0), upsampledShape(op))],
    flops: (op) => {
      const taps = op.string('mode', 'nearest') === 'nearest' ? 0 : 8;
      return dimMul(elementCount(op.outputShape(0)), taps);
    },
  }),
];

function nchwc(name: string, spec: Omit<OperatorSpec, 'since'>): OperatorEntry {
  return operator(name, { domain: 'com.microsoft.nchwc', since: [1], ...spec });
}

function pool(name: string): OperatorEntry {
  return nchwc(name, {
    mapping: poolMapping,
    infer: (op) => [tensorType(op.dtype(0), poolShape(op))],
    flops: (op) => poolFlops(op, 1),
  });
}

function globalPool(name: string): OperatorEntry {
  return nchwc(name, {
    mapping: globalPoolMapping,
    infer: globalPoolTypes,
    flops: perInputElement(1),
  });
}

/** Channels rounded up to blocks: certain only where the widest block divides them. */
function blockedShape(op: InferContext): Shape {
  const shape = op.shape(0);
  if (!shape) return null;
  if (shape.length < 2)
    op.fail(`its input has rank ${shape.length}; batch and channels are needed`);
  const last = op.int('channels_last', 0) !== 0;
  const channels = (last ? shape.at(-1) : shape[1]) as Dim;
  const spatial = last ? shape.slice(1, -1) : shape.slice(2);
  const whole = typeof channels === 'number' && channels % WIDEST_BLOCK === 0;
  const bound = dimMul(dimCeilDiv(channels, WIDEST_BLOCK), WIDEST_BLOCK);
  return [shape[0] as Dim, whole ? channels : op.dataDim('channels', bound), ...spatial];
}

/** `channels` states how many are real. */
function plainShape(op: InferContext): Shape {
  const shape = op.shape(0);
  if (!shape) return null;
  if (shape.length < 2)
    op.fail(`its input has rank ${shape.length}; batch and channels are needed`);
  const stated = op.int('channels', 0);
  const channels = stated > 0 ? stated : (shape[1] as Dim);
  const [batch, , ...spatial] = shape as readonly [Dim, Dim, ...Dim[]];
  return op.int('channels_last', 0) !== 0
    ? [batch, ...spatial, channels]
    : [batch, channels, ...spatial];
}

function upsampledShape(op: InferContext): Shape {
  const shape = op.shape(0);
  const scales = op.ints('scales');
  if (!shape) return null;
  if (scales && scales.length !== shape.length) {
    op.fail(`scales has ${scales.length} entries for a tensor of rank ${shape.length}`);
  }
  return shape.map((dim, axis) => dimMul(dim, scales?.[axis] ?? 1));
}
