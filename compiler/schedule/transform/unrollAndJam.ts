/**
 * Register tiling and vectors of one loop: several iterations side by side in one body, as copies of the
 * statements, as lanes, or both.
 */
import { add, multiply, variable } from '../../loop/indexExpr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { loop as loopOf } from '../../loop/ir.ts';
import { polyConstant } from '../../loop/polynomial.ts';
import { simplifyBody } from '../../loop/simplify.ts';
import { insideLoop } from '../../loop/simplifyIndex.ts';
import { expectIndependent } from './independence.ts';
import { jam } from './jam.ts';
import type { Piece, TileShape } from './pieces.ts';
import { piecesOf } from './pieces.ts';
import { ZERO } from '../../loop/indexExpr.ts';
import type { Loop, Place } from './place.ts';
import { Refused } from './place.ts';
import { copyBody } from './rewrite.ts';

/**
 * The loop in steps of `factor` iterations that run together: statements are copied per iteration they
 * depend on, inner loops of common extent hold the copies, what does not depend stands once. The remainder
 * runs in a smaller step. Refuses where iterations are not independent.
 */
export function unrollAndJam(loop: Loop, factor: number, place: Place): readonly Stmt[] {
  return inTiles(loop, { points: factor, lanes: 1 }, place);
}

/**
 * The loop in steps of `lanes` iterations, each step straight vector code; what remains in narrower vectors,
 * then one by one. Refuses where iterations are not independent or lanes cannot stay together.
 */
export function vectorise(loop: Loop, lanes: number, place: Place): readonly Stmt[] {
  return inTiles(loop, { points: 1, lanes }, place);
}

/** Both at once: `points` vectors of `lanes` lanes in one step. */
export function inTiles(loop: Loop, shape: TileShape, place: Place): readonly Stmt[] {
  const { points, lanes } = shape;
  if (![points, lanes].every((n) => Number.isInteger(n) && n >= 1)) {
    throw new Refused(`a tile of ${points} x ${lanes}`);
  }
  expectIndependent(loop, place);
  const pieces = piecesOf(ZERO, loop.extent, shape, place.facts);
  return place.names.replacing([loop], () =>
    pieces.flatMap((piece) => pieceOf(loop, piece, place)),
  );
}

function pieceOf(loop: Loop, piece: Piece, { facts: outer, names }: Place): readonly Stmt[] {
  const { start, count, points, lanes } = piece;
  const step = names.fresh(loop.variable);
  const [point, lane] = [`${step}.point`, `${step}.lane`];
  let facts = insideLoop(outer, step, count);
  let at: Index = add(multiply(variable(step), points * lanes), start);
  if (points > 1) {
    facts = facts.within(point, polyConstant(points));
    at = add(at, multiply(variable(point), lanes));
  }
  if (lanes > 1) {
    facts = facts.within(lane, polyConstant(lanes));
    at = add(at, variable(lane));
  }
  const indices = new Map([[loop.variable, at]]);
  const body = simplifyBody(copyBody(loop.body, names, { indices }), facts);
  const tiled = names.replacing(body, () =>
    jam(
      body,
      points > 1 ? [{ variable: point, extent: points }] : [],
      lanes > 1 ? { variable: lane, lanes } : undefined,
      { facts, names },
    ),
  );
  if (count.kind !== 'constant' || count.value !== 1)
    return [loopOf(step, count, tiled, loop.mode)];
  // The step variable is 0 everywhere: the facts have replaced it.
  return tiled;
}
