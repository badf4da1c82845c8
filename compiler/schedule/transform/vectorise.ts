/**
 * Iterations of a loop as lanes of vectors.
 */
import type { Stmt } from '../../loop/ir.ts';
import type { Loop, Place } from './place.ts';
import { Refused } from './place.ts';

/**
 * The loop in steps of `lanes` iterations, each step straight vector code; what remains in narrower vectors,
 * then one by one. Refuses where iterations are not independent or lanes cannot stay together.
 */
export function vectorise(loop: Loop, lanes: number, place: Place): readonly Stmt[] {
  void [loop, lanes, place];
  throw new Refused('not built yet');
}

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
