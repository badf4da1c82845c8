/**
 * Image operators with runtime positions: GridSample 22, AffineGrid 20, RoiAlign 22,
 * NonMaxSuppression 11 and ImageDecoder 20.
 */
import type { Dim } from '../graph/dim.ts';
import { dimMin, dimMul } from '../graph/dim.ts';
import type { Shape } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import type { MappingType } from '../mapping/mappingTypes.ts';
import { expectRank } from './axes.ts';
import type { InferContext, Mapping, OperatorEntry, OpView } from './define.ts';
import { withEdges } from './edgeMapping.ts';
import { operator } from './entry.ts';
import { elementCount, perOutputElement } from './flops.ts';
import { nodeMapping, opaqueMapping } from './mappingRules.ts';

export const FAMILY: readonly OperatorEntry[] = [
  operator('GridSample', {
    since: [16, 20, 22],
    inputs: [2, 2],
    mapping: gridSampleMapping,
    infer: (op) => [tensorType(op.dtype(0), gridSampleShape(op))],
    flops: gridSampleFlops,
    properties: ['linear'],
  }),
  operator('AffineGrid', {
    since: [20],
    inputs: [2, 2],
    mapping: withEdges('many-to-many', ['many-to-many']),
    infer: (op) => [tensorType(op.dtype(0), affineGridShape(op))],
    // A row of the matrix times (x, y[, z], 1).
    flops: (op) => perOutputElement(2 * (op.shape(0)?.at(-1) === 4 ? 4 : 3))(op),
    properties: ['linear'],
  }),
  operator('RoiAlign', {
    since: [10, 16, 22],
    inputs: [3, 3],
    mapping: (op) => opaqueMapping(op, 'runtime regions'),
    infer: (op) => [tensorType(op.dtype(0), roiAlignShape(op))],
    flops: roiAlignFlops,
  }),
  operator('NonMaxSuppression', {
    since: [10, 11],
    inputs: [2, 5],
    mapping: (op) => opaqueMapping(op, 'data-dependent output size'),
    infer: (op) => [tensorType('int64', [selectedCount(op), 3])],
    flops: suppressionFlops,
  }),
  operator('ImageDecoder', {
    since: [20],
    mapping: (op) => opaqueMapping(op, 'decodes a file'),
    infer: (op) => [
      tensorType('uint8', [
        op.dataDim('height'),
        op.dataDim('width'),
        op.string('pixel_format', 'RGB') === 'Grayscale' ? 1 : 3,
      ]),
    ],
  }),
];

/** Nearest: one cell per sample. Otherwise 2^d or 4^d cells. The grid feeds all channels. */
function gridSampleMapping(op: OpView): Mapping {
  const data: MappingType = sampleTaps(op) === 1 ? 'one-to-many' : 'many-to-many';
  return nodeMapping(op, [data, 'one-to-many'], 'reads at runtime positions');
}

/** 'bilinear' and 'bicubic' are the names before opset 20. */
function sampleTaps(op: OpView): number {
  const mode = op.string('mode', 'linear');
  if (mode === 'nearest') return 1;
  const axes = Math.max((op.shape(0)?.length ?? 4) - 2, 0);
  return (mode.endsWith('cubic') ? 4 : 2) ** axes;
}

function gridSampleFlops(op: OpView): Dim {
  const taps = sampleTaps(op);
  return taps === 1 ? 0 : dimMul(elementCount(op.outputShape(0)), 2 * taps);
}

/** Data N×C×…, grid N×sizes×r to N×C×sizes. */
function gridSampleShape(op: InferContext): Shape {
  const data = op.shape(0);
  const grid = op.shape(1);
  const rank = data?.length ?? grid?.length;
  if (rank === undefined) return null;
  if (data && grid && data.length !== grid.length) {
    op.fail(`its input has rank ${data.length} and its grid ${grid.length}; they have to agree`);
  }
  if (rank < 3) op.fail(`rank ${rank} has no spatial axis`);
  const sizes =
    grid?.slice(1, -1) ?? Array.from({ length: rank - 2 }, (_, i) => op.dataDim(`size${i}`));
  return [
    data?.[0] ?? grid?.[0] ?? op.dataDim('batch'),
    data?.[1] ?? op.dataDim('channels'),
    ...sizes,
  ];
}

/** Size N×C×H×W (or N×C×D×H×W) to N×H×W×2 (or N×D×H×W×3). */
function affineGridShape(op: InferContext): Shape {
  const count = op.shape(1)?.[0];
  const axes = op.shape(0)?.[1];
  const rank = typeof count === 'number' ? count : typeof axes === 'number' ? axes + 2 : undefined;
  if (rank === undefined) return null;
  if (rank !== 4 && rank !== 5) op.fail(`size has ${rank} entries; 4 or 5 are needed`);
  const sizes = op.known(1)?.data;
  const spatial = Array.from(
    { length: rank - 2 },
    (_, i) => sizes?.[i + 2] ?? op.dataDim(`size${i}`),
  );
  return [op.shape(0)?.[0] ?? sizes?.[0] ?? op.dataDim('batch'), ...spatial, rank - 2];
}

/** Data N×C×H×W, regions R×4 to R×C×height×width. */
function roiAlignShape(op: InferContext): Shape {
  expectRank(op, 0, 4);
  expectRank(op, 1, 2);
  return [
    op.shape(1)?.[0] ?? op.shape(2)?.[0] ?? op.dataDim('regions'),
    op.shape(0)?.[1] ?? op.dataDim('channels'),
    op.int('output_height', 1),
    op.int('output_width', 1),
  ];
}

/** 4 cells interpolated per sample; the adaptive sampling grid (0) is taken as 2×2. */
function roiAlignFlops(op: OpView): Dim {
  const samples = op.int('sampling_ratio', 0) || 2;
  return dimMul(elementCount(op.outputShape(0)), samples * samples * 9);
}

/** At most min(boxes, max_output_boxes_per_class) per batch and class. */
function selectedCount(op: InferContext): Dim {
  expectRank(op, 0, 3);
  expectRank(op, 1, 3);
  const boxes = op.shape(0)?.[1];
  const [batch, classes, scored] = op.shape(1) ?? [];
  const candidates = boxes ?? scored;
  if (candidates === undefined || batch === undefined || classes === undefined) {
    return op.dataDim('selected');
  }
  const most = op.has(2) ? op.known(2)?.data[0] : undefined;
  const perClass = most === undefined ? candidates : dimMin(candidates, most);
  return op.dataDim('selected', dimMul(dimMul(batch, classes), perClass));
}

/** Each box against each other of its class: 16 operations for an intersection over union. */
function suppressionFlops(op: OpView): Dim {
  const scores = op.shape(1);
  const boxes = scores?.[2];
  return boxes === undefined ? 0 : dimMul(dimMul(elementCount(scores ?? null), boxes), 16);
}
