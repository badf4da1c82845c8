/**
 * Resize 19 and Upsample 10. Nearest neighbours repeat elements (One-to-Many) or pick every n-th
 * (One-to-One); linear and cubic interpolation and antialiasing mix neighbours (Many-to-Many).
 */
import type { Dim } from '../graph/dim.ts';
import { dimEqual, dimMul, divideExactly } from '../graph/dim.ts';
import { tensorType } from '../graph/types.ts';
import type { MappingType } from '../mapping/mappingTypes.ts';
import type { Mapping, OperatorEntry, OpView } from './define.ts';
import { edgeList, identityMapping } from './edgeMapping.ts';
import { operator } from './entry.ts';
import { elementCount } from './flops.ts';
import { opaqueMapping } from './mappingRules.ts';
import { resizedShape, resizeInputs, scalesOf } from './resizeScale.ts';

export const FAMILY: readonly OperatorEntry[] = [
  operator('Resize', {
    since: [10, 11, 13, 18, 19],
    inputs: [1, 4],
    mapping: resizeMapping,
    infer: (op) => [tensorType(op.dtype(0), resizedShape(op))],
    flops: resizeFlops,
    properties: ['linear'],
  }),
  operator('Upsample', {
    since: [7, 9, 10],
    inputs: [1, 2],
    mapping: resizeMapping,
    infer: (op) => [tensorType(op.dtype(0), resizedShape(op))],
    flops: resizeFlops,
    properties: ['linear'],
  }),
];

type Direction = 'same' | 'up' | 'down' | 'mixed';

function resizeMapping(op: OpView): Mapping {
  const crops = op.string('coordinate_transformation_mode', '') === 'tf_crop_and_resize';
  const { roi } = resizeInputs(op);
  if (crops && roi >= 0 && op.numbers(roi) === undefined)
    return opaqueMapping(op, 'runtime region');
  const directions = axisDirections(op);
  if (!crops && directions?.every((direction) => direction === 'same')) {
    return identityMapping(op, 'scale 1');
  }
  const data = crops ? cropType(op) : dataType(op, directions);
  const note = directions ? undefined : 'scales known at run time';
  const edges = edgeList(op, [data]);
  return note === undefined ? { node: data, edges } : { node: data, edges, note };
}

function cropType(op: OpView): MappingType {
  return op.string('mode', 'nearest') === 'nearest' ? 'one-to-many' : 'many-to-many';
}

function dataType(op: OpView, directions: readonly Direction[] | undefined): MappingType {
  if (op.string('mode', 'nearest') !== 'nearest' || op.int('antialias', 0) !== 0) {
    return 'many-to-many';
  }
  const picks = directions?.every((direction) => direction === 'same' || direction === 'down');
  return picks ? 'one-to-one' : 'one-to-many';
}

/** What happens to each axis; 'down' only by whole factors. `undefined` where the scales are not known. */
function axisDirections(op: OpView): readonly Direction[] | undefined {
  const input = op.shape(0);
  const output = op.outputShape(0);
  if (!input || !output || input.length !== output.length) return undefined;
  const listed = op.ints('axes');
  const scales = scalesOf(op, resizeInputs(op));
  const directions = input.map((size, axis): Direction | undefined => {
    const made = output[axis] as Dim;
    const scale = listed ? undefined : scales?.[axis];
    return scale === undefined ? directionOf(size, made) : scaleDirection(scale);
  });
  return directions.every((direction) => direction !== undefined)
    ? (directions as Direction[])
    : undefined;
}

function scaleDirection(scale: number): Direction {
  if (scale === 1) return 'same';
  if (scale > 1) return 'up';
  // 1/3 is not exact in single precision.
  const factor = 1 / scale;
  return Math.abs(factor - Math.round(factor)) < 1e-5 * factor ? 'down' : 'mixed';
}

function directionOf(from: Dim, to: Dim): Direction | undefined {
  if (dimEqual(from, to)) return 'same';
  const up = divideExactly(to, from);
  if (typeof up === 'number' && up > 1) return 'up';
  const down = divideExactly(from, to);
  if (typeof down === 'number' && down > 1) return 'down';
  if (typeof from !== 'number' || typeof to !== 'number') return undefined;
  return to > from ? 'up' : 'mixed';
}

/** 2 taps per axis for linear, 4 for cubic; copies for nearest. */
function resizeFlops(op: OpView): Dim {
  const mode = op.string('mode', 'nearest');
  if (mode === 'nearest') return 0;
  const directions = axisDirections(op);
  const moved = directions ? directions.filter((direction) => direction !== 'same').length : 2;
  const taps = (mode === 'cubic' ? 4 : 2) ** moved;
  return dimMul(elementCount(op.outputShape(0)), 2 * taps);
}
