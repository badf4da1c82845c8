/**
 * Cuts of one loop's range: into steps of a constant size, or at given points. Iterations keep their order, so
 * these are always legal.
 */
import type { Index } from '../../loop/indexExpr.ts';
import {
  add,
  constant,
  floorDiv,
  multiply,
  subtract,
  variable,
  ZERO,
} from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { loop as loopOf } from '../../loop/ir.ts';
import { simplifyBody } from '../../loop/simplify.ts';
import { simplifyIndex } from '../../loop/simplifyIndex.ts';
import type { Loop, Place } from './place.ts';
import { Refused } from './place.ts';
import { copyBody } from './rewrite.ts';

/** Iterations that `unrollLoop` writes out at most. */
const MOST_COPIES = 256;

/**
 * A loop over whole steps holding a loop of `factor` iterations (a new variable), then a loop over what
 * remains where the extent is not proven to be a multiple. Outer loops keep the mode and the name, inner ones
 * are serial.
 */
export function splitLoop(loop: Loop, factor: number, place: Place): readonly Stmt[] {
  if (!Number.isInteger(factor) || factor < 1) throw new Refused(`steps of ${factor}`);
  const { facts, names } = place;
  return names.replacing([loop], () => simplifyBody(inSteps(loop, factor, place), facts));
}

function inSteps(loop: Loop, factor: number, place: Place): readonly Stmt[] {
  const { facts, names } = place;
  const steps = simplifyIndex(floorDiv(loop.extent, factor), facts);
  const left = simplifyIndex(subtract(loop.extent, multiply(steps, factor)), facts);
  const outer = names.fresh(loop.variable);
  const inner = names.fresh(`${loop.variable}i`);
  const at = add(multiply(variable(outer), factor), variable(inner));
  const indices = new Map([[loop.variable, at]]);
  const body = copyBody(loop.body, names, { indices });
  const split = loopOf(outer, steps, [loopOf(inner, constant(factor), body)], loop.mode);
  const start = simplifyIndex(multiply(steps, factor), facts);
  const rest =
    left.kind === 'constant' && left.value === 0 ? [] : [piece(loop, start, left, place)];
  return [split, ...rest];
}

/** Loops over [0, cut), [cut, next) … [last, extent): cuts ascend and lie inside the range. */
export function cutLoop(
  loop: Loop,
  cuts: readonly Index[],
  { facts, names }: Place,
): readonly Stmt[] {
  const starts = [ZERO, ...cuts];
  return names.replacing([loop], () => {
    const pieces = starts.map((start, i) => {
      const extent = simplifyIndex(subtract(starts[i + 1] ?? loop.extent, start), facts);
      return piece(loop, start, extent, { facts, names });
    });
    return simplifyBody(pieces, facts);
  });
}

/** The iterations from `start` on, with names of their own. */
function piece(
  { variable: name, body, mode }: Loop,
  start: Index,
  extent: Index,
  { names }: Place,
): Stmt {
  const own = names.fresh(name);
  const indices = new Map([[name, add(variable(own), start)]]);
  return loopOf(own, extent, copyBody(body, names, { indices }), mode);
}

/** A loop of constant extent written out, iteration by iteration. */
export function unrollLoop(loop: Loop, { facts, names }: Place): readonly Stmt[] {
  const { extent } = loop;
  if (extent.kind !== 'constant')
    throw new Refused(`the extent of ${loop.variable} is not constant`);
  if (extent.value > MOST_COPIES) throw new Refused(`${extent.value} copies of ${loop.variable}`);
  return names.replacing([loop], () => {
    const copies = Array.from({ length: Math.max(0, extent.value) }, (_, i) =>
      copyBody(loop.body, names, { indices: new Map([[loop.variable, constant(i)]]) }),
    );
    return simplifyBody(copies.flat(), facts);
  });
}
