/**
 * Resize 19 of fixed sizes and scales: nearest, linear and cubic along each axis, all coordinate transformations.
 * Positions are computed in the loop from the index; each neighbour is clamped, hence in bounds.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, compare, literal, select, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { axesIn } from '../ops/axes.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { antialiased } from './resizeAntialias.ts';
import type { AxisPlan } from './resizePosition.ts';
import { clampedIndex, cubicWeights, sourcePosition } from './resizePosition.ts';
import type { Scope } from './scope.ts';

const f = (value: number): Expr => literal('f32', value);
const plus = (a: Expr, b: Expr): Expr => binary('add', a, b);
const minus = (a: Expr, b: Expr): Expr => binary('sub', a, b);
const times = (a: Expr, b: Expr): Expr => binary('mul', a, b);

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
    if (from.kind === 'constant' && op.finds(0, axis)) {
      return [atRunTime(op, axis, i, from.value, to)];
    }
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

/** An axis whose size the run gives. */
function atRunTime(op: LowerOp, axis: number, entry: number, from: number, to: Index): AxisPlan {
  const plain = op.string('keep_aspect_ratio_policy', 'stretch') === 'stretch';
  if (!op.has(3) || !plain || op.int('antialias', 0) !== 0) {
    return op.unsupported('an axis is resized by a factor known at run time only');
  }
  const sizes = op.input(3);
  op.find(0, axis, (scope) => scope.at(sizes, [{ kind: 'constant', value: entry }]));
  return { axis, input: from, output: NaN, scale: NaN, roi: [0, 1], length: to };
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

const resize: Lowering = (op) => {
  const input = op.input(0);
  const shape = op.outputDims();
  const mode = op.string('mode', 'nearest');
  if (!['nearest', 'linear', 'cubic'].includes(mode)) op.unsupported('its mode');
  const plans = axisPlans(op, input, shape);
  const extrapolates =
    op.string('coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize';
  const type = op.outputScalar();

  const smoothed =
    op.int('antialias', 0) !== 0 && (mode === 'linear' || mode === 'cubic')
      ? antialiased(op, input, plans, mode)
      : undefined;
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
          const sum =
            smoothed === undefined
              ? scope.bind('sum', interpolate(scope, index, plans))
              : cast('f32', scope.at(smoothed, index));
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
