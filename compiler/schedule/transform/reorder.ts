/**
 * Order of nested loops. `let`s between the loops move into the innermost body first.
 */
import type { Loop, Place } from './place.ts';
import { Refused } from './place.ts';

/** The loops of a nest, outermost first, as far as they can be made perfectly nested. */
export function perfectNest(nest: Loop, place: Place): readonly Loop[] {
  void [nest, place];
  throw new Refused('not built yet');
}

/**
 * The nest with its loops in the given order (variables, outermost first; loops not named stay inside). All but
 * one must be independent, or all only accumulate (a reassociation, exact for integers, min and max).
 */
export function reorder(nest: Loop, order: readonly string[], place: Place): Loop {
  void [nest, order, place];
  throw new Refused('not built yet');
}

/** The outermost `count` loops as one over the product of their extents; indices by div and mod. */
export function collapse(nest: Loop, count: number, place: Place): Loop {
  void [nest, count, place];
  throw new Refused('not built yet');
}
