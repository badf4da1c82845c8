/**
 * One vocabulary for the scalar and the four-lane form of a function on f32, so that both are written once and
 * give the same bits.
 */
import type { Assembler, Operand } from '../assembler.ts';
import { float, i32, splatConst } from '../assembler.ts';
import type { Library } from '../library.ts';

export class Lanes {
  private readonly floats: 'f32' | 'f32x4';
  private readonly integers: 'i32' | 'i32x4';

  constructor(
    private readonly asm: Assembler,
    private readonly library: Library,
    private readonly count: 1 | 4,
  ) {
    this.floats = count === 1 ? 'f32' : 'f32x4';
    this.integers = count === 1 ? 'i32' : 'i32x4';
  }

  float(value: number): Operand {
    return this.count === 1 ? float('f32', value) : splatConst('f32x4', value);
  }

  int(value: number): Operand {
    return this.count === 1 ? i32(value) : splatConst('i32x4', value);
  }

  /** An instruction on floats: add, sub, mul, div, abs, nearest, sqrt, eq, ne, lt, gt, le, ge. */
  f(name: string, ...operands: readonly Operand[]): Operand {
    return this.asm.op(`${this.floats}.${name}`, ...operands);
  }

  /** An instruction on 32-bit integers: add, sub. */
  i(name: string, ...operands: readonly Operand[]): Operand {
    return this.asm.op(`${this.integers}.${name}`, ...operands);
  }

  /** and, or, xor on the bits of floats, integers or conditions. */
  bits(name: 'and' | 'or' | 'xor', a: Operand, b: Operand): Operand {
    return this.asm.op(this.count === 1 ? `i32.${name}` : `v128.${name}`, a, b);
  }

  shift(name: 'shl' | 'shr_s' | 'shr_u', a: Operand, by: number): Operand {
    return this.asm.op(`${this.integers}.${name}`, a, i32(by));
  }

  toBits(a: Operand): Operand {
    return this.count === 1 ? this.asm.op('i32.reinterpret_f32', a) : a;
  }

  fromBits(a: Operand): Operand {
    return this.count === 1 ? this.asm.op('f32.reinterpret_i32', a) : a;
  }

  toInt(a: Operand): Operand {
    const name = this.count === 1 ? 'i32.trunc_sat_f32_s' : 'i32x4.trunc_sat_f32x4_s';
    return this.asm.op(name, a);
  }

  toFloat(a: Operand): Operand {
    return this.asm.op(this.count === 1 ? 'f32.convert_i32_s' : 'f32x4.convert_i32x4_s', a);
  }

  /** Where the comparison of floats holds, a, else b. */
  where(condition: Operand, a: Operand, b: Operand): Operand {
    return this.asm.op(this.count === 1 ? 'select' : 'v128.bitselect', a, b, condition);
  }

  /** a, at least `limit`; NaN stays NaN. */
  atLeast(a: Operand, limit: number): Operand {
    const bound = this.float(limit);
    if (this.count === 4) return this.asm.op('f32x4.pmax', a, bound);
    return this.asm.op('select', bound, a, this.asm.op('f32.lt', a, bound));
  }

  atMost(a: Operand, limit: number): Operand {
    const bound = this.float(limit);
    if (this.count === 4) return this.asm.op('f32x4.pmin', a, bound);
    return this.asm.op('select', bound, a, this.asm.op('f32.lt', bound, a));
  }

  /** coefficients[0] + coefficients[1] * x + ... by Horner's rule. */
  polynomial(x: Operand, coefficients: readonly number[]): Operand {
    return coefficients.reduceRight<Operand | undefined>((sum, coefficient) => {
      const constant = this.float(coefficient);
      return sum === undefined ? constant : this.f('add', this.f('mul', sum, x), constant);
    }, undefined)!;
  }

  /** Another function of the library in the same form. */
  call(name: string, a: Operand): Operand {
    return this.asm.call(this.library.own(`${name}_${this.floats}`), a);
  }
}
