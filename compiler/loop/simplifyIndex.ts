/**
 * The index simplifier: rewrites an index expression into polynomial normal form under facts, removing div,
 * mod, min, max and choose wherever ranges prove it. The value is unchanged at every point that satisfies
 * the facts. Proven by property tests over whole domains.
 */
import { divide } from './divide.ts';
import type { Facts } from './facts.ts';
import type { Index, IndexCondition } from './indexExpr.ts';
import { less } from './indexExpr.ts';
import type { Polynomial, Term } from './polynomial.ts';
import {
  fromTerms,
  makeTerm,
  polyAdd,
  polyCall,
  polyChoose,
  polyConstant,
  polyMultiply,
  polyScale,
  polySize,
  polySubtract,
  polyVariable,
  TooComplex,
  toIndex,
  UNIT,
} from './polynomial.ts';
import { provesLess, provesNotNegative } from './prove.ts';

/** An equal expression in normal form; the expression itself where it is too complex. */
export function simplifyIndex(index: Index, facts: Facts): Index {
  if (index.kind === 'constant') return index;
  const p = normalForm(index, facts);
  return p === undefined ? index : toIndex(p);
}

/** The normal form; `undefined` where the expression is too complex. */
export function normalForm(index: Index, facts: Facts): Polynomial | undefined {
  return attempt(facts, () => polynomialOf(index, facts));
}

/** Whether a condition holds everywhere, nowhere, or is open. */
export function decide(condition: IndexCondition, facts: Facts): boolean | undefined {
  return attempt(facts, () => {
    const a = polynomialOf(condition.a, facts);
    const b = polynomialOf(condition.b, facts);
    return decidePolynomials(condition.op, a, b, facts);
  });
}

/** Facts where the condition holds (or, with `holds` false, where it does not). */
export function assuming(facts: Facts, condition: IndexCondition, holds = true): Facts {
  const derived = attempt(facts, () => {
    const a = polynomialOf(condition.a, facts);
    const b = polynomialOf(condition.b, facts);
    return assumePolynomials(facts, condition.op, a, b, holds);
  });
  return derived ?? facts;
}

/** Facts inside a loop. */
export function insideLoop(facts: Facts, variable: string, extent: Index): Facts {
  const bound = normalForm(extent, facts);
  if (bound === undefined) return facts;
  const derived = attempt(facts, () => {
    const runs = polySubtract(bound, UNIT);
    const known = provesNotNegative(facts, runs) ? facts : facts.assume(runs);
    return known.within(variable, bound);
  });
  return derived ?? facts;
}

/** a <= b at every point, of normal forms. */
export function isAtMost(a: Polynomial, b: Polynomial, facts: Facts): boolean {
  return attempt(facts, () => provesNotNegative(facts, polySubtract(b, a))) === true;
}

/** a + b and a * b of normal forms; `undefined` where they are too complex. */
export function sumOf(a: Polynomial, b: Polynomial, facts: Facts): Polynomial | undefined {
  return attempt(facts, () => polyAdd(a, b));
}
export function productOf(a: Polynomial, b: Polynomial, facts: Facts): Polynomial | undefined {
  return attempt(facts, () => polyMultiply(a, b));
}

/** `index` is proven to lie in [0, extent). */
export function isWithin(index: Index, extent: Index, facts: Facts): boolean {
  return (
    decide({ op: 'le', a: { kind: 'constant', value: 0 }, b: index }, facts) === true &&
    decide(less(index, extent), facts) === true
  );
}

function attempt<T>(facts: Facts, of: () => T): T | undefined {
  facts.budget.refill();
  try {
    return of();
  } catch (error) {
    if (error instanceof TooComplex) return undefined;
    throw error;
  }
}

function polynomialOf(index: Index, facts: Facts): Polynomial {
  let form = facts.forms.get(index);
  if (form === undefined) {
    form = computeForm(index, facts);
    facts.forms.set(index, form);
  }
  return form;
}

function computeForm(index: Index, facts: Facts): Polynomial {
  switch (index.kind) {
    case 'constant':
      return polyConstant(index.value);
    case 'size':
      return polySize(index.name);
    case 'variable': {
      const bounds = facts.boundsOf(index.name);
      const single = bounds && !bounds.opaque && bounds.min.key === bounds.max.key;
      return single ? bounds.min : polyVariable(index.name);
    }
    case 'add':
      return recombined(polyAdd(polynomialOf(index.a, facts), polynomialOf(index.b, facts)), facts);
    case 'multiply':
      return polyMultiply(polynomialOf(index.a, facts), polynomialOf(index.b, facts));
    case 'floorDiv':
      return recombined(
        divide(facts, polynomialOf(index.a, facts), polynomialOf(index.b, facts)).div,
        facts,
      );
    case 'mod':
      return recombined(
        divide(facts, polynomialOf(index.a, facts), polynomialOf(index.b, facts)).mod,
        facts,
      );
    case 'min':
    case 'max': {
      const [a, b] = [polynomialOf(index.a, facts), polynomialOf(index.b, facts)];
      const [small, large] = index.kind === 'min' ? [a, b] : [b, a];
      if (provesNotNegative(facts, polySubtract(b, a))) return small;
      if (provesNotNegative(facts, polySubtract(a, b))) return large;
      return a.key < b.key ? polyCall(index.kind, a, b) : polyCall(index.kind, b, a);
    }
    case 'choose': {
      const { op } = index.condition;
      const a = polynomialOf(index.condition.a, facts);
      const b = polynomialOf(index.condition.b, facts);
      const decided = decidePolynomials(op, a, b, facts);
      if (decided !== undefined) {
        return polynomialOf(decided ? index.then : index.otherwise, facts);
      }
      const then = polynomialOf(index.then, assumePolynomials(facts, op, a, b, true));
      const otherwise = polynomialOf(index.otherwise, assumePolynomials(facts, op, a, b, false));
      return then.key === otherwise.key ? then : polyChoose(op, a, b, then, otherwise);
    }
  }
}

