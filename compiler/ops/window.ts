/**
 * Sliding-window arithmetic shared by convolutions and pools: kernel, strides, dilations and padding as
 * the ONNX specification defines them (operators Conv 22, ConvTranspose 22, MaxPool 22), on symbolic
 * sizes. All lists have one entry per spatial axis; attributes that contradict that stop the inference.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimCeilDiv, dimFloorDiv, dimMin, dimMul, dimSub } from '../graph/dim.ts';
import type { InferContext, OpView } from './define.ts';

export interface Window {
  readonly kernel: readonly Dim[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Cells added before and after each axis; 0 where `autoPad` computes them. */
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
  readonly autoPad: AutoPad;
  readonly ceil: boolean;
}

export type AutoPad = 'NOTSET' | 'SAME_UPPER' | 'SAME_LOWER' | 'VALID';

const AUTO_PADS: readonly string[] = ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'];

/**
 * Window of an operator with `spatial` spatial axes. `kernel` is what the weights say (convolutions);
 * without it the attribute `kernel_shape` is required.
 */
export function readWindow(op: InferContext, spatial: number, kernel?: readonly Dim[]): Window {
  const stated = op.ints('kernel_shape');
  if (stated && stated.length > 0) {
    checkList(op, 'kernel_shape', stated, spatial, 1);
    kernel?.forEach((dim, axis) => {
      if (typeof dim === 'number' && dim !== stated[axis]) {
        op.fail(
          `kernel_shape is [${stated.join(', ')}] but the weights have ${dim} at axis ${axis}`,
        );
      }
    });
  } else if (!kernel) {
    op.fail('attribute kernel_shape is missing');
  }
  const pads = listOf(op, 'pads', 2 * spatial, 0, Number.MIN_SAFE_INTEGER);
  const autoPad = op.string('auto_pad', 'NOTSET') || 'NOTSET';
  if (!AUTO_PADS.includes(autoPad))
    op.fail(`auto_pad '${autoPad}' is not one of ${AUTO_PADS.join(', ')}`);
  const explicit = autoPad === 'NOTSET';
  const zeros = new Array<number>(spatial).fill(0);
  return {
    kernel: stated && stated.length > 0 ? stated : (kernel as readonly Dim[]),
    strides: listOf(op, 'strides', spatial, 1, 1),
    dilations: listOf(op, 'dilations', spatial, 1, 1),
    padsBegin: explicit ? pads.slice(0, spatial) : zeros,
    padsEnd: explicit ? pads.slice(spatial) : zeros,
    autoPad: autoPad as AutoPad,
    ceil: op.int('ceil_mode', 0) !== 0,
  };
}

/**
 * Output size along one spatial axis. With `ceil` a last window that would start in the padding behind
 * the input is dropped (stated from opset 22 on; ONNX Runtime does so for every opset).
 */
export function windowOutput(input: Dim, window: Window, axis: number): Dim {
  const stride = window.strides[axis] as number;
  if (window.autoPad === 'SAME_UPPER' || window.autoPad === 'SAME_LOWER') {
    return dimCeilDiv(input, stride);
  }
  const before = window.padsBegin[axis] as number;
  const after = window.padsEnd[axis] as number;
  const reach = windowReach(window, axis);
  const room = dimSub(dimAdd(input, before + after), reach);
  if (!window.ceil) return dimAdd(dimFloorDiv(room, stride), 1);
  const windows = dimAdd(dimCeilDiv(room, stride), 1);
  // A window can only start behind the input where the end padding is large against the window.
  if (typeof reach === 'number' && after + stride <= reach) return windows;
  return dimMin(windows, dimCeilDiv(dimAdd(input, before), stride));
}

/** Cells from the first to the last tap of a dilated window. */
export function windowReach(window: Window, axis: number): Dim {
  const taps = dimSub(window.kernel[axis] as Dim, 1);
  return dimAdd(dimMul(taps, window.dilations[axis] as number), 1);
}

/** Sizes of all spatial axes; a window larger than the padded input is a contradiction. */
export function windowOutputs(op: InferContext, spatial: readonly Dim[], window: Window): Dim[] {
  return spatial.map((input, axis) => {
    const size = windowOutput(input, window, axis);
    if (typeof size === 'number' && size < 0) {
      op.fail(`the window does not fit into the input at spatial axis ${axis}`);
    }
    return size;
  });
}

/**
 * Spatial sizes of a transposed convolution: `stride*(in-1) + output_padding + reach - pads`, or
 * `output_shape` where stated, or `in*stride` for SAME padding.
 */
export function transposedOutputs(
  op: InferContext,
  spatial: readonly Dim[],
  window: Window,
): readonly Dim[] {
  const stated = op.ints('output_shape');
  if (stated && stated.length > 0) {
    // Some exporters state batch and channels too.
    const sizes = stated.length === spatial.length + 2 ? stated.slice(2) : stated;
    checkList(op, 'output_shape', sizes, spatial.length, 0);
    return sizes;
  }
  const extra = listOf(op, 'output_padding', spatial.length, 0, 0);
  return spatial.map((input, axis) => {
    const stride = window.strides[axis] as number;
    if (window.autoPad.startsWith('SAME')) return dimMul(input, stride);
    const pads = (window.padsBegin[axis] as number) + (window.padsEnd[axis] as number);
    const grown = dimMul(dimSub(input, 1), stride);
    const reach = windowReach(window, axis);
    const size = dimSub(dimAdd(dimAdd(grown, reach), extra[axis] as number), pads);
    if (typeof size === 'number' && size < 0)
      op.fail(`pads exceed the output at spatial axis ${axis}`);
    return size;
  });
}

/** Taps of one window: the product of the kernel sizes, from the attribute (FLOP counts of pools). */
export function windowTaps(op: OpView): number {
  return (op.ints('kernel_shape') ?? []).reduce((product, size) => product * size, 1);
}

function listOf(
  op: InferContext,
  name: string,
  length: number,
  fallback: number,
  least: number,
): readonly number[] {
  const list = op.ints(name);
  if (!list || list.length === 0) return new Array<number>(length).fill(fallback);
  checkList(op, name, list, length, least);
  return list;
}

function checkList(
  op: InferContext,
  name: string,
  list: readonly number[],
  length: number,
  least: number,
): void {
  if (list.length !== length) {
    op.fail(`${name} has ${list.length} entries; ${length} are needed`);
  }
  if (list.some((entry) => !Number.isSafeInteger(entry) || entry < least)) {
    op.fail(`${name} [${list.join(', ')}] has an entry below ${least}`);
  }
}
