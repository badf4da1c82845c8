/**
 * Products of dequantised tensors as integer products: DequantizeLinear in the same block leaves its 8-bit operand on
 * the field, sums are 32-bit integers, and scales are multiplied once per result. QuantizeLinear behind joins
 * the same kernel as its epilogue.
 */
import type { Expr } from '../loop/expr.ts';
import { cast } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { product } from '../loop/indexExpr.ts';
import type { Field } from './field.ts';
import { onlyElement } from './quantised.ts';
import type { Scope } from './scope.ts';
import { minus, times } from './terms.ts';

type Read = (scope: Scope, index: readonly Index[]) => Expr;

export interface IntegerOperand {
  /** Elements less their zero point, as i32. */
  readonly read: Read;
  /** Scale, given the position along the axis that it may vary on. */
  readonly scale: (scope: Scope, at: Index) => Expr;
}

/** |a - zero| * |b - zero| is at most 255 * 255: so many of them fit in 31 bits. */
const MOST_TERMS = Math.floor((2 ** 31 - 1) / (255 * 255));

/** Both operands as integers, where they are 8-bit and scaled as a whole, or (the second) along `axis`. */
export function integerOperands(
  a: Field,
  b: Field,
  axis: number,
  depth: readonly Index[],
): readonly [IntegerOperand, IntegerOperand] | undefined {
  const terms = product(depth);
  if (terms.kind !== 'constant' || terms.value > MOST_TERMS) return undefined;
  const [left, right] = [operandOf(a, undefined), operandOf(b, axis)];
  return left && right && [left, right];
}

function operandOf({ quantised }: Field, axis: number | undefined): IntegerOperand | undefined {
  if (quantised === undefined) return undefined;
  const { field, scale, zero } = quantised;
  if (field.storage !== 'u8' && field.storage !== 'i8') return undefined;
  if (quantised.axis !== undefined && quantised.axis !== axis) return undefined;
  const along = (parameter: Field, scope: Scope, at: Index): Expr =>
    quantised.axis === undefined ? onlyElement(scope, parameter) : scope.at(parameter, [at]);
  return {
    read: (scope, index) => {
      const wide = cast('i32', scope.at(field, index));
      if (zero === undefined) return wide;
      return minus(wide, cast('i32', along(zero, scope, index[quantised.axis ?? 0]!)));
    },
    scale: (scope, at) => cast('f32', along(scale, scope, at)),
  };
}

/** A sum of integers as a real number of the output's type. */
export function scaledSum(
  scope: Scope,
  sum: Expr,
  [a, b]: readonly [IntegerOperand, IntegerOperand],
  at: Index,
  type: 'f32' | 'f64',
): Expr {
  const factor = times(a.scale(scope, at), b.scale(scope, at));
  return times(cast(type, sum), cast(type, factor));
}