function decidePolynomials(
  op: IndexCondition['op'],
  a: Polynomial,
  b: Polynomial,
  facts: Facts,
): boolean | undefined {
  switch (op) {
    case 'lt':
      if (provesLess(facts, a, b)) return true;
      return provesNotNegative(facts, polySubtract(a, b)) ? false : undefined;
    case 'le':
      if (provesNotNegative(facts, polySubtract(b, a))) return true;
      return provesLess(facts, b, a) ? false : undefined;
    case 'eq':
      if (a.key === b.key) return true;
      return provesLess(facts, a, b) || provesLess(facts, b, a) ? false : undefined;
  }
}

/** A condition on one variable also narrows its range, where that is provably narrower. */
function narrowed(facts: Facts, notNegative: Polynomial): Facts {
  let result = facts.assume(notNegative);
  for (const { atoms, coefficient } of notNegative.terms) {
    const [atom] = atoms;
    if (atoms.length !== 1 || atom?.kind !== 'variable' || Math.abs(coefficient) !== 1) continue;
    const bounds = facts.boundsOf(atom.name);
    if (bounds === undefined || !isEarlier(notNegative, atom.name, bounds.order, facts)) continue;
    // +v + rest >= 0: v >= -rest; -v + rest >= 0: v <= rest.
    const limit = polySubtract(polyVariable(atom.name), polyScale(notNegative, coefficient));
    const narrower =
      coefficient === 1 ? polySubtract(limit, bounds.min) : polySubtract(bounds.max, limit);
    if (!provesNotNegative(facts, narrower)) continue;
    const [min, max] = coefficient === 1 ? [limit, bounds.max] : [bounds.min, limit];
    result = result.rebound(atom.name, { ...bounds, min, max });
  }
  return result;
}

/** Everything else in it is bound before the variable, so that bounds stay acyclic. */
function isEarlier(p: Polynomial, name: string, order: number, facts: Facts): boolean {
  return p.terms.every(({ atoms }) =>
    atoms.every(
      (atom) =>
        atom.kind === 'size' ||
        (atom.kind === 'variable' &&
          (atom.name === name || (facts.boundsOf(atom.name)?.order ?? Infinity) < order)),
    ),
  );
}

function assumePolynomials(
  facts: Facts,
  op: IndexCondition['op'],
  a: Polynomial,
  b: Polynomial,
  holds: boolean,
): Facts {
  const [up, down] = [polySubtract(b, a), polySubtract(a, b)];
  switch (op) {
    case 'lt':
      return narrowed(facts, holds ? polySubtract(up, UNIT) : down);
    case 'le':
      return narrowed(facts, holds ? up : polySubtract(down, UNIT));
    case 'eq':
      return holds ? facts.assume(up, down) : facts;
  }
}

/** c*d*(x div d) + c*(x mod d) is c*x. */
function recombined(p: Polynomial, facts: Facts): Polynomial {
  let current = p;
  for (let round = 0; round < 16; round++) {
    const next = combineOnce(current, facts);
    if (next === undefined) return current;
    current = next;
  }
  return current;
}

function combineOnce(p: Polynomial, facts: Facts): Polynomial | undefined {
  for (const term of p.sorted) {
    for (const atom of term.atoms) {
      if (atom.kind !== 'call' || atom.fn !== 'mod') continue;
      if (!provesNotNegative(facts, polySubtract(atom.b, UNIT))) continue;
      const at = term.atoms.indexOf(atom);
      const others = makeTerm(
        term.coefficient,
        term.atoms.filter((_, i) => i !== at),
      );
      const factor = fromTerms([others]);
      const { div } = divide(facts, atom.a, atom.b);
      const multiples = polyMultiply(polyMultiply(factor, atom.b), div);
      if (!multiples.terms.every((needed) => holdsTerm(p, needed))) continue;
      const rest = polySubtract(polySubtract(p, fromTerms([term])), multiples);
      return polyAdd(rest, polyMultiply(factor, atom.a));
    }
  }
  return undefined;
}

function holdsTerm(p: Polynomial, needed: Term): boolean {
  const found = p.terms.find(({ key }) => key === needed.key);
  return found?.coefficient === needed.coefficient;
}
