/**
 * Output sizes of Resize and Upsample from their scales or sizes (ONNX Resize 19), also for symbolic
 * inputs: a factor such as 2 or 0.5 stays an exact product or quotient.
 */
import type { Dim } from '../graph/dim.ts';
import { dimFloorDiv, dimMul } from '../graph/dim.ts';
import type { Shape } from '../graph/types.ts';
import { normaliseAxes } from './axes.ts';
import type { InferContext, OpView } from './define.ts';
import { dataShape } from './inferRules.ts';

/** Largest denominator tried when a factor is read as a fraction. */
const MAX_DENOMINATOR = 64;

/** Positions of the inputs: Resize 10 had no region; Upsample never had one. -1 when absent. */
export interface ResizeInputs {
  readonly roi: number;
  readonly scales: number;
  readonly sizes: number;
}

export function resizeInputs(op: OpView): ResizeInputs {
  const present = (input: number): number => (op.has(input) ? input : -1);
  if (op.type === 'Upsample' || (op.opset < 11 && op.inputCount === 2)) {
    return { roi: -1, scales: present(1), sizes: -1 };
  }
  // Scales were required in opset 11 and are empty there when sizes are given.
  const scales = op.shape(2)?.[0] === 0 ? -1 : present(2);
  return { roi: present(1), scales, sizes: present(3) };
}

export function resizedShape(op: InferContext): Shape {
  const input = op.shape(0);
  const from = resizeInputs(op);
  if (!input) return unknownInput(op, from);
  const listed = op.ints('axes');
  const axes = listed ? normaliseAxes(op, listed, input.length) : input.map((_, axis) => axis);
  const output = [...input];
  const sizes = from.sizes >= 0 ? op.known(from.sizes)?.data : undefined;
  const scales = scalesOf(op, from);
  checkLength(op, 'sizes', sizes, axes.length);
  checkLength(op, 'scales', scales, axes.length);
  const kept = sizes && keepAspectRatio(op, input, axes, sizes);
  axes.forEach((axis, i) => {
    const size = input[axis] as Dim;
    const unknown = (): Dim => op.dataDim(`size${axis}`);
    if (from.sizes >= 0) output[axis] = (kept ?? sizes)?.[i] ?? unknown();
    else output[axis] = scaled(op, size, scales?.[i], from, i, axes.length) ?? unknown();
  });
  return output;
}

/** Factors per listed axis: an input, or (Upsample 7) an attribute. */
export function scalesOf(op: OpView, from: ResizeInputs): readonly number[] | undefined {
  if (from.scales >= 0) return op.numbers(from.scales);
  const attribute = op.attribute('scales');
  return attribute?.kind === 'floats' ? attribute.value : undefined;
}

/** `floor(size × scale)`, in single precision as ONNX Runtime computes it. */
export function scaleDim(size: Dim, scale: number): Dim | undefined {
  if (!(scale > 0) || !Number.isFinite(scale)) return undefined;
  if (typeof size === 'number') return Math.floor(Math.fround(Math.fround(scale) * size));
  for (let denominator = 1; denominator <= MAX_DENOMINATOR; denominator++) {
    const numerator = Math.round(scale * denominator);
    if (Math.fround(numerator / denominator) === Math.fround(scale)) {
      return dimFloorDiv(dimMul(size, numerator), denominator);
    }
  }
  return undefined;
}

function scaled(
  op: InferContext,
  size: Dim,
  scale: number | undefined,
  from: ResizeInputs,
  index: number,
  count: number,
): Dim | undefined {
  if (scale === undefined) return undefined;
  if (op.string('coordinate_transformation_mode', '') !== 'tf_crop_and_resize') {
    return scaleDim(size, scale);
  }
  const roi = from.roi >= 0 ? op.numbers(from.roi) : undefined;
  const [start, end] = [roi?.[index], roi?.[index + count]];
  if (start === undefined || end === undefined || typeof size !== 'number') return undefined;
  return Math.floor(size * (end - start) * scale);
}

/** `not_larger` / `not_smaller` (18): one factor for all listed axes, sizes rounded to the nearest. */
function keepAspectRatio(
  op: InferContext,
  input: readonly Dim[],
  axes: readonly number[],
  sizes: readonly (Dim | undefined)[],
): readonly (Dim | undefined)[] {
  const policy = op.string('keep_aspect_ratio_policy', 'stretch');
  if (policy !== 'not_larger' && policy !== 'not_smaller') return sizes;
  const ratios = axes.map((axis, i) => ratio(sizes[i], input[axis] as Dim));
  if (ratios.some((factor) => factor === undefined)) return sizes.map(() => undefined);
  const choose = policy === 'not_larger' ? Math.min : Math.max;
  const factor = choose(...(ratios as number[]));
  return axes.map((axis) => roundHalfUp(factor * (input[axis] as number)));
}

function ratio(size: Dim | undefined, input: Dim): number | undefined {
  if (typeof size !== 'number' || typeof input !== 'number' || input === 0) return undefined;
  return size / input;
}

function roundHalfUp(value: number): number {
  return Math.floor(value + 0.5);
}

function unknownInput(op: InferContext, from: ResizeInputs): Shape {
  if (op.ints('axes')) return null;
  const list = from.sizes >= 0 ? from.sizes : from.scales;
  const rank = list >= 0 ? op.shape(list)?.[0] : undefined;
  if (typeof rank !== 'number' || rank > 16) return null;
  const sizes = from.sizes >= 0 ? op.known(from.sizes)?.data : undefined;
  return dataShape(op, rank).map((unknown, axis) => sizes?.[axis] ?? unknown);
}

function checkLength(
  op: InferContext,
  what: string,
  list: readonly unknown[] | undefined,
  length: number,
): void {
  if (list && list.length !== length) {
    op.fail(`its ${what} have ${list.length} entries for ${length} axes`);
  }
}
