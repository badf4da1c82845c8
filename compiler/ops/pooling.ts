/**
 * Pools: AveragePool 22, MaxPool 22, LpPool 22, their global forms, MaxUnpool 22 and MaxRoiPool 22.
 * Windows make them Many-to-Many; a window of one cell is a copy.
 */
import type { Dim } from '../graph/dim.ts';
import { dimMul } from '../graph/dim.ts';
import type { Shape, ValueType } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import type { InferContext, Mapping, OperatorEntry, OpView, Property } from './define.ts';
import { identityMapping } from './edgeMapping.ts';
import { operator } from './entry.ts';
import { elementCount, perInputElement } from './flops.ts';
import { dataShape, MAX_RANK } from './inferRules.ts';
import type { MappingRule } from './mappingRules.ts';
import { fixedMapping, opaqueMapping } from './mappingRules.ts';
import { readWindow, transposedOutputs, windowOutputs, windowTaps } from './window.ts';

const manyToMany = fixedMapping('many-to-many');

export const FAMILY: readonly OperatorEntry[] = [
  pool('AveragePool', [1, 7, 10, 11, 19, 22], 1, ['linear']),
  pool('LpPool', [1, 2, 11, 18, 22], 2, ['homogeneous']),
  operator('MaxPool', {
    since: [1, 8, 10, 11, 12, 22],
    outputs: [1, 2],
    mapping: poolMapping,
    infer: (op) => {
      const shape = poolShape(op);
      return [tensorType(op.dtype(0), shape), tensorType('int64', shape)];
    },
    flops: (op) => poolFlops(op, 1),
    properties: ['monotone-increasing'],
  }),
  globalPool('GlobalAveragePool', [1, 22], 1, ['linear'], globalPoolMapping),
  // |x|, not a copy, where the spatial size is 1.
  globalPool('GlobalLpPool', [1, 2, 22], 2, ['homogeneous'], manyToMany),
  globalPool('GlobalMaxPool', [1, 22], 1, ['monotone-increasing'], globalPoolMapping),
  operator('MaxUnpool', {
    since: [9, 11, 22],
    inputs: [2, 3],
    mapping: (op) => opaqueMapping(op, 'scatters'),
    infer: (op) => [tensorType(op.dtype(0), unpoolShape(op))],
    properties: ['linear'],
  }),
  operator('MaxRoiPool', {
    since: [1, 22],
    inputs: [2, 2],
    mapping: (op) => opaqueMapping(op, 'runtime regions'),
    infer: (op) => [tensorType(op.dtype(0), roiPoolShape(op))],
    flops: perInputElement(1),
    properties: ['monotone-increasing'],
  }),
];

function pool(
  name: string,
  since: readonly number[],
  perTap: number,
  properties: readonly Property[],
): OperatorEntry {
  return operator(name, {
    since,
    mapping: poolMapping,
    infer: (op) => [tensorType(op.dtype(0), poolShape(op))],
    flops: (op) => poolFlops(op, perTap),
    properties,
  });
}

function globalPool(
  name: string,
  since: readonly number[],
  perElement: number,
  properties: readonly Property[],
  mapping: MappingRule,
): OperatorEntry {
  return operator(name, {
    since,
    mapping,
    infer: globalPoolTypes,
    flops: perInputElement(perElement),
    properties,
  });
}

/** `channelsLast`: N×spatial×C instead of N×C×spatial. */
export function poolShape(op: InferContext, input = 0, channelsLast = false): Shape {
  const data = op.shape(input);
  const stated = op.ints('kernel_shape');
  if (!data) {
    return stated ? dataShape(op, stated.length + 2) : null;
  }
  if (data.length < 2) op.fail(`its input has rank ${data.length}; batch and channels are needed`);
  const spatial = channelsLast ? data.slice(1, -1) : data.slice(2);
  const sizes = windowOutputs(op, spatial, readWindow(op, spatial.length));
  const [batch, channels] = [data[0] as Dim, data[channelsLast ? data.length - 1 : 1] as Dim];
  return channelsLast ? [batch, ...sizes, channels] : [batch, channels, ...sizes];
}

/** `perTap` operations per cell of every window. */
export function poolFlops(op: OpView, perTap: number): Dim {
  return dimMul(elementCount(op.outputShape(0)), windowTaps(op) * perTap);
}

export function poolMapping(op: OpView): Mapping {
  const padded = op.ints('pads')?.some((pad) => pad !== 0) ?? false;
  const strided = op.ints('strides')?.some((stride) => stride !== 1) ?? false;
  const single = windowTaps(op) === 1 && op.ints('kernel_shape') !== undefined;
  // LpPool of one cell is |x|, still One-to-One; the copy is exact for the other two.
  return single && !padded && !strided ? identityMapping(op, 'window of one cell') : manyToMany(op);
}

export function globalPoolMapping(op: OpView): Mapping {
  const spatial = op.shape(0)?.slice(2);
  return spatial?.every((size) => size === 1)
    ? identityMapping(op, 'spatial size 1')
    : manyToMany(op);
}

export function globalPoolTypes(op: InferContext): readonly ValueType[] {
  const data = op.shape(0);
  if (!data) return [tensorType(op.dtype(0), null)];
  if (data.length < 2) op.fail(`its input has rank ${data.length}; batch and channels are needed`);
  return [
    tensorType(
      op.dtype(0),
      data.map((dim, axis) => (axis < 2 ? dim : 1)),
    ),
  ];
}

/** `output_shape` as input 2, else the inverse of the pool's window arithmetic. */
function unpoolShape(op: InferContext): Shape {
  const data = op.shape(0);
  const rank = data?.length ?? op.shape(2)?.[0];
  if (typeof rank !== 'number' || rank > MAX_RANK) return null;
  if (op.has(2)) {
    const stated = op.known(2)?.data;
    if (stated && stated.length !== rank) {
      op.fail(`output_shape has ${stated.length} entries for a tensor of rank ${rank}`);
    }
    return dataShape(op, rank).map((unknown, axis) => stated?.[axis] ?? unknown);
  }
  if (!data) return dataShape(op, rank);
  const spatial = data.slice(2);
  return [...data.slice(0, 2), ...transposedOutputs(op, spatial, readWindow(op, spatial.length))];
}

/** Data N×C×H×W, regions R×5 to R×C×pooled_shape. */
function roiPoolShape(op: InferContext): Shape {
  const pooled = op.ints('pooled_shape');
  if (!pooled || pooled.length !== 2) op.fail('attribute pooled_shape needs two entries');
  const count = op.shape(1)?.[0] ?? op.dataDim('regions');
  const channels = op.shape(0)?.[1] ?? op.dataDim('channels');
  return [count, channels, ...pooled];
}
