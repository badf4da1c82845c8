/**
 * Tiles of a product on a GPU: what a group computes, in steps of the reduction, and what each of its items keeps in
 * registers. Chosen by a model of the whole grid: large tiles reuse what they load, small ones keep every
 * multiprocessor busy where the output is small.
 */
import type { GpuDevice } from './device.ts';

export interface ProductTile {
  /** Of the output, per group. */
  readonly rows: number;
  readonly columns: number;
  /** Steps of the reduction that a group's memory holds at a time. */
  readonly depth: number;
  /** Of the output, per item: rows x columns accumulators. */
  readonly itemRows: number;
  readonly itemColumns: number;
  /** Parts of the reduction in groups of their own, added up afterwards. */
  readonly parts: number;
}

export interface ProductExtents {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

/** A tile without the split of its reduction, and how fast it was on an H100 (products of matrices, one by one). */
interface Shape extends Omit<ProductTile, 'parts'> {
  /** Of the best rate, on a full device. */
  readonly rate: number;
  /** Time of a lone group on a multiprocessor, in groups of a full one: latency that nothing hides. */
  readonly alone: number;
}

function shape(
  [rows, columns]: readonly [number, number],
  [itemRows, itemColumns]: readonly [number, number],
  rate: number,
  alone: number,
): Shape {
  return { rows, columns, depth: 16, itemRows, itemColumns, rate, alone };
}

const SHAPES: readonly Shape[] = [
  shape([64, 64], [8, 4], 0.94, 1.54),
  shape([128, 128], [8, 8], 0.93, 1.06),
  shape([128, 64], [8, 4], 0.91, 1.08),
  shape([64, 128], [4, 8], 0.89, 1.08),
  shape([64, 64], [4, 4], 0.72, 1.14),
  shape([32, 64], [4, 4], 0.7, 2.2),
  shape([64, 32], [4, 4], 0.68, 2.2),
  shape([32, 32], [4, 4], 0.6, 3.5),
  // Not measured: outputs of few rows.
  shape([16, 128], [4, 4], 0.55, 2.5),
  shape([16, 64], [4, 4], 0.5, 4),
  shape([8, 128], [4, 4], 0.45, 4),
];

/** Padding of a tile's row in group memory, in elements: rows start in different banks. */
export const ROW_PADDING = 4;
/** Splits of the reduction that are tried. */
const PARTS = [1, 2, 3, 4, 6, 8, 12, 16] as const;
/** Least part of a reduction that is worth a group of its own. */
const LEAST_DEPTH = 128;
/** Products that a multiprocessor does while a second kernel starts: 3.5 us. */
const LAUNCH = 590_000;
/** And while the whole device, per multiprocessor, moves a byte of partial sums. */
const PER_BYTE = 4.5;
/** Steps of the reduction that a group's start and end cost. */
const START = 24;

export function itemsOf({
  rows,
  columns,
  itemRows,
  itemColumns,
}: Omit<ProductTile, 'parts' | 'depth'>): number {
  return (rows / itemRows) * (columns / itemColumns);
}

export function chooseProductTile(extents: ProductExtents, device: GpuDevice): ProductTile {
  let best: ProductTile | undefined;
  let least = Infinity;
  for (const candidate of SHAPES) {
    if (!fits(candidate, device)) continue;
    for (const parts of PARTS) {
      if (parts > 1 && extents.depth < parts * LEAST_DEPTH) continue;
      const cost = costOf(extents, candidate, parts, device);
      if (cost < least) [best, least] = [{ ...candidate, parts }, cost];
    }
  }
  return best ?? { rows: 16, columns: 16, depth: 8, itemRows: 4, itemColumns: 4, parts: 1 };
}

function fits(tile: Shape, { groupSize, localBytes, registers }: GpuDevice): boolean {
  const bytes = 4 * tile.depth * (tile.rows + tile.columns + 2 * ROW_PADDING);
  const { itemRows, itemColumns } = tile;
  const vectors = (itemRows * itemColumns + 2 * (itemRows + itemColumns)) / 4;
  return itemsOf(tile) <= groupSize && bytes <= localBytes && vectors <= registers;
}

/** In products of one multiprocessor at its best rate. */
function costOf(
  extents: ProductExtents,
  { rows, columns, depth, rate, alone }: Shape,
  parts: number,
  { computeUnits }: GpuDevice,
): number {
  const { batch } = extents;
  const tiles = Math.ceil(extents.rows / rows) * Math.ceil(extents.columns / columns);
  const share = (batch * tiles * parts) / computeUnits;
  // Many waves even out.
  const groups = Math.max(alone, share < 6 ? Math.ceil(share) : share + 0.5);
  const steps = Math.ceil(Math.ceil(extents.depth / depth) / parts) * depth + START;
  const products = (steps * rows * columns * groups) / rate;
  if (parts === 1) return products;
  const bytes = batch * extents.rows * extents.columns * (parts + 1) * 8;
  return products + LAUNCH + (bytes * PER_BYTE) / computeUnits;
}
