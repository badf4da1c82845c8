/**
 * Cuts of one loop's range: into steps of a constant size, or at given points. Iterations keep their order, so
 * these are always legal.
 */
import type { Stmt } from '../../loop/ir.ts';
import type { Index } from '../../loop/indexExpr.ts';
import type { Loop, Place } from './place.ts';
import { Refused } from './place.ts';

/**
 * A loop over whole steps holding a loop of `factor` iterations (a new variable), then a loop over what
 * remains where the extent is not proven to be a multiple. Outer loops keep the mode, inner ones are serial.
 */
export function splitLoop(loop: Loop, factor: number, place: Place): readonly Stmt[] {
  void [loop, factor, place];
  throw new Refused('not built yet');
}

/** Loops over [0, cut), [cut, next) … [last, extent): cuts ascend and lie inside the range. */
export function cutLoop(loop: Loop, cuts: readonly Index[], place: Place): readonly Stmt[] {
  void [loop, cuts, place];
  throw new Refused('not built yet');
}

/** A loop of constant extent written out, iteration by iteration. */
export function unrollLoop(loop: Loop, place: Place): readonly Stmt[] {
  void [loop, place];
  throw new Refused('not built yet');
}
