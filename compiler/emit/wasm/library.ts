/**
 * Functions that kernels call. The module holds the ones that are used, made on demand; a few rare ones are
 * imports from `math`: see `importsOf`.
 */
import type { ScalarType } from '../../loop/scalarType.ts';
import { integerRange } from '../../loop/scalarType.ts';
import type { Operand } from './assembler.ts';
import { Assembler, float, i32, i64, operandOf } from './assembler.ts';
import type { Callee, WasmType } from './encoder/code.ts';
import { Local } from './encoder/code.ts';
import type { ImportedFunction, WasmFunction } from './encoder/module.ts';
import { FUNCTIONS } from './math/functions.ts';
import { fromBf16, fromF16, toBf16, toF16 } from './math/halfFloats.ts';
import { divide, floorModulo, power, remainder } from './math/integers.ts';
import { Lanes } from './math/lanes.ts';

interface Definition {
  readonly parameters: readonly WasmType[];
  readonly result: WasmType;
  readonly write: (asm: Assembler, library: Library, parameters: readonly Operand[]) => Operand;
}

export class Library {
  readonly functions: WasmFunction[] = [];
  readonly imports: ImportedFunction[] = [];
  private readonly known = new Map<string, Callee>();

  /** A function of the module by name, e.g. `exp_f32x4`. Throws on an unknown one: an internal error. */
  own(name: string): Callee {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const definition = define(name);
    const parameters = definition.parameters.map((type, i) => operandOf(new Local(type, i)));
    const asm = new Assembler();
    const result = definition.write(asm, this, parameters);
    asm.emit(result.item);
    const made: WasmFunction = {
      name,
      parameters: definition.parameters,
      results: [definition.result],
      code: asm.code,
      exported: false,
    };
    this.known.set(name, made);
    this.functions.push(made);
    return made;
  }

  /** A function of doubles that the engine supplies. */
  imported(name: string, parameters: 1 | 2): Callee {
    const key = `math.${name}`;
    let callee = this.known.get(key);
    if (callee === undefined) {
      const types = Array.from({ length: parameters }, () => 'f64' as const);
      const made: ImportedFunction = { module: 'math', name, parameters: types, results: ['f64'] };
      this.imports.push(made);
      this.known.set(key, made);
      callee = made;
    }
    return callee;
  }
}

type OfLanes = (m: Lanes, x: Operand) => Operand;

/** From i32 or f32 to i32 or f32, or four of them. */
const CONVERSIONS: Readonly<Record<string, readonly [from: WasmType, to: WasmType, of: OfLanes]>> =
  {
    fromF16: ['i32', 'f32', fromF16],
    toF16: ['f32', 'i32', toF16],
    fromBf16: ['i32', 'f32', fromBf16],
    toBf16: ['f32', 'i32', toBf16],
    roundF16_f32: ['f32', 'f32', (m, x) => fromF16(m, toF16(m, x))],
    roundBf16_f32: ['f32', 'f32', (m, x) => fromBf16(m, toBf16(m, x))],
  };

function define(name: string): Definition {
  const [word, form, third] = name.split('_') as [string, string?, string?];
  const lanesOf = (of: OfLanes, from: WasmType, to: WasmType, count: 1 | 4): Definition => ({
    parameters: [count === 1 ? from : 'v128'],
    result: count === 1 ? to : 'v128',
    write: (asm, library, [x]) => of(new Lanes(asm, library, count), x!),
  });
  const math = FUNCTIONS[word];
  if (math !== undefined && (form === 'f32' || form === 'f32x4')) {
    return lanesOf(math, 'f32', 'f32', form === 'f32' ? 1 : 4);
  }
  const conversion = CONVERSIONS[name] ?? CONVERSIONS[name.replace(/x4$/, '')];
  if (conversion !== undefined) {
    const [from, to, of] = conversion;
    return lanesOf(of, from, to, name.endsWith('x4') ? 4 : 1);
  }
  if (word === 'clamp') return clamp(form as ScalarType);
  if (third === 'i32' || third === 'i64') return integers(word, form as 's' | 'u', third);
  const double = DOUBLES[name];
  if (double === undefined) throw new Error(`no function ${name}`);
  return double;
}

