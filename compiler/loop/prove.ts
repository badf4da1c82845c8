/**
 * Proves that a polynomial is never negative under given facts: variables are eliminated, latest first, by
 * the end of their range that makes the polynomial smallest; sizes are then written as least value + rest, where
 * no negative coefficient may remain. Sound, not complete: `false` means "not proven".
 */
import type { Facts } from './facts.ts';
import { OutOfWork } from './facts.ts';
import { quicklyNotNegative } from './linearBounds.ts';
import type { Atom, Polynomial } from './polynomial.ts';
import {
  constantOf,
  fromTerms,
  NOUGHT,
  polyAdd,
  polyConstant,
  polyMultiply,
  polyScale,
  polySize,
  polySubtract,
  TooComplex,
  UNIT,
} from './polynomial.ts';

/** Steps of one proof; with the budget of the whole question this bounds the time. */
const MOST_STEPS = 200;

export function provesNotNegative(facts: Facts, p: Polynomial): boolean {
  const value = constantOf(p);
  if (value !== undefined) return value >= 0;
  const quick = quicklyNotNegative(facts, p);
  if (quick !== undefined) return quick;
  let proven = facts.proofs.get(p.key);
  if (proven === undefined) {
    const proof = new Proof(facts);
    proven = proof.notNegative(p) || proof.byAssumption(p);
    facts.proofs.set(p.key, proven);
  }
  return proven;
}

/** a < b at every point. */
export function provesLess(facts: Facts, a: Polynomial, b: Polynomial): boolean {
  return provesNotNegative(facts, polySubtract(polySubtract(b, a), UNIT));
}

/** 0 <= p < extent at every point. */
export function provesWithin(facts: Facts, p: Polynomial, extent: Polynomial): boolean {
  return provesNotNegative(facts, p) && provesLess(facts, p, extent);
}

class Proof {
  private steps = 0;

  constructor(private readonly facts: Facts) {}

  /** p - a or p - k*a is not negative for something that is assumed not to be. */
  byAssumption(p: Polynomial): boolean {
    const { assumptions } = this.facts;
    return assumptions.some((assumed) => {
      for (const factor of [1, ...ratios(p, assumed)]) {
        // Each a proof of its own: the attempts before may have run long and ended nowhere.
        this.steps = 0;
        try {
          const rest = polySubtract(p, polyScale(assumed, factor));
          if (this.notNegative(rest)) return true;
          if (assumptions.some((other) => this.notNegative(polySubtract(rest, other)))) return true;
        } catch (error) {
          if (!(error instanceof TooComplex) || error instanceof OutOfWork) throw error;
        }
      }
      return false;
    });
  }

  notNegative(question: Polynomial): boolean {
    const value = constantOf(question);
    if (value !== undefined) return value >= 0;
    const p = reduced(question);
    if (++this.steps > MOST_STEPS) return false;
    this.facts.budget.spend(p.terms.length + 1);
    try {
      const atom = this.latest(p);
      if (atom !== undefined) return this.eliminate(p, atom);
      return this.onlySizes(p) || this.withoutBounded(p);
    } catch (error) {
      // Out of work: the whole question ends. Too large a polynomial: only this step.
      if (error instanceof TooComplex && !(error instanceof OutOfWork)) return false;
      throw error;
    }
  }

  /** The atom to eliminate next: calls before what they hold, late variables before early ones. */
  private latest(p: Polynomial): Atom | undefined {
    let best: Atom | undefined;
    let bestOrder = -1;
    for (const { atoms } of p.terms) {
      for (const atom of atoms) {
        if (atom.kind === 'size') continue;
        const order = this.orderOf(atom);
        if (order > bestOrder) [best, bestOrder] = [atom, order];
      }
    }
    return best;
  }

  private orderOf(atom: Atom): number {
    switch (atom.kind) {
      case 'size':
        return -1;
      case 'variable':
        return this.facts.boundsOf(atom.name)?.order ?? 1e6;
      case 'call':
        // Calls of sizes alone come after all variables, whose bounds may hold the same call.
        return Math.max(this.orderIn(atom.a), this.orderIn(atom.b)) + 0.001;
      case 'choose':
        return (
          Math.max(
            ...[atom.a, atom.b, atom.then, atom.otherwise].map((part) => this.orderIn(part)),
          ) + 0.001
        );
    }
  }

  private orderIn({ terms }: Polynomial): number {
    let order = -1;
    for (const { atoms } of terms) {
      for (const atom of atoms) order = Math.max(order, this.orderOf(atom));
    }
    return order;
  }

