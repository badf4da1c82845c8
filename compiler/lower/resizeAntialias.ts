/**
 * Resize 19 with antialias: where an axis shrinks, its filter grows by the same factor. One pass per axis; the
 * weights of the cells under the filter are brought to a sum of 1.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, compare, indexValue, literal, select, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { constant } from '../loop/indexExpr.ts';
import type { Field } from './field.ts';
import type { LowerOp } from './lowerOp.ts';
import type { AxisPlan } from './resizePosition.ts';
import { clampedIndex, sourcePosition } from './resizePosition.ts';
import { both, lit, minus, over, plus, times } from './terms.ts';

/** All axes that change, one after the other; f32. */
export function antialiased(
  op: LowerOp,
  input: Field,
  plans: readonly AxisPlan[],
  mode: 'linear' | 'cubic',
): Field {
  return plans.reduce((field, plan) => alongAxis(op, field, plan, mode), input);
}

function alongAxis(op: LowerOp, field: Field, plan: AxisPlan, mode: 'linear' | 'cubic'): Field {
  const scale = Math.min(plan.scale, 1);
  const reach = mode === 'linear' ? 1 : 2;
  // Cells from `first` to 1 - `first` around the one below the position can lie under the filter.
  const first = Math.floor(-reach / scale) + 1;
  const taps = 2 - 2 * first;
  const excludes = op.int('exclude_outside', 0) !== 0;
  const coefficient = op.float('cubic_coeff_a', -0.75);
  return op.make({
    shape: field.shape.map((dim, axis) => (axis === plan.axis ? constant(plan.output) : dim)),
    storage: 'f32',
    cost: 'heavy',
    element: (scope, index) => {
      const x = scope.bind('x', sourcePosition(op, plan, index[plan.axis]!));
      const base = scope.bind('base', unary('floor', x));
      const total = scope.mutable('sum', literal('f32', 0));
      const weights = scope.mutable('weights', literal('f32', 0));
      scope.loops('k', [constant(taps)], (inner, [k]) => {
        const offset = plus(cast('f32', indexValue(k!)), literal('f32', first));
        const position = inner.bind('position', plus(base, offset));
        const distance = times(unary('abs', minus(position, x)), literal('f32', scale));
        const raw = mode === 'linear' ? triangle(distance) : cubic(distance, coefficient);
        const weight = inner.bind('weight', excludes ? insideOnly(raw, position, plan) : raw);
        const at = clampedIndex(inner, op, position, plan.input);
        const place = index.map((old, axis): Index => (axis === plan.axis ? at : old));
        const value = cast('f32', inner.at(field, place));
        total.set(inner, plus(total.value, times(value, weight)));
        weights.set(inner, plus(weights.value, weight));
      });
      return over(total.value, weights.value);
    },
  });
}

function insideOnly(weight: Expr, position: Expr, { input }: AxisPlan): Expr {
  const low = compare('ge', position, lit(position, 0));
  const inside = both(low, compare('le', position, lit(position, input - 1)));
  return select(inside, weight, lit(weight, 0));
}

function triangle(distance: Expr): Expr {
  return binary('max', minus(lit(distance, 1), distance), lit(distance, 0));
}

/** Keys' kernel at a distance of 0 or more. */
function cubic(d: Expr, a: number): Expr {
  const near = plus(times(times(minus(times(lit(d, a + 2), d), lit(d, a + 3)), d), d), lit(d, 1));
  const far = minus(
    times(plus(times(minus(times(lit(d, a), d), lit(d, 5 * a)), d), lit(d, 8 * a)), d),
    lit(d, 4 * a),
  );
  const outer = select(compare('lt', d, lit(d, 2)), far, lit(d, 0));
  return select(compare('le', d, lit(d, 1)), near, outer);
}