function clamp(type: ScalarType): Definition {
  const [least, most] = integerRange(type).map(Number) as [number, number];
  return {
    parameters: ['i32'],
    result: 'i32',
    write(asm, _, [a]) {
      const low = asm.op('select', a!, i32(least), asm.op('i32.gt_s', a!, i32(least)));
      return asm.op('select', low, i32(most), asm.op('i32.lt_s', low, i32(most)));
    },
  };
}

function integers(word: string, sign: 's' | 'u', type: 'i32' | 'i64'): Definition {
  return {
    parameters: [type, type],
    result: type,
    write(asm, _, [a, b]) {
      switch (word) {
        case 'div':
          return divide(asm, type, sign, a!, b!);
        case 'rem':
          return remainder(asm, type, sign, a!, b!);
        case 'floorMod':
          return floorModulo(asm, type, a!, b!);
        case 'pow':
          return power(asm, type, sign, a!, b!);
        default:
          throw new Error(`no function ${word} of integers`);
      }
    },
  };
}

const DOUBLES: Readonly<Record<string, Definition>> = {
  floorMod_f64: {
    parameters: ['f64', 'f64'],
    result: 'f64',
    write(asm, library, [a, b]) {
      const rest = asm.call(library.imported('rem', 2), a!, b!);
      const zero = float('f64', 0);
      const signs = asm.op('i32.xor', asm.op('f64.lt', rest, zero), asm.op('f64.lt', b!, zero));
      const wrong = asm.op('i32.and', asm.op('f64.ne', rest, zero), signs);
      return asm.op('select', asm.op('f64.add', rest, b!), rest, wrong);
    },
  },
  /** 1 to any power is 1, and so is -1 to an infinite one: JavaScript says NaN. */
  pow_f64: {
    parameters: ['f64', 'f64'],
    result: 'f64',
    write(asm, library, [a, b]) {
      const one = float('f64', 1);
      const infinite = asm.op('f64.eq', asm.op('f64.abs', b!), float('f64', Infinity));
      const minusOne = asm.op('f64.eq', a!, float('f64', -1));
      const always = asm.op(
        'i32.or',
        asm.op('f64.eq', a!, one),
        asm.op('i32.and', minusOne, infinite),
      );
      const power = asm.call(library.imported('pow', 2), a!, b!);
      return asm.op('select', one, power, always);
    },
  },
  /** The step of float16 at a number is 2^-10 of its power of two, and at least 2^-24. */
  roundF16_f64: {
    parameters: ['f64'],
    result: 'f64',
    write(asm, _, [a]) {
      const magnitude = asm.op('f64.abs', a!);
      const bits = asm.op('i64.reinterpret_f64', magnitude);
      const power = asm.op('i64.and', bits, i64(0x7ff0000000000000n));
      const least = i64(BigInt(1023 - 14) << 52n);
      const exponent = asm.op('select', power, least, asm.op('i64.gt_u', power, least));
      const step = asm.op('f64.reinterpret_i64', asm.op('i64.sub', exponent, i64(10n << 52n)));
      const rounded = asm.op(
        'f64.mul',
        asm.op('f64.nearest', asm.op('f64.div', magnitude, step)),
        step,
      );
      const large = asm.op('f64.gt', rounded, float('f64', 65504));
      const finite = asm.op('select', float('f64', Infinity), rounded, large);
      const whole = asm.op('f64.lt', magnitude, float('f64', Infinity));
      return asm.op('select', asm.op('f64.copysign', finite, a!), a!, whole);
    },
  },
  roundBf16_f64: {
    parameters: ['f64'],
    result: 'f64',
    write(asm, library, [a]) {
      const narrow = asm.op('f32.demote_f64', a!);
      return asm.op('f64.promote_f32', asm.call(library.own('roundBf16_f32'), narrow));
    },
  },
};