  private eliminate(p: Polynomial, atom: Atom): boolean {
    const split = splitBy(p, atom);
    if (split === undefined) return false;
    const [factor, rest] = split;
    const at = (value: Polynomial): boolean =>
      this.notNegative(polyAdd(polyMultiply(factor, value), rest));
    switch (atom.kind) {
      case 'size':
        return false;
      case 'variable': {
        const bounds = this.facts.boundsOf(atom.name);
        if (bounds === undefined) return false;
        return this.smallest(
          factor,
          () => at(bounds.min),
          () => at(bounds.max),
        );
      }
      case 'choose':
        return at(atom.then) && at(atom.otherwise);
      case 'call':
        break;
    }
    const { a, b } = atom;
    switch (atom.fn) {
      case 'min':
        if (at(a) && at(b)) return true;
        return this.smallest(
          factor,
          () => false,
          () => at(a) || at(b),
        );
      case 'max':
        if (at(a) && at(b)) return true;
        return this.smallest(
          factor,
          () => at(a) || at(b),
          () => false,
        );
      case 'mod':
        if (!this.positive(b)) return false;
        return this.smallest(
          factor,
          () => at(NOUGHT),
          () => at(polySubtract(b, UNIT)) || (this.notNegative(a) && at(a)),
        );
      case 'floorDiv': {
        if (!this.positive(b)) return false;
        // p is whole, so p >= 0 is b*p >= 1 - b; and a - b + 1 <= b * (a div b) <= a.
        const scaled = polyAdd(polyMultiply(b, rest), polySubtract(b, UNIT));
        const low = polyAdd(polySubtract(a, b), UNIT);
        const bound = (value: Polynomial): boolean =>
          this.notNegative(polyAdd(polyMultiply(factor, value), scaled));
        return this.smallest(
          factor,
          () => (this.notNegative(a) && at(NOUGHT)) || bound(low),
          () => bound(a),
        );
      }
    }
  }

  private positive(p: Polynomial): boolean {
    return this.notNegative(polySubtract(p, UNIT));
  }

  private smallest(factor: Polynomial, low: () => boolean, high: () => boolean): boolean {
    if (this.notNegative(factor)) return low();
    return this.notNegative(polyScale(factor, -1)) && high();
  }

  /** Puts the end of its range that makes the polynomial smallest in the place of a bounded size. */
  private withoutBounded(p: Polynomial): boolean {
    const sizes = new Map(p.terms.flatMap(({ atoms }) => atoms.map((atom) => [atom.key, atom])));
    for (const atom of sizes.values()) {
      const largest = atom.kind === 'size' ? this.facts.largestSize(atom.name) : undefined;
      const split = largest && splitBy(p, atom);
      if (atom.kind !== 'size' || largest === undefined || split === undefined) continue;
      const [factor, rest] = split;
      const at = (value: Polynomial): boolean =>
        this.notNegative(polyAdd(polyMultiply(factor, value), rest));
      const least = polyConstant(this.facts.leastSize(atom.name));
      return this.smallest(
        factor,
        () => at(least),
        () => at(largest),
      );
    }
    return false;
  }

  private onlySizes(p: Polynomial): boolean {
    let shifted = NOUGHT;
    for (const { coefficient, atoms } of p.terms) {
      let product = polyConstant(coefficient);
      for (const atom of atoms) {
        if (atom.kind !== 'size') return false;
        const least = polyConstant(this.facts.leastSize(atom.name));
        product = polyMultiply(product, polyAdd(polySize(atom.name), least));
      }
      shifted = polyAdd(shifted, product);
    }
    return shifted.terms.every(({ coefficient }) => coefficient > 0);
  }
}

/** Values are whole: g*x + c >= 0 is x + floor(c / g) >= 0. */
function reduced(p: Polynomial): Polynomial {
  let divisor = 0;
  for (const { coefficient, atoms } of p.terms) {
    if (atoms.length === 0) continue;
    let [a, b] = [Math.abs(coefficient), divisor];
    while (b !== 0) [a, b] = [b, a % b];
    divisor = a;
    if (divisor === 1) return p;
  }
  if (divisor < 2) return p;
  return fromTerms(
    p.terms.map((term) => ({ ...term, coefficient: Math.floor(term.coefficient / divisor) })),
  );
}

/** p = factor * atom + rest, neither holding the atom as a factor; undefined for higher powers. */
function splitBy(
  p: Polynomial,
  { key }: Atom,
): readonly [factor: Polynomial, rest: Polynomial] | undefined {
  const factor = [];
  const rest = [];
  for (const term of p.terms) {
    const atoms = term.atoms.filter((atom) => atom.key !== key);
    if (atoms.length === term.atoms.length) rest.push(term);
    else if (atoms.length === term.atoms.length - 1) {
      factor.push({ ...term, atoms, key: atoms.map((atom) => atom.key).join('*') });
    } else return undefined;
  }
  return [fromTerms(factor), fromTerms(rest)];
}

/** Whole positive ratios of coefficients of equal terms. */
function ratios(p: Polynomial, assumed: Polynomial): readonly number[] {
  const found = new Set<number>();
  for (const { key, coefficient } of assumed.terms) {
    const other = p.terms.find((term) => term.key === key && key !== '');
    if (other === undefined) continue;
    const ratio = other.coefficient / coefficient;
    if (Number.isInteger(ratio) && ratio > 1) found.add(ratio);
  }
  return [...found];
}
