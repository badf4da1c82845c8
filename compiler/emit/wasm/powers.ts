/**
 * x to a constant power without the general function, where that is exact or a rounding or two away.
 */
import type { Assembler, Operand } from './assembler.ts';
import { float, splatConst } from './assembler.ts';

/** @returns undefined for exponents that need the general function. */
export function powerByConstant(
  asm: Assembler,
  shape: 'f32' | 'f64' | 'f32x4' | 'f64x2' | 'i32x4' | 'i64x2',
  parts: readonly Operand[],
  exponent: number,
): readonly Operand[] | undefined {
  const multiply = (a: Operand, b: Operand): Operand => asm.op(`${shape}.mul`, a, b);
  const constant = (value: number): Operand =>
    shape === 'f32' || shape === 'f64' ? float(shape, value) : splatConst(shape, value);
  switch (exponent) {
    case 0:
      return parts.map(() => constant(1));
    case 1:
      return parts;
    case 2:
      return parts.map((x) => multiply(x, x));
    case 3:
      return parts.map((x) => multiply(multiply(x, x), x));
    case 4:
      return parts.map((x) => {
        const square = multiply(x, x);
        return multiply(square, square);
      });
    case -1:
      return parts.map((x) => asm.op(`${shape}.div`, constant(1), x));
    case 0.5:
      // Adding 0 turns -0 into 0; the power of -infinity is infinite, its root NaN.
      return parts.map((x) => {
        const root = asm.op(`${shape}.sqrt`, asm.op(`${shape}.add`, x, constant(0)));
        const least = asm.op(`${shape}.eq`, x, constant(-Infinity));
        const select = shape === 'f32' || shape === 'f64' ? 'select' : 'v128.bitselect';
        return asm.op(select, constant(Infinity), root, least);
      });
    default:
      return undefined;
  }
}
