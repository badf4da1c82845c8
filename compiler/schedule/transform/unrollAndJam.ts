/**
 * Register tiling: several iterations of outer loops side by side in one body.
 */
import type { Stmt } from '../../loop/ir.ts';
import type { Loop, Place } from './place.ts';
import { Refused } from './place.ts';

/**
 * The loop in steps of `factor` iterations that run together: statements are copied per iteration they
 * depend on, inner loops of common extent hold the copies, what does not depend stands once. The remainder
 * runs in a smaller step. Refuses where iterations are not independent.
 */
export function unrollAndJam(loop: Loop, factor: number, place: Place): readonly Stmt[] {
  void [loop, factor, place];
  throw new Refused('not built yet');
}
