/**
 * Index polynomials as instructions. Every value is computed once, as far out as its variables allow: what a
 * loop does not change is computed before it, and what grows by the same step in every iteration is a local
 * that the loop bumps, so inner loops multiply nothing.
 */
import type { Index } from '../../loop/indexExpr.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Atom, CallName, Polynomial, Term } from '../../loop/polynomial.ts';
import {
  constantOf,
  fromTerms,
  makeTerm,
  NOUGHT,
  polyAdd,
  polyAtom,
  polyConstant,
  polyMultiply,
  polyVariable,
} from '../../loop/polynomial.ts';
import { isAtMost } from '../../loop/simplifyIndex.ts';
import type { Assembler, Operand } from './assembler.ts';
import { i32, i64, operandOf } from './assembler.ts';
import { set } from './encoder/code.ts';
import type { Frame } from './frame.ts';

/** Addresses and counters are i32; numbers that may be larger are i64. */
export type IndexType = 'i32' | 'i64';

const MOST_I32 = polyConstant(2 ** 31 - 1);
const LEAST_I32 = polyConstant(-(2 ** 31));

export class IndexValues {
  /** Where an atom gets its value; what is missing belongs to the whole function. */
  private readonly homes = new Map<string, Frame>();

  constructor(
    private readonly asm: Assembler,
    private readonly root: Frame,
    /** Loads an argument of the function: an address or a size, by the key of its atom. */
    private readonly argument: (key: string) => Operand,
  ) {}

  /** Says that an atom lives in a frame: a loop variable, or a value bound there. */
  setHome(name: string, frame: Frame): void {
    this.homes.set(name, frame);
  }

  /** Gives an atom its value. */
  bind(name: string, frame: Frame, value: Operand): void {
    this.setHome(name, frame);
    frame.keep(`i32 1*${name}`, value);
  }

  valueOf(p: Polynomial, frame: Frame, type: IndexType = 'i32'): Operand {
    const constant = constantOf(p);
    if (constant !== undefined) return type === 'i32' ? i32(constant) : i64(BigInt(constant));
    const key = `${type} ${p.key}`;
    const found = frame.operand(key);
    if (found !== undefined) return found;
    const place = this.placeOf(p, frame);
    const code = this.asm.code;
    this.asm.code = place.code;
    const value = this.compute(p, place, type);
    this.asm.code = code;
    return place.keep(key, value);
  }

  /** The exact value: in 64 bits where 32 are not proven to do. */
  exactValueOf(p: Polynomial, frame: Frame, type: IndexType): Operand {
    const needed = fits(p, frame.facts) ? 'i32' : 'i64';
    const value = this.valueOf(p, frame, needed);
    if (needed === type) return value;
    if (value.constant !== undefined) {
      return type === 'i32' ? i32(Number(value.constant)) : i64(BigInt(value.constant));
    }
    return this.asm.op(needed === 'i32' ? 'i64.extend_i32_s' : 'i32.wrap_i64', value);
  }

  compare(op: keyof typeof COMPARISONS, a: Polynomial, b: Polynomial, frame: Frame): Operand {
    const type = this.widthOf([a, b], frame, 'i32');
    const name = COMPARISONS[op](type);
    return this.asm.op(name, this.valueOf(a, frame, type), this.valueOf(b, frame, type));
  }

  /** An expression too large for a normal form, computed as it stands. */
  plainValueOf(index: Index, frame: Frame, formOf: (index: Index) => Polynomial): Operand {
    const value = (part: Index): Operand => this.plainValueOf(part, frame, formOf);
    switch (index.kind) {
      case 'constant':
      case 'variable':
      case 'size':
        return this.valueOf(formOf(index), frame);
      case 'add':
        return this.asm.op('i32.add', value(index.a), value(index.b));
      case 'multiply':
        return this.asm.op('i32.mul', value(index.a), value(index.b));
      case 'choose': {
        const { op, a, b } = index.condition;
        const condition = this.asm.op(COMPARISONS[op]('i32'), value(a), value(b));
        const [then, otherwise] = [value(index.then), value(index.otherwise)];
        return this.asm.op('select', then, otherwise, condition);
      }
      default: {
        const [a, b] = [value(index.a), value(index.b)];
        return this.call(index.kind, a, b, false, 'i32');
      }
    }
  }

