/**
 * Pad, CenterCropPad and Trilu: the input's elements at an offset or under a mask, a fill value elsewhere.
 * One-to-One with a guard; padding that repeats elements (reflect, edge, wrap) is One-to-Many.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd } from '../graph/dim.ts';
import type { KnownTensor } from '../graph/graph.ts';
import type { Shape } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { axesIn, expectRankAtLeast, normaliseAxes } from './axes.ts';
import type { InferContext, Mapping, OperatorEntry, OpView } from './define.ts';
import { operator } from './entry.ts';
import { dataShape, sameAsInput } from './inferRules.ts';
import { moveElements, outputDims, positionOf, scalarOf, stridesOf } from './known.ts';
import { dataMapping, opaqueMapping } from './mappingRules.ts';

export const FAMILY: readonly OperatorEntry[] = [
  operator('Pad', {
    since: [1, 2, 11, 13, 18, 19, 21],
    inputs: [2, 4],
    mapping: padMapping,
    infer: (op) => [tensorType(op.dtype(0), paddedShape(op))],
    properties: ['commutes-with-movement', 'exact'],
    evaluate: evaluatePad,
  }),
  operator('CenterCropPad', {
    since: [18],
    inputs: [2, 2],
    mapping: (op) =>
      op.known(1)
        ? dataMapping('one-to-one')(op)
        : opaqueMapping(op, 'target known at run time only'),
    infer: (op) => [tensorType(op.dtype(0), croppedShape(op))],
    properties: ['linear', 'exact'],
  }),
  operator('Trilu', {
    since: [14],
    inputs: [1, 2],
    mapping: (op) => {
      const runtime = op.has(1) && !op.isConstant(1);
      return dataMapping(
        'one-to-one',
        1,
        runtime ? 'diagonal known at run time only' : undefined,
      )(op);
    },
    infer: (op) => {
      expectRankAtLeast(op, 0, 2);
      return sameAsInput()(op);
    },
    properties: ['linear', 'idempotent', 'exact'],
    evaluate: evaluateTrilu,
  }),
];

function padMapping(op: OpView): Mapping {
  if (!op.known(1)) return opaqueMapping(op, 'pads known at run time only');
  const mode = op.string('mode', 'constant');
  if (mode !== 'constant') return dataMapping('one-to-many', 1, `${mode} repeats elements`)(op);
  return dataMapping('one-to-one')(op);
}

/** Axes that are padded: input 3, else all. */
function paddedAxes(op: OpView, rank: number): readonly number[] | undefined {
  return op.has(3) ? op.numbers(3) : Array.from({ length: rank }, (_, axis) => axis);
}

function paddedShape(op: InferContext): Shape {
  const shape = op.shape(0);
  if (shape === null) return null;
  const stated = paddedAxes(op, shape.length);
  if (!stated) return dataShape(op, shape.length);
  const axes = normaliseAxes(op, stated, shape.length);
  const pads = op.known(1)?.data;
  if (pads && pads.length !== 2 * axes.length) {
    op.fail(`${pads.length} pads for ${axes.length} axes: two per axis are needed`);
  }
  const result = [...shape];
  axes.forEach((axis, i) => {
    const [before, after] = [pads?.[i], pads?.[i + axes.length]];
    const known = before !== undefined && after !== undefined;
    const size = known && dimAdd(shape[axis] as Dim, dimAdd(before, after));
    result[axis] = size === false ? op.dataDim(`axis${axis}`) : size;
    if (typeof size === 'number' && size < 0)
      op.fail(`pads leave ${size} elements on axis ${axis}`);
  });
  return result;
}

function evaluatePad(op: OpView): readonly KnownTensor[] | undefined {
  const input = op.known(0);
  const pads = op.numbers(1);
  if (!input || !pads || op.string('mode', 'constant') !== 'constant') return undefined;
  const stated = paddedAxes(op, input.dims.length);
  const axes = stated && axesIn(stated, input.dims.length);
  if (!axes) return undefined;
  const before = new Array<number>(input.dims.length).fill(0);
  axes.forEach((axis, i) => (before[axis] = pads[i] as number));
  const strides = stridesOf(input.dims);
  const fill = op.has(2) ? scalarOf(op, 2) : 0;
  const source = (index: readonly number[]): number => {
    const own = index.map((at, axis) => at - (before[axis] as number));
    const inside = own.every((at, axis) => at >= 0 && at < (input.dims[axis] as number));
    return inside ? positionOf(own, strides) : -1;
  };
  return [moveElements(input, outputDims(op), source, fill)];
}

function croppedShape(op: InferContext): Shape {
  const shape = op.shape(0);
  if (shape === null) return null;
  const stated = op.ints('axes') ?? shape.map((_, axis) => axis);
  const axes = normaliseAxes(op, stated, shape.length);
  const target = op.known(1)?.data;
  if (target && target.length !== axes.length) {
    op.fail(`${target.length} target sizes for ${axes.length} axes`);
  }
  const result = [...shape];
  axes.forEach((axis, i) => (result[axis] = target?.[i] ?? op.dataDim(`axis${axis}`)));
  return result;
}

function evaluateTrilu(op: OpView): readonly KnownTensor[] | undefined {
  const input = op.known(0);
  const k = op.has(1) ? scalarOf(op, 1) : 0;
  if (!input || typeof k !== 'number') return undefined;
  const upper = op.int('upper', 1) !== 0;
  const strides = stridesOf(input.dims);
  const source = (index: readonly number[]): number => {
    const [row, column] = index.slice(-2) as [number, number];
    const kept = upper ? column >= row + k : column <= row + k;
    return kept ? positionOf(index, strides) : -1;
  };
  return [moveElements(input, outputDims(op), source)];
}
