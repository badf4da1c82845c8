/**
 * Resize 19 of fixed sizes and scales: nearest, linear and cubic along each axis, all coordinate transformations.
 * Positions are computed in the loop from the index; each neighbour is clamped, hence in bounds.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, compare, indexValue, literal, select, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { axesIn } from '../ops/axes.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import type { Scope } from './scope.ts';

const f = (value: number): Expr => literal('f32', value);
const plus = (a: Expr, b: Expr): Expr => binary('add', a, b);
const minus = (a: Expr, b: Expr): Expr => binary('sub', a, b);
const times = (a: Expr, b: Expr): Expr => binary('mul', a, b);

interface AxisPlan {
  readonly axis: number;
  readonly input: number;
  readonly output: number;
  readonly scale: number;
  /** Start and end of the region of interest, for tf_crop_and_resize. */
  readonly roi: readonly [number, number];
}

/** Axes that change; sizes must be known. */
function axisPlans(op: LowerOp, input: Field, shape: readonly Index[]): readonly AxisPlan[] {
  const rank = shape.length;
  const stated = op.ints('axes');
  const axes = stated
    ? (axesIn(stated, rank) ?? op.unsupported('its axes'))
    : Array.from({ length: rank }, (_, axis) => axis);
  const scales = op.has(2) ? op.knownNumbers(2, 'scales') : [];
  const crops = op.string('coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize';
  const roi = crops && op.has(1) ? op.knownNumbers(1, 'the region of interest') : [];
  const keeps = op.string('keep_aspect_ratio_policy', 'stretch');
  return axes.flatMap((axis, i) => {
    const [from, to] = [input.shape[axis]!, shape[axis]!];
    const region = [roi[i] ?? 0, roi[i + axes.length] ?? 1] as const;
    const whole = region[0] === 0 && region[1] === 1;
    if (from.kind !== 'constant' || to.kind !== 'constant') {
      const same = scales[i] === 1 && whole;
      return same ? [] : op.unsupported('a symbolic axis is resized');
    }
    const scale = scales[i] ?? to.value / from.value;
    if (scale === 1 && from.value === to.value && whole) return [];
    if (keeps !== 'stretch' && op.has(3)) {
      const common = aspectScale(op, input, axes, keeps);
      return [{ axis, input: from.value, output: to.value, scale: common, roi: region }];
    }
    return [{ axis, input: from.value, output: to.value, scale, roi: region }];
  });
}

/** One scale for all axes: the smallest or largest of those that the wanted sizes give. */
function aspectScale(op: LowerOp, input: Field, axes: readonly number[], policy: string): number {
  const sizes = op.knownNumbers(3, 'sizes');
  const ratios = axes.map((axis, i) => {
    const dim = input.shape[axis]!;
    return dim.kind === 'constant' ? sizes[i]! / dim.value : op.unsupported('a symbolic axis');
  });
  return policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
}

/** Position in the input, as a real number. */
function sourcePosition(op: LowerOp, plan: AxisPlan, at: Index): Expr {
  const x = cast('f32', indexValue(at));
  const { input, output, scale, roi } = plan;
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

/** The length that scales refer to, not rounded down. */
function outputLength({ input, scale }: AxisPlan): number {
  return scale * input;
}

function nearest(op: LowerOp, x: Expr): Expr {
  const down = unary('ceil', minus(x, f(0.5)));
  switch (op.string('nearest_mode', 'round_prefer_floor')) {
    case 'floor':
      return unary('floor', x);
    case 'ceil':
      return unary('ceil', x);
    case 'round_prefer_ceil':
      return unary('floor', plus(x, f(0.5)));
    default:
      return down;
  }
}

/** A real position clamped to the axis, as a checked index. */
function clampedIndex(scope: Scope, op: LowerOp, position: Expr, size: number): Index {
  const limited = binary('max', binary('min', position, f(size - 1)), f(0));
  return scope.checkedIndex('at', cast('i64', limited), { kind: 'constant', value: size }, op.id);
}

/** Neighbours of a position and their weights. */
function neighbours(op: LowerOp, scope: Scope, x: Expr, size: number, mode: string) {
  const taps = mode === 'linear' ? [0, 1] : [-1, 0, 1, 2];
  const base = scope.bind('base', unary('floor', x));
  const t = scope.bind('t', minus(x, base));
  const weights =
    mode === 'linear' ? [minus(f(1), t), t] : cubicWeights(t, op.float('cubic_coeff_a', -0.75));
  const positions = taps.map((tap) => plus(base, f(tap)));
  const kept =
    op.int('exclude_outside', 0) === 0
      ? weights
      : normalised(
          weights.map((weight, i) => {
            const low = compare('ge', positions[i]!, f(0));
            const inside = binary('and', low, compare('le', positions[i]!, f(size - 1)));
            return select(inside, weight, f(0));
          }),
        );
  return positions.map((position, i) => ({
    at: clampedIndex(scope, op, position, size),
    weight: scope.bind('weight', kept[i]!),
  }));
}

function normalised(weights: readonly Expr[]): readonly Expr[] {
  const sum = weights.reduce(plus);
  return weights.map((weight) => binary('div', weight, sum));
}

/** Keys' cubic convolution at distances 1 + t, t, 1 - t, 2 - t. */
function cubicWeights(t: Expr, a: number): readonly Expr[] {
  const near = (d: Expr): Expr =>
    plus(times(times(minus(times(f(a + 2), d), f(a + 3)), d), d), f(1));
  const far = (d: Expr): Expr =>
    minus(times(plus(times(minus(times(f(a), d), f(5 * a)), d), f(8 * a)), d), f(4 * a));
  return [far(plus(t, f(1))), near(t), near(minus(f(1), t)), far(minus(f(2), t))];
}

const resize: Lowering = (op) => {
  const input = op.input(0);
  const shape = op.outputDims();
  const mode = op.string('mode', 'nearest');
  if (!['nearest', 'linear', 'cubic'].includes(mode)) op.unsupported('its mode');
  if (op.int('antialias', 0) !== 0 && mode !== 'nearest') op.unsupported('antialias');
  const plans = axisPlans(op, input, shape);
  const extrapolates =
    op.string('coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize';
  const type = op.outputScalar();

  const interpolate = (scope: Scope, index: readonly Index[], left: readonly AxisPlan[]): Expr => {
    const [plan, ...rest] = left;
    if (plan === undefined) return cast('f32', scope.at(input, index));
    const put = (at: Index): Index[] => index.map((old, axis) => (axis === plan.axis ? at : old));
    const x = scope.bind('x', sourcePosition(op, plan, index[plan.axis]!));
    const taps = neighbours(op, scope, x, plan.input, mode);
    return taps
      .map(({ at, weight }) => times(interpolate(scope, put(at), rest), weight))
      .reduce(plus);
  };

  return [
    op.make({
      shape,
      storage: op.outputStorage(),
      cost: mode === 'nearest' ? 'light' : 'heavy',
      element: (scope, index) => {
        let value: Expr;
        if (mode === 'nearest') {
          const at = index.map((part, axis) => {
            const plan = plans.find((candidate) => candidate.axis === axis);
            if (plan === undefined) return part;
            return nearestIndex(op, scope, plan, part);
          });
          value = scope.at(input, at);
        } else {
          const sum = scope.bind('sum', interpolate(scope, index, plans));
          value = convertBack(sum, type);
        }
        return extrapolates ? withOutside(op, scope, plans, index, value) : value;
      },
    }),
  ];
};

/** Whole factors need no floats: the index divides exactly. */
function nearestIndex(op: LowerOp, scope: Scope, plan: AxisPlan, at: Index): Index {
  const factor = plan.output / plan.input;
  const transform = op.string('coordinate_transformation_mode', 'half_pixel');
  const rounding = op.string('nearest_mode', 'round_prefer_floor');
  const divides =
    Number.isInteger(factor) &&
    plan.scale === factor &&
    ((transform === 'asymmetric' && rounding === 'floor') ||
      (transform.includes('half_pixel') && rounding.startsWith('round') && plan.output > 1));
  if (divides) return { kind: 'floorDiv', a: at, b: { kind: 'constant', value: factor } };
  const x = scope.bind('x', sourcePosition(op, plan, at));
  return clampedIndex(scope, op, nearest(op, x), plan.input);
}

function convertBack(value: Expr, type: ReturnType<LowerOp['outputScalar']>): Expr {
  return type === 'f32' || type === 'f64' ? cast(type, value) : cast(type, unary('round', value));
}

/** tf_crop_and_resize: positions outside of the input take the extrapolation value. */
function withOutside(
  op: LowerOp,
  scope: Scope,
  plans: readonly AxisPlan[],
  index: readonly Index[],
  value: Expr,
): Expr {
  const inside = plans
    .map((plan) => {
      const x = scope.bind('x', sourcePosition(op, plan, index[plan.axis]!));
      return binary('and', compare('ge', x, f(0)), compare('le', x, f(plan.input - 1)));
    })
    .reduce<Expr>((a, b) => binary('and', a, b), literal('bool', 1));
  return select(inside, value, literal(value.type, op.float('extrapolation_value', 0)));
}

export const LOWERINGS: Readonly<Record<string, Lowering>> = { Resize: resize };
