/**
 * Interior and border: conditions on a loop variable (padding, clamping, concatenation) decided by cutting the loop
 * where they change.
 */
import { constant } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bordersOf } from './conditionCuts.ts';
import type { Loop, Place } from './place.ts';
import { cutLoop } from './splitLoop.ts';

/** Constant places inside the loop's range where some condition in its body becomes or stops being open. */
export function conditionCuts({ variable, extent, body }: Loop): readonly number[] {
  if (extent.kind !== 'constant') return [];
  const cuts = new Set<number>();
  for (const { from, to } of bordersOf(body, variable, extent.value, new Map())) {
    for (const cut of [from, to]) if (cut > 0 && cut < extent.value) cuts.add(cut);
  }
  return [...cuts].sort((a, b) => a - b);
}

/**
 * The loop in pieces in which the conditions that its variable decides are gone; as it is where that takes more
 * than `most` pieces or nothing is to be cut.
 */
export function splitByConditions(loop: Loop, place: Place, most = 3): readonly Stmt[] {
  const cuts = conditionCuts(loop);
  if (cuts.length === 0 || cuts.length >= most) return [loop];
  return cutLoop(loop, cuts.map(constant), place);
}
