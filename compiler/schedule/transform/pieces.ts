/**
 * How a range is covered by tiles: whole ones first, then ever smaller ones for what remains.
 */
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { add, floorDiv, multiply, subtract } from '../../loop/indexExpr.ts';
import { simplifyIndex } from '../../loop/simplifyIndex.ts';

/** `points` steps of `lanes` adjacent elements. */
export interface TileShape {
  readonly points: number;
  readonly lanes: number;
}

/** `count` tiles, one after the other from `start` on. */
export interface Piece extends TileShape {
  readonly start: Index;
  readonly count: Index;
}

/** Vectors for remainders have at least this many lanes: fewer are not worth a vector. */
export const NARROWEST = 4;

/** Covers [start, start + extent). */
export function piecesOf(
  start: Index,
  extent: Index,
  tile: TileShape,
  facts: Facts,
): readonly Piece[] {
  const cover = new Cover(start, extent, facts);
  cover.take(tile);
  if (cover.left(1) === undefined) {
    // Proofs of what is symbolic stay short with two pieces.
    cover.take({ points: 1, lanes: 1 });
    return cover.pieces;
  }
  if (tile.points > 1) cover.take({ points: cover.left(tile.lanes)!, lanes: tile.lanes });
  for (let lanes = tile.lanes / 2; Number.isInteger(lanes) && lanes >= NARROWEST; lanes /= 2) {
    cover.take({ points: cover.left(lanes)!, lanes });
  }
  if (tile.lanes > 1) cover.take({ points: cover.left(1)!, lanes: 1 });
  return cover.pieces;
}

class Cover {
  readonly pieces: Piece[] = [];

  constructor(
    private start: Index,
    private rest: Index,
    private readonly facts: Facts,
  ) {
    this.rest = simplifyIndex(rest, facts);
  }

  /** Whole steps of `lanes` in what remains; `undefined` where that is not constant. */
  left(lanes: number): number | undefined {
    return this.rest.kind === 'constant' ? Math.floor(this.rest.value / lanes) : undefined;
  }

  take(shape: TileShape): void {
    const size = shape.points * shape.lanes;
    if (size < 1) return;
    const simple = (index: Index): Index => simplifyIndex(index, this.facts);
    const count = simple(floorDiv(this.rest, size));
    if (count.kind === 'constant' && count.value < 1) return;
    this.pieces.push({ ...shape, start: this.start, count });
    this.start = simple(add(this.start, multiply(count, size)));
    // No remainder by `mod`: proofs cancel the difference.
    this.rest = simple(subtract(this.rest, multiply(count, size)));
  }
}
