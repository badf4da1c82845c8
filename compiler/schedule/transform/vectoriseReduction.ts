/**
 * Reductions along a row as vectors of partial results.
 */
import type { Stmt } from '../../loop/ir.ts';
import type { Loop, Place } from './place.ts';
import { Refused } from './place.ts';

/**
 * A loop that only accumulates (add, mul, min, max), with `lanes` partial results in each of `accumulators`
 * vectors, combined after it. Reassociates. Replaces the loop; the accumulating variables keep their names.
 */
export function vectoriseReduction(
  loop: Loop,
  lanes: number,
  place: Place,
  accumulators = 1,
): readonly Stmt[] {
  void [loop, lanes, place, accumulators];
  throw new Refused('not built yet');
}
