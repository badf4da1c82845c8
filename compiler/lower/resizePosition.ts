/**
 * Where an output cell of Resize lies in the input, and the cubic weights that Resize and GridSample share.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, compare, indexValue, literal, select } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import type { LowerOp } from './lowerOp.ts';
import type { Scope } from './scope.ts';
import { minus, plus, times } from './terms.ts';

const f = (value: number): Expr => literal('f32', value);

export interface AxisPlan {
  readonly axis: number;
  readonly input: number;
  readonly output: number;
  readonly scale: number;
  /** The output's length where only the run knows it; `output` and `scale` are then not numbers. */
  readonly length?: Index;
  /** Start and end of the region of interest, for tf_crop_and_resize. */
  readonly roi: readonly [number, number];
}

/** Position in the input, as a real number. */
export function sourcePosition(op: LowerOp, plan: AxisPlan, at: Index): Expr {
  const x = cast('f32', indexValue(at));
  const { input, output, scale, roi, length } = plan;
  if (length !== undefined) return positionAtRunTime(op, input, length, x);
  const over = binary('div', x, f(scale));
  switch (op.string('coordinate_transformation_mode', 'half_pixel')) {
    case 'asymmetric':
      return over;
    case 'half_pixel':
      return minus(binary('div', plus(x, f(0.5)), f(scale)), f(0.5));
    case 'pytorch_half_pixel':
      return output > 1 ? minus(binary('div', plus(x, f(0.5)), f(scale)), f(0.5)) : f(0);
    case 'half_pixel_symmetric': {
      const adjustment = output / (scale * input);
      const offset = (input / 2) * (1 - adjustment);
      return minus(plus(f(offset), binary('div', plus(x, f(0.5)), f(scale))), f(0.5));
    }
    case 'align_corners': {
      const reach = scale * input - 1;
      return reach <= 0 || output === 1
        ? f(0)
        : times(x, f((input - 1) / (outputLength(plan) - 1)));
    }
    case 'tf_crop_and_resize': {
      const [start, end] = roi;
      if (output <= 1) return f(0.5 * (start + end) * (input - 1));
      const step = ((end - start) * (input - 1)) / (output - 1);
      return plus(f(start * (input - 1)), times(x, f(step)));
    }
    default:
      return op.unsupported('its coordinate transformation');
  }
}

/** The scale is that of the sizes. */
function positionAtRunTime(op: LowerOp, input: number, length: Index, x: Expr): Expr {
  const count = cast('f32', indexValue(length));
  const scale = binary('div', count, f(input));
  const centred = minus(binary('div', plus(x, f(0.5)), scale), f(0.5));
  const isLong = compare('gt', count, f(1));
  switch (op.string('coordinate_transformation_mode', 'half_pixel')) {
    case 'asymmetric':
      return binary('div', x, scale);
    case 'half_pixel':
    case 'half_pixel_symmetric':
      return centred;
    case 'pytorch_half_pixel':
      return select(isLong, centred, f(0));
    case 'align_corners':
      return select(isLong, binary('div', times(x, f(input - 1)), minus(count, f(1))), f(0));
    default:
      return op.unsupported('its coordinate transformation of run-time sizes');
  }
}

/** The length that scales refer to, not rounded down. */
function outputLength({ input, scale }: AxisPlan): number {
  return scale * input;
}

/** A real position clamped to the axis, as a checked index. */
export function clampedIndex(scope: Scope, op: LowerOp, position: Expr, size: number): Index {
  const limited = binary('max', binary('min', position, f(size - 1)), f(0));
  return scope.checkedIndex('at', cast('i64', limited), { kind: 'constant', value: size }, op.id);
}

/** Keys' cubic convolution at distances 1 + t, t, 1 - t, 2 - t. */
export function cubicWeights(t: Expr, a: number): readonly Expr[] {
  const l = (value: number): Expr => literal(t.type, value);
  const near = (d: Expr): Expr =>
    plus(times(times(minus(times(l(a + 2), d), l(a + 3)), d), d), l(1));
  const far = (d: Expr): Expr =>
    minus(times(plus(times(minus(times(l(a), d), l(5 * a)), d), l(8 * a)), d), l(4 * a));
  return [far(plus(t, l(1))), near(t), near(minus(l(1), t)), far(minus(l(2), t))];
}
