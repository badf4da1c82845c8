/**
 * The size of a register tile: rows x vectors accumulators, under rows * vectors + vectors + 1 <= registers. Chosen
 * by a model of the inner loop (products, loads, latency of the accumulators) over the whole extents, remainders
 * included: wide tiles with few loads per product win, unless they leave much over.
 */
import type { Target } from '../target/target.ts';

export interface RegisterTile {
  readonly rows: number;
  readonly vectors: number;
}

export interface TileQuestion {
  /** Extent of the axis that is unrolled; 1 where there is none. */
  readonly rows: number;
  /** Extent of the axis in vector lanes. */
  readonly columns: number;
  readonly lanes: number;
  /** Vectors of the second operand that are read per step and vector of columns: products that share. */
  readonly shared?: number;
  /** Each row has a vector of its own instead of a scalar (no reuse along the columns). */
  readonly vectorRows?: boolean;
}

/** Products and loads that start per cycle, and cycles until a product's result is there. */
const PORTS = 2;
const LATENCY = 4;
/** More rows than this share sets of the first cache when their stride is a power of two. */
const MOST_ROWS = 14;
const MOST_VECTORS = 8;

export function chooseRegisterTile(question: TileQuestion, target: Target): RegisterTile {
  const { rows, columns, lanes, vectorRows = false } = question;
  let best: RegisterTile = { rows: 1, vectors: 1 };
  let least = Infinity;
  const wide = Math.max(1, Math.min(MOST_VECTORS, Math.ceil(columns / lanes)));
  // A product and a sum of its own need a register between them.
  const free = target.vectorRegisters - (target.fma ? 0 : 1);
  for (let vectors = 1; vectors <= wide; vectors++) {
    for (let count = 1; count <= Math.min(MOST_ROWS, rows); count++) {
      const scalars = target.loadsFirst && !vectorRows ? count : 1;
      const needed = count * vectors + (vectorRows ? 1 : vectors) + scalars;
      if (needed > free && count * vectors > 1) {
        // One register too many spills outside of the inner products and may still divide the rows best.
        if (needed > free + 1 || count < 2 || rows % count !== 0 || !target.fma) continue;
      }
      const cost = costOf(question, { rows: count, vectors });
      if (cost < least - 1e-9) [best, least] = [{ rows: count, vectors }, cost];
    }
  }
  return best;
}

/** Cycles per step of the reduction over the whole extents. */
export function costOf(question: TileQuestion, { rows, vectors }: RegisterTile): number {
  const { lanes } = question;
  const rowPieces = pieces(question.rows, rows);
  const columnPieces = columnsIn(question.columns, vectors, lanes);
  let sum = 0;
  for (const [rowCount, rowTimes] of rowPieces) {
    for (const [vectorCount, times] of columnPieces) {
      sum += rowTimes * times * tileCost(question, rowCount, vectorCount);
    }
  }
  return sum;
}

function tileCost(
  { shared = 1, vectorRows = false }: TileQuestion,
  rows: number,
  vectors: number,
): number {
  const products = rows * vectors;
  const loads = vectorRows ? products + vectors : rows + vectors * shared;
  const busy = Math.max(products / PORTS, loads / PORTS, LATENCY);
  // Loads compete with everything else on a busy core.
  return busy + loads * 0.12;
}

/** Tiles of `size` and what remains: [size, how many]. */
function pieces(extent: number, size: number): readonly (readonly [number, number])[] {
  const rest = extent % size;
  const whole: readonly [number, number] = [size, Math.floor(extent / size)];
  return rest === 0 ? [whole] : [whole, [rest, 1]];
}

/** As `pieces`, in vectors; a part of a vector is done in narrower ones. */
function columnsIn(
  columns: number,
  vectors: number,
  lanes: number,
): readonly (readonly [number, number])[] {
  const whole = Math.floor(columns / lanes);
  const found = [...(whole > 0 ? pieces(whole, Math.min(vectors, whole)) : [])];
  let rest = columns % lanes;
  for (let width = lanes / 2; rest > 0 && width >= 1; width /= 2) {
    if (rest >= width) found.push([1, 1]);
    rest %= width;
  }
  return found;
}
