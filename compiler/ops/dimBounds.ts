/**
 * What holds for symbolic sizes whatever their values: sizes are at least 0 (a count of found boxes may be 0,
 * so nothing here relies on "positive"). Used to decide comparisons and extremes in shape arithmetic.
 */
import type { Dim } from '../graph/dim.ts';
import { dimEqual, dimMax, dimMin, dimSub } from '../graph/dim.ts';

/**
 * Largest number that the dim is never below, when every symbol is at least `symbols`; -Infinity when nothing
 * is known.
 */
export function lowerBound(dim: Dim, symbols: 0 | 1 = 0): number {
  if (typeof dim === 'number') return dim;
  let bound = 0;
  for (const term of dim.terms) {
    if (term.atoms.length === 0) bound += term.coefficient;
    else if (term.coefficient < 0 || !term.atoms.every(isNonNegative)) return -Infinity;
    else if (term.atoms.every((atom) => atom.kind === 'symbol'))
      bound += symbols * term.coefficient;
  }
  return bound;
}

/** Smallest number that the dim is never above; Infinity when nothing is known. */
export function upperBound(dim: Dim): number {
  return -lowerBound(dimSub(0, dim));
}

/** Signs that `a - b` can have, as far as bounds tell. */
export function possibleSigns(a: Dim, b: Dim): readonly number[] {
  if (dimEqual(a, b)) return [0];
  const difference = dimSub(a, b);
  const [low, high] = [lowerBound(difference), upperBound(difference)];
  return [-1, 0, 1].filter((sign) => {
    if (sign === 0) return low <= 0 && high >= 0;
    return sign < 0 ? low < 0 : high > 0;
  });
}

/** The larger dim, decided by bounds where possible. */
export function largerDim(a: Dim, b: Dim): Dim {
  const difference = dimSub(a, b);
  if (lowerBound(difference) >= 0) return a;
  return upperBound(difference) <= 0 ? b : dimMax(a, b);
}

/** The smaller dim, decided by bounds where possible. */
export function smallerDim(a: Dim, b: Dim): Dim {
  const difference = dimSub(a, b);
  if (lowerBound(difference) >= 0) return b;
  return upperBound(difference) <= 0 ? a : dimMin(a, b);
}

type Atom = Extract<Dim, object>['terms'][number]['atoms'][number];

function isNonNegative(atom: Atom): boolean {
  if (atom.kind === 'symbol') return true;
  const [a, b] = atom.args.map((arg) => lowerBound(arg)) as [number, number];
  switch (atom.fn) {
    case 'floordiv':
    case 'broadcast':
    case 'min':
      return a >= 0 && b >= 0;
    case 'max':
      return a >= 0 || b >= 0;
    case 'mod':
      return b >= 0;
  }
}
