/**
 * Tiles of one axis with its borders apart: tiles in which a condition depends on the point stand alone, with a
 * constant start, so that their copies of a statement know whether they are in the padding.
 */
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { constant, ZERO } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import type { Border, Extents } from './conditionCuts.ts';
import { bordersOf } from './conditionCuts.ts';
import type { Piece, TileShape } from './pieces.ts';
import { piecesOf } from './pieces.ts';

/** Tiles of one axis that may stand alone: each is code of its own. */
const MOST_ALONE = 4;

export function piecesWithBorders(
  extent: Index,
  shape: TileShape,
  body: readonly Stmt[],
  variable: string,
  { extents, facts }: { readonly extents: Extents; readonly facts: Facts },
): readonly Piece[] {
  const plain = piecesOf(ZERO, extent, shape, facts);
  if (extent.kind !== 'constant' || shape.points * shape.lanes === 1) return plain;
  const borders = bordersOf(body, variable, extent.value, extents);
  if (borders.length === 0) return plain;
  if (shape.lanes > 1) return ranges(borders, extent.value, shape, facts);
  const pieces = plain.flatMap((piece) => withoutBorders(piece, borders));
  const alone = pieces.filter(({ count }) => count.kind === 'constant' && count.value === 1);
  return alone.length > MOST_ALONE ? plain : pieces;
}

/** Lanes stay together only where conditions are decided: borders are scalar. */
function ranges(
  borders: readonly Border[],
  extent: number,
  shape: TileShape,
  facts: Facts,
): readonly Piece[] {
  const cuts = [...new Set(borders.flatMap(({ from, to }) => [from, to]))]
    .filter((cut) => cut > 0 && cut < extent)
    .sort((a, b) => a - b);
  const ends = [...cuts, extent];
  return [0, ...cuts].flatMap((start, i) => {
    const open = borders.some(({ from, to }) => from < to && from <= start && start < to);
    const own = open ? { points: 1, lanes: 1 } : shape;
    return piecesOf(constant(start), constant(ends[i]! - start), own, facts);
  });
}

/** Runs of tiles that no border touches, and the others one by one. */
function withoutBorders(piece: Piece, borders: readonly Border[]): readonly Piece[] {
  const { start, count, points, lanes } = piece;
  if (start.kind !== 'constant' || count.kind !== 'constant') return [piece];
  const size = points * lanes;
  const result: Piece[] = [];
  let run = 0;
  const flush = (end: number): void => {
    if (run === 0) return;
    const first = start.value + (end - run) * size;
    result.push({ ...piece, start: constant(first), count: constant(run) });
    run = 0;
  };
  for (let i = 0; i < count.value; i++) {
    const first = start.value + i * size;
    if (!borders.some((border) => touches(border, first, first + size))) {
      run++;
      continue;
    }
    flush(i);
    result.push({ ...piece, start: constant(first), count: constant(1) });
  }
  flush(count.value);
  return result;
}

/** A border overlaps the tile, or a condition changes inside of it. */
function touches({ from, to }: Border, first: number, end: number): boolean {
  if (from < to) return from < end && to > first;
  return from > first && from < end;
}
