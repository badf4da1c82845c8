/**
 * Interior and border: conditions on loop variables (padding, clamping, concatenation) decided by cutting loops
 * where they change, or turned into bounds of the loops that they guard.
 */
import type { Stmt } from '../../loop/ir.ts';
import type { Loop, Place } from './place.ts';
import { Refused } from './place.ts';

/** Constant places inside the loop's range where some condition in its body becomes or stops being open. */
export function conditionCuts(loop: Loop, place: Place): readonly number[] {
  void [loop, place];
  throw new Refused('not built yet');
}

/** The loop in pieces, at most `most`, in which conditions that its variable decides are gone. */
export function splitByConditions(loop: Loop, place: Place, most = 3): readonly Stmt[] {
  void [loop, place, most];
  throw new Refused('not built yet');
}

/**
 * Reduction loops whose body only runs under a condition on their variable run over the range where it
 * holds: bounds are computed before the loop. Statements without such loops come back as they are.
 */
export function boundReductions(body: readonly Stmt[], place: Place): readonly Stmt[] {
  void [body, place];
  throw new Refused('not built yet');
}