  private homeOf(p: Polynomial): Frame {
    let home = this.root;
    const visit = (part: Polynomial): void => {
      for (const { atoms } of part.terms) {
        for (const atom of atoms) {
          for (const inner of partsOf(atom)) visit(inner);
          const own = this.homes.get(atom.key);
          if (own !== undefined && own.depth > home.depth) home = own;
        }
      }
    };
    visit(p);
    return home;
  }

  /** Out of every loop that does not change it, but not out of branches: it may not be needed. */
  private placeOf(p: Polynomial, frame: Frame): Frame {
    const home = this.homeOf(p);
    let place = frame;
    for (let inner = frame; inner !== home && inner.parent !== undefined; inner = inner.parent) {
      if (inner.repeats) place = inner.parent;
    }
    return place;
  }

  private compute(p: Polynomial, place: Frame, type: IndexType): Operand {
    const induction = this.induction(p, place, type);
    if (induction !== undefined) return induction;
    const [only] = p.terms;
    if (p.terms.length === 1) return this.product(only!, place, type);
    const fixed: Term[] = [];
    const moving: Term[] = [];
    for (const term of p.terms) {
      const isFixed = this.placeOf(fromTerms([term]), place) !== place;
      (isFixed || term.atoms.length === 0 ? fixed : moving).push(term);
    }
    const parts = moving.map((term) => fromTerms([term]));
    if (moving.length > 0 && fixed.length > 0) parts.unshift(fromTerms(fixed));
    // Everything is of one place: sum the terms, the constant last.
    else if (moving.length === 0) {
      const sorted = [...fixed].sort((a, b) => b.atoms.length - a.atoms.length);
      parts.push(...sorted.map((term) => fromTerms([term])));
    }
    return parts
      .map((part) => this.valueOf(part, place, type))
      .reduce((sum, part) => this.asm.op(`${type}.add`, sum, part));
  }

  /** c * v + rest with nothing else of this loop in c and rest: a local that grows by c. */
  private induction(p: Polynomial, place: Frame, type: IndexType): Operand | undefined {
    const { counter, parent } = place;
    if (counter === undefined || parent === undefined) return undefined;
    const split = splitBy(p, counter.name);
    if (split === undefined) return undefined;
    const [factor, rest] = split;
    if (this.homeOf(factor).depth >= place.depth || this.homeOf(rest).depth >= place.depth) {
      return undefined;
    }
    const first =
      counter.start === undefined
        ? rest
        : polyAdd(rest, polyMultiply(factor, polyVariable(counter.start)));
    const start = this.valueOf(first, parent, type);
    const step = this.valueOf(factor, parent, type);
    const { code } = this.asm;
    this.asm.code = parent.code;
    const local = this.asm.variable(type);
    this.asm.assign(local, start);
    this.asm.code = place.increments;
    const grown = this.asm.op(`${type}.add`, operandOf(local), step);
    this.asm.emit(grown.item, set(local));
    this.asm.code = code;
    return operandOf(local);
  }

  private product(term: Term, place: Frame, type: IndexType): Operand {
    const { atoms, coefficient } = term;
    if (atoms.length === 1 && coefficient === 1) return this.atom(atoms[0]!, place, type);
    const fixed: Atom[] = [];
    const factors: Polynomial[] = [];
    for (const atom of atoms) {
      if (this.placeOf(polyAtom(atom), place) !== place) fixed.push(atom);
      else factors.push(polyAtom(atom));
    }
    if (factors.length === 0) {
      factors.push(...fixed.splice(0).map(polyAtom));
      factors.push(polyConstant(coefficient));
    } else {
      const outer = fromTerms([makeTerm(coefficient, fixed)]);
      if (constantOf(outer) !== 1) factors.push(outer);
    }
    return factors
      .filter((factor, i) => i === 0 || constantOf(factor) !== 1)
      .map((factor) => this.valueOf(factor, place, type))
      .reduce((product, factor) => this.asm.op(`${type}.mul`, product, factor));
  }

