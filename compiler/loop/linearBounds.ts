/**
 * The quick answers of proofs: a sum of multiples of variables with constant bounds is smallest where each variable
 * is at one end of its range. No search: either that smallest value decides, or somebody else must.
 */
import type { Facts } from './facts.ts';
import { constantOf } from './polynomial.ts';
import type { Atom, Polynomial } from './polynomial.ts';

/**
 * true: not negative anywhere. false: negative at a point that satisfies all facts, so that no proof can
 * succeed. `undefined`: not decided here.
 */
export function quicklyNotNegative(facts: Facts, p: Polynomial): boolean | undefined {
  const point = new Map<string, number>();
  let least = 0;
  for (const { coefficient, atoms } of p.terms) {
    const [atom] = atoms;
    if (atom === undefined) {
      least += coefficient;
      continue;
    }
    if (atoms.length > 1 || atom.kind !== 'variable') return undefined;
    const bounds = facts.boundsOf(atom.name);
    const end = bounds && constantOf(coefficient > 0 ? bounds.min : bounds.max);
    if (end === undefined) return undefined;
    point.set(atom.name, end);
    least += coefficient * end;
  }
  if (least >= 0) return true;
  return satisfies(facts, point) ? false : undefined;
}

/** Every range around the point has something in it, and every assumption holds there. */
function satisfies(facts: Facts, point: Map<string, number>): boolean {
  for (const name of point.keys()) {
    const { min, max } = facts.boundsOf(name)!;
    const [low, high] = [constantOf(min), constantOf(max)];
    if (low === undefined || high === undefined || low > high) return false;
  }
  return facts.assumptions.every((assumed) => {
    const value = valueAt(facts, assumed, point);
    return value !== undefined && value >= 0;
  });
}

/** Variables that the point leaves open are put at their least value, the same everywhere. */
function valueAt(facts: Facts, p: Polynomial, point: Map<string, number>): number | undefined {
  let sum = 0;
  for (const { coefficient, atoms } of p.terms) {
    let product = coefficient;
    for (const atom of atoms) {
      const value = atomAt(facts, atom, point);
      if (value === undefined) return undefined;
      product *= value;
    }
    sum += product;
  }
  return sum;
}

function atomAt(facts: Facts, atom: Atom, point: Map<string, number>): number | undefined {
  if (atom.kind !== 'variable') return undefined;
  const known = point.get(atom.name);
  if (known !== undefined) return known;
  const bounds = facts.boundsOf(atom.name);
  const low = bounds && constantOf(bounds.min);
  const high = bounds && constantOf(bounds.max);
  if (low === undefined || high === undefined || low > high) return undefined;
  point.set(atom.name, low);
  return low;
}
