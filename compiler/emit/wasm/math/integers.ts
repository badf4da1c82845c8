/**
 * Integer functions without traps: division and remainder by zero give 0, everything wraps around.
 */
import type { Assembler, Operand } from '../assembler.ts';
import { i32, operandOf } from '../assembler.ts';
import { BLOCK, branchTo, END, LOOP } from '../encoder/code.ts';
import { integer } from '../scalarOps.ts';

type Integers = 'i32' | 'i64';
type Sign = 's' | 'u';

/** A divisor that cannot trap, and whether the real one is 0 or -1. */
function safeDivisor(asm: Assembler, type: Integers, sign: Sign, b: Operand) {
  const isZero = asm.op(`${type}.eqz`, b);
  const isMinusOne = sign === 's' ? asm.op(`${type}.eq`, b, integer(type, -1n)) : i32(0);
  const bad = asm.op('i32.or', isZero, isMinusOne);
  return { isZero, isMinusOne, divisor: asm.op('select', integer(type, 1n), b, bad) };
}

export function divide(asm: Assembler, type: Integers, sign: Sign, a: Operand, b: Operand) {
  const { isZero, isMinusOne, divisor } = safeDivisor(asm, type, sign, b);
  const quotient = asm.op(`${type}.div_${sign}`, a, divisor);
  const negated = asm.op(`${type}.sub`, integer(type, 0n), a);
  const result = asm.op('select', negated, quotient, isMinusOne);
  return asm.op('select', integer(type, 0n), result, isZero);
}

/** Of a by 1 it is 0, as it is by 0 and by -1. */
export function remainder(asm: Assembler, type: Integers, sign: Sign, a: Operand, b: Operand) {
  const { divisor } = safeDivisor(asm, type, sign, b);
  return asm.op(`${type}.rem_${sign}`, a, divisor);
}

/** The remainder with the sign of the divisor, of signed integers. */
export function floorModulo(asm: Assembler, type: Integers, a: Operand, b: Operand): Operand {
  const rest = remainder(asm, type, 's', a, b);
  const zero = integer(type, 0n);
  const differs = asm.op(`${type}.lt_s`, asm.op(`${type}.xor`, rest, b), zero);
  const wrong = asm.op('i32.and', differs, asm.op(`${type}.ne`, rest, zero));
  return asm.op('select', asm.op(`${type}.add`, rest, b), rest, wrong);
}

/** By repeated squaring. A negative exponent truncates: 0 unless the base is 1 or -1. */
export function power(asm: Assembler, type: Integers, sign: Sign, a: Operand, b: Operand): Operand {
  const [zero, one] = [integer(type, 0n), integer(type, 1n)];
  const result = asm.variable(type);
  const square = asm.variable(type);
  const rest = asm.variable(type);
  asm.assign(result, one);
  asm.assign(square, a);
  asm.assign(rest, b);
  asm.emit(BLOCK, LOOP);
  asm.emit(asm.op(`${type}.eqz`, operandOf(rest)).item, branchTo('br_if', 1));
  const odd = asm.op(`${type}.and`, operandOf(rest), one);
  const factor = asm.op('select', one, operandOf(square), asm.op(`${type}.eqz`, odd));
  asm.assign(result, asm.op(`${type}.mul`, operandOf(result), factor));
  asm.assign(square, asm.op(`${type}.mul`, operandOf(square), operandOf(square)));
  asm.assign(rest, asm.op(`${type}.shr_u`, operandOf(rest), one));
  asm.emit(branchTo('br', 0), END, END);
  if (sign === 'u') return operandOf(result);
  const isOne = asm.op(`${type}.eq`, a, one);
  const isMinusOne = asm.op(`${type}.eq`, a, integer(type, -1n));
  const odds = asm.op(`${type}.ne`, asm.op(`${type}.and`, b, one), zero);
  const alternating = asm.op('select', integer(type, -1n), one, odds);
  const unit = asm.op('select', one, asm.op('select', alternating, zero, isMinusOne), isOne);
  return asm.op('select', unit, operandOf(result), asm.op(`${type}.lt_s`, b, zero));
}