  private atom(atom: Atom, place: Frame, type: IndexType): Operand {
    const p = polyAtom(atom);
    switch (atom.kind) {
      case 'variable':
      case 'size': {
        if (type === 'i64') return this.asm.op('i64.extend_i32_s', this.valueOf(p, place));
        const known = place.operand(`i32 1*${atom.key}`);
        if (known !== undefined) return known;
        const home = this.homes.get(atom.key) ?? this.root;
        if (home !== place) return this.valueOf(p, home);
        if (home !== this.root) throw new Error(`${atom.key} has no value`);
        return this.argument(atom.key);
      }
      case 'choose': {
        const width = this.widthOf([atom.a, atom.b], place, type);
        const [a, b] = [this.valueOf(atom.a, place, width), this.valueOf(atom.b, place, width)];
        const condition = this.asm.op(COMPARISONS[atom.op](width), a, b);
        const then = this.valueOf(atom.then, place, type);
        const otherwise = this.valueOf(atom.otherwise, place, type);
        return this.asm.op('select', then, otherwise, condition);
      }
      case 'call': {
        const width = this.widthOf([atom.a, atom.b], place, type);
        const [a, b] = [this.valueOf(atom.a, place, width), this.valueOf(atom.b, place, width)];
        const natural = isAtMost(NOUGHT, atom.a, place.facts);
        const value = this.call(atom.fn, a, b, natural, width);
        return width === type ? value : this.asm.op('i32.wrap_i64', value);
      }
    }
  }

  /** Sums and products wrap harmlessly; what is divided or compared must be exact. */
  private widthOf(parts: readonly Polynomial[], place: Frame, type: IndexType): IndexType {
    if (type === 'i64') return type;
    return parts.every((part) => fits(part, place.facts)) ? 'i32' : 'i64';
  }

  /** @param natural `a` is not negative. */
  private call(fn: CallName, a: Operand, b: Operand, natural: boolean, type: IndexType): Operand {
    const { asm } = this;
    const constant = (value: number): Operand => (type === 'i32' ? i32(value) : i64(BigInt(value)));
    if (fn === 'min' || fn === 'max') {
      const less = asm.op(`${type}.lt_s`, a, b);
      return fn === 'min' ? asm.op('select', a, b, less) : asm.op('select', b, a, less);
    }
    const known = b.constant === undefined ? undefined : Number(b.constant);
    if (known !== undefined && known >= 1 && Number.isInteger(Math.log2(known))) {
      return fn === 'mod'
        ? asm.op(`${type}.and`, a, constant(known - 1))
        : asm.op(`${type}.shr_s`, a, constant(Math.log2(known)));
    }
    // A divisor is positive wherever the value is used; code may run where it is not.
    const divisor =
      known !== undefined && known >= 1
        ? b
        : asm.op('select', b, constant(1), asm.op(`${type}.gt_s`, b, constant(0)));
    if (natural) return asm.op(`${type}.${fn === 'mod' ? 'rem_u' : 'div_u'}`, a, divisor);
    const bits = constant(type === 'i32' ? 31 : 63);
    const quotient = asm.op(`${type}.div_s`, a, divisor);
    const rest = asm.op(`${type}.sub`, a, asm.op(`${type}.mul`, quotient, divisor));
    const sign = asm.op(`${type}.shr_s`, rest, bits);
    return fn === 'mod'
      ? asm.op(`${type}.add`, rest, asm.op(`${type}.and`, sign, divisor))
      : asm.op(`${type}.add`, quotient, sign);
  }
}

const COMPARISONS = {
  lt: (type: IndexType) => `${type}.lt_s`,
  le: (type: IndexType) => `${type}.le_s`,
  eq: (type: IndexType) => `${type}.eq`,
} as const;

/**
 * The value and what it is made of stay within i32. Sums of single sizes count as small: memory ends before
 * they overflow.
 */
function fits(p: Polynomial, facts: Facts): boolean {
  const simple = p.terms.every(
    ({ atoms, coefficient }) =>
      Math.abs(coefficient) <= 64 &&
      atoms.length <= 1 &&
      atoms.every(({ kind }) => kind !== 'choose'),
  );
  if (simple) return true;
  return isAtMost(p, MOST_I32, facts) && isAtMost(LEAST_I32, p, facts);
}

function partsOf(atom: Atom): readonly Polynomial[] {
  if (atom.kind === 'call') return [atom.a, atom.b];
  return atom.kind === 'choose' ? [atom.a, atom.b, atom.then, atom.otherwise] : [];
}

/** p = factor * variable + rest; undefined where the variable is no plain factor. */
function splitBy(
  p: Polynomial,
  name: string,
): readonly [factor: Polynomial, rest: Polynomial] | undefined {
  const factor: Term[] = [];
  const rest: Term[] = [];
  for (const term of p.terms) {
    const others = term.atoms.filter((atom) => atom.kind !== 'variable' || atom.name !== name);
    if (others.length === term.atoms.length) rest.push(term);
    else if (others.length === term.atoms.length - 1) {
      factor.push(makeTerm(term.coefficient, others));
    } else return undefined;
  }
  return factor.length === 0 ? undefined : [fromTerms(factor), fromTerms(rest)];
}
