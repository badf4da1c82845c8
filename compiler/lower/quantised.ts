/**
 * Arithmetic of quantised tensors: q = saturate(round(x / scale) + zero), x = (q - zero) * scale.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, literal, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { ZERO } from '../loop/indexExpr.ts';
import type { ScalarType } from '../loop/scalarType.ts';
import { integerRange, registerType } from '../loop/scalarType.ts';
import type { Field } from './field.ts';
import type { LowerOp } from './lowerOp.ts';
import type { Scope } from './scope.ts';
import { minus, over, times } from './terms.ts';

/** Rounds to even, adds the zero point, saturates. */
export function quantised(value: Expr, zero: Expr | undefined, type: ScalarType): Expr {
  const rounded = unary('round', value);
  const shifted = zero === undefined ? rounded : binary('add', rounded, cast(rounded.type, zero));
  const [low, high] = integerRange(type).map((limit) => literal(rounded.type, Number(limit)));
  return cast(type, binary('min', binary('max', shifted, low!), high!));
}

/** The only element of a tensor of any rank. */
export function onlyElement(scope: Scope, field: Field): Expr {
  return scope.at(
    field,
    field.shape.map(() => ZERO),
  );
}

/** Scale and zero point of a whole tensor. */
export interface Parameters {
  readonly scale: Field;
  readonly zero: Field | undefined;
}

/** Slots of a scale and of the zero point behind it. */
export function parametersOf(op: LowerOp, scale: number, zero = scale + 1): Parameters {
  return { scale: op.input(scale), zero: op.optional(zero) };
}

/** An element as a real number. */
export function realOf(scope: Scope, element: Expr, { scale, zero }: Parameters): Expr {
  const wide = cast('i32', element);
  const centred = zero === undefined ? wide : minus(wide, cast('i32', onlyElement(scope, zero)));
  return times(cast('f32', centred), cast('f32', onlyElement(scope, scale)));
}

/** A real number as an element of `type`. */
export function quantisedBy(
  scope: Scope,
  value: Expr,
  { scale, zero }: Parameters,
  type: ScalarType,
): Expr {
  const scaled = over(value, cast('f32', onlyElement(scope, scale)));
  return quantised(scaled, zero && onlyElement(scope, zero), type);
}

/** The field as real numbers. */
export function dequantisedField(op: LowerOp, field: Field, parameters: Parameters): Field {
  return op.make({
    shape: field.shape,
    storage: 'f32',
    cost: 'light',
    ...(field.breaks && { breaks: field.breaks }),
    element: (scope, index) => realOf(scope, scope.at(field, index), parameters),
  });
}

/** Real numbers as an output of the operator. */
export function requantisedField(
  op: LowerOp,
  shape: readonly Index[],
  parameters: Parameters,
  real: (scope: Scope, index: readonly Index[]) => Expr,
  breaks?: Field['breaks'],
): Field {
  const storage = op.outputStorage();
  const type = registerType(storage);
  return op.make({
    shape,
    storage,
    cost: 'light',
    ...(breaks && { breaks }),
    element: (scope, index) => quantisedBy(scope, real(scope, index), parameters, type),
  });
}
