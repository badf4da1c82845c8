/**
 * Floor division and remainder of polynomials: whole multiples come out, what is proven to lie within one
 * multiple vanishes, common factors cancel, nested divisions merge. This is where the index arithmetic of
 * reshapes and transposes disappears.
 */
import type { Facts } from './facts.ts';
import type { Polynomial, Term } from './polynomial.ts';
import {
  commonFactor,
  constantOf,
  divideTerms,
  fromTerms,
  makeTerm,
  NOUGHT,
  polyAdd,
  polyCall,
  polyConstant,
  polyMultiply,
  polyScale,
  polySubtract,
  quotientOf,
  UNIT,
} from './polynomial.ts';
import { provesNotNegative, provesWithin } from './prove.ts';
import { cornerOf } from './corner.ts';

export interface Division {
  readonly div: Polynomial;
  readonly mod: Polynomial;
}

const DEEPEST = 12;

/** a = div * d + mod with 0 <= mod < d, where d is positive; atoms where nothing simplifies. */
export function divide(facts: Facts, a: Polynomial, d: Polynomial, depth = 0): Division {
  if (constantOf(d) === 1) return { div: a, mod: NOUGHT };
  facts.budget.spend(a.terms.length * 4 + 4);
  if (!provesNotNegative(facts, polySubtract(d, UNIT)) || depth > DEEPEST) return atoms(a, d);
  const [whole, rest] = divideTerms(a, d);
  const within = singleMultiple(facts, rest, d);
  if (within !== undefined) return plus(whole, within);
  const [more, small] = splitCoefficients(rest, d);
  const quotient = polyAdd(whole, more);
  return plus(
    quotient,
    singleMultiple(facts, small, d) ??
      withoutModulo(facts, small, d, depth) ??
      cancelled(facts, small, d, depth) ??
      merged(facts, small, d, depth) ??
      atoms(small, d),
  );
}

function plus(quotient: Polynomial, { div, mod }: Division): Division {
  return { div: polyAdd(quotient, div), mod };
}

function atoms(a: Polynomial, d: Polynomial): Division {
  return { div: polyCall('floorDiv', a, d), mod: polyCall('mod', a, d) };
}

/** The quotient is the same constant everywhere: found at a corner of the domain, then proven. */
function singleMultiple(facts: Facts, a: Polynomial, d: Polynomial): Division | undefined {
  if (provesWithin(facts, a, d)) return { div: NOUGHT, mod: a };
  const candidates = new Set<number>();
  for (const end of ['min', 'max'] as const) {
    const [corner, divisor] = [cornerOf(facts, a, end), cornerOf(facts, d, end)];
    if (corner === undefined || divisor === undefined || divisor < 1) continue;
    candidates.add(Math.floor(corner / divisor));
  }
  for (const quotient of candidates) {
    if (quotient === 0 || !Number.isSafeInteger(quotient)) continue;
    const mod = polySubtract(a, polyScale(d, quotient));
    if (provesWithin(facts, mod, d)) return { div: polyConstant(quotient), mod };
  }
  return undefined;
}

/** Coefficients reduced to [0, d): (7i - 1) div 3 is 2i - 1 + (i + 2) div 3. */
function splitCoefficients(
  a: Polynomial,
  d: Polynomial,
): readonly [quotient: Polynomial, rest: Polynomial] {
  const divisor = constantOf(d);
  if (divisor === undefined) return [NOUGHT, a];
  const quotient = fromTerms(
    a.terms.map((term) => ({ ...term, coefficient: Math.floor(term.coefficient / divisor) })),
  );
  return [quotient, polySubtract(a, polyScale(quotient, divisor))];
}

/**
 * With d a divisor of c*m, c*(x mod m) may be replaced by c*x in a remainder; and where it stands alone,
 * (x mod m) div d is (x div d) mod (m / d).
 */
function withoutModulo(
  facts: Facts,
  a: Polynomial,
  d: Polynomial,
  depth: number,
): Division | undefined {
  for (const term of a.sorted) {
    const [atom] = term.atoms;
    if (term.atoms.length !== 1 || atom?.kind !== 'call' || atom.fn !== 'mod') continue;
    const [multiple, left] = divideTerms(polyScale(atom.b, term.coefficient), d);
    if (left.terms.length > 0) continue;
    const replaced = polyAdd(
      polySubtract(a, fromTerms([term])),
      polyScale(atom.a, term.coefficient),
    );
    const outer = divide(facts, replaced, d, depth + 1);
    if (a.terms.length === 1 && term.coefficient === 1) {
      return { div: divide(facts, outer.div, multiple, depth + 1).mod, mod: outer.mod };
    }
    const { div } = divide(facts, atom.a, atom.b, depth + 1);
    return { div: polySubtract(outer.div, polyMultiply(multiple, div)), mod: outer.mod };
  }
  return undefined;
}

/** a = g*x + y with 0 <= y < g and g a factor of d: a div d is x div (d/g), a mod d is g*(x mod d/g) + y. */
function cancelled(
  facts: Facts,
  a: Polynomial,
  d: Polynomial,
  depth: number,
): Division | undefined {
  for (const g of factors(a, d)) {
    const factor = fromTerms([g]);
    const [exact, over] = divideTerms(d, factor);
    if (over.terms.length > 0) continue;
    const divisible = a.terms.filter((term) => quotientOf(term, g) !== undefined);
    let x = fromTerms(divisible.map((term) => quotientOf(term, g)!));
    let y = fromTerms(a.terms.filter((term) => !divisible.includes(term)));
    const split = splitCoefficients(y, factor);
    x = polyAdd(x, split[0]);
    y = split[1];
    if (x.terms.length === 0 || !provesWithin(facts, y, factor)) continue;
    const inner = divide(facts, x, exact, depth + 1);
    return { div: inner.div, mod: polyAdd(polyMultiply(factor, inner.mod), y) };
  }
  return undefined;
}

/** Common factors of d and the terms of a, largest first. */
function factors(a: Polynomial, d: Polynomial): readonly Term[] {
  const found = new Map<string, Term>();
  const shared = d.terms.reduce<Term | undefined>(
    (common, term) => (common === undefined ? term : commonFactor(common, term)),
    undefined,
  );
  if (shared === undefined) return [];
  const whole = makeTerm(Math.abs(shared.coefficient), shared.atoms);
  for (const term of a.sorted) {
    const common = commonFactor(term, whole);
    if (common.key === '' && common.coefficient === 1) continue;
    found.set(`${common.coefficient}*${common.key}`, common);
  }
  return [...found.values()].sort(
    (x, y) => y.atoms.length - x.atoms.length || y.coefficient - x.coefficient,
  );
}

/** (x div m + c) div d is (x + c*m) div (m*d). */
function merged(facts: Facts, a: Polynomial, d: Polynomial, depth: number): Division | undefined {
  const call = a.terms.find(
    ({ coefficient, atoms: [atom, ...others] }) =>
      coefficient === 1 &&
      others.length === 0 &&
      atom?.kind === 'call' &&
      atom.fn === 'floorDiv' &&
      provesNotNegative(facts, polySubtract(atom.b, UNIT)),
  );
  const atom = call?.atoms[0];
  if (call === undefined || atom?.kind !== 'call') return undefined;
  const others = polySubtract(a, fromTerms([call]));
  if (constantOf(others) === undefined) return undefined;
  const inside = polyAdd(atom.a, polyMultiply(others, atom.b));
  const { div } = divide(facts, inside, polyMultiply(atom.b, d), depth + 1);
  return { div, mod: polyCall('mod', a, d) };
}
