/**
 * Sliding windows of convolutions and pools as index expressions: where a tap reads, and when that lies in
 * the input and not in the padding.
 */
import type { Index, IndexCondition } from '../loop/indexExpr.ts';
import {
  add,
  atMost,
  constant,
  less,
  max,
  multiply,
  subtract,
  floorDiv,
  ZERO,
} from '../loop/indexExpr.ts';
import type { LowerOp } from './lowerOp.ts';

export interface WindowAxis {
  readonly kernel: Index;
  readonly stride: number;
  readonly dilation: number;
  /** Cells of padding before the input. */
  readonly before: Index;
  readonly after: Index;
  readonly input: Index;
}

/** One entry per spatial axis. `kernel` from the weights, else from the attribute. */
export function windowOf(
  op: LowerOp,
  input: readonly Index[],
  output: readonly Index[],
  kernel?: readonly Index[],
): readonly WindowAxis[] {
  const stated = op.ints('kernel_shape')?.map(constant);
  const sizes = kernel ?? stated ?? op.unsupported('kernel_shape is missing');
  const autoPad = op.string('auto_pad', 'NOTSET') || 'NOTSET';
  const pads = op.ints('pads');
  return input.map((dim, axis) => {
    const stride = op.ints('strides')?.[axis] ?? 1;
    const dilation = op.ints('dilations')?.[axis] ?? 1;
    const reach = add(multiply(subtract(sizes[axis]!, 1), dilation), 1);
    const base = { kernel: sizes[axis]!, stride, dilation, input: dim };
    if (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER') {
      const covered = add(multiply(subtract(output[axis]!, 1), stride), reach);
      const total = max(subtract(covered, dim), 0);
      const half = floorDiv(autoPad === 'SAME_UPPER' ? total : add(total, 1), 2);
      return { ...base, before: half, after: subtract(total, half) };
    }
    const explicit = autoPad === 'NOTSET' ? pads : undefined;
    const before = constant(explicit?.[axis] ?? 0);
    const after = constant(explicit?.[axis + input.length] ?? 0);
    return { ...base, before, after };
  });
}

/** Position in the input that tap `k` of output `o` reads. */
export function tapPosition({ stride, dilation, before }: WindowAxis, o: Index, k: Index): Index {
  return subtract(add(multiply(o, stride), multiply(k, dilation)), before);
}

/** True in the input, false in the padding. */
export function insideInput(
  positions: readonly Index[],
  window: readonly WindowAxis[],
): readonly IndexCondition[] {
  return positions.flatMap((at, axis) => [atMost(ZERO, at), less(at, window[axis]!.input)]);
}
