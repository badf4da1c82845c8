/**
 * The value of a polynomial at a corner of its domain (variables at one end of their range, sizes at their
 * least): a candidate that proofs then confirm. `undefined` where something has no known range.
 */
import type { Facts } from './facts.ts';
import { holds } from './indexExpr.ts';
import type { Atom, CallName, Polynomial } from './polynomial.ts';

export function cornerOf(
  facts: Facts,
  p: Polynomial,
  end: 'min' | 'max',
  depth = 0,
): number | undefined {
  if (depth > 20) return undefined;
  let sum = 0;
  for (const { coefficient, atoms } of p.terms) {
    let product = coefficient;
    for (const atom of atoms) {
      const value = atomAt(facts, atom, end, depth + 1);
      if (value === undefined) return undefined;
      product *= value;
    }
    sum += product;
  }
  return sum;
}

function atomAt(facts: Facts, atom: Atom, end: 'min' | 'max', depth: number): number | undefined {
  switch (atom.kind) {
    case 'size':
      return facts.leastSize(atom.name);
    case 'variable': {
      const bounds = facts.boundsOf(atom.name);
      return bounds && cornerOf(facts, bounds[end], end, depth);
    }
    case 'choose': {
      const [a, b] = [cornerOf(facts, atom.a, end, depth), cornerOf(facts, atom.b, end, depth)];
      if (a === undefined || b === undefined) return undefined;
      return cornerOf(facts, holds(atom.op, a, b) ? atom.then : atom.otherwise, end, depth);
    }
    case 'call': {
      const [a, b] = [cornerOf(facts, atom.a, end, depth), cornerOf(facts, atom.b, end, depth)];
      return a === undefined || b === undefined ? undefined : callAt(atom.fn, a, b);
    }
  }
}

function callAt(fn: CallName, a: number, b: number): number | undefined {
  switch (fn) {
    case 'min':
      return Math.min(a, b);
    case 'max':
      return Math.max(a, b);
    case 'floorDiv':
      return b < 1 ? undefined : Math.floor(a / b);
    case 'mod':
      return b < 1 ? undefined : a - b * Math.floor(a / b);
  }
}
