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
  /** Parts of the reduction that teams of items of one group sum side by side. */
  readonly teams: number;
  /** Parts of the reduction in groups of their own, added up afterwards. */
  readonly parts: number;
}

export interface ProductExtents {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

/** A tile without the split of its reduction, and how fast it was on an H100 (products and convolutions of the models, one by one). */
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
  teams = 1,
  depth = 16,
): Shape {
  return { rows, columns, depth, itemRows, itemColumns, teams, rate, alone };
}

const SHAPES: readonly Shape[] = [
  shape([128, 128], [8, 8], 0.92, 1.3),
  shape([128, 128], [8, 8], 0.85, 1.3, 1, 8),
  shape([128, 64], [8, 4], 0.9, 1.3),
  shape([64, 128], [4, 8], 0.86, 1.3),
  shape([64, 64], [8, 8], 0.74, 1.8),
  shape([64, 64], [8, 8], 0.9, 1.4, 2),
  shape([64, 64], [8, 4], 0.88, 1.5),
  shape([64, 64], [8, 4], 0.85, 1.2, 2),
  shape([64, 32], [8, 4], 0.74, 1.6, 2),
  shape([64, 32], [8, 4], 0.76, 1.6, 4, 8),
  shape([32, 64], [4, 4], 0.72, 2.3),
  shape([32, 64], [8, 4], 0.7, 1.8, 4, 8),
  shape([32, 32], [8, 4], 0.68, 1.6, 4),
  shape([32, 32], [4, 4], 0.68, 4.4),
  shape([32, 32], [4, 4], 0.62, 1.6, 4),
  shape([16, 64], [4, 4], 0.58, 3.5),
  shape([16, 64], [4, 4], 0.58, 1.5, 4),
  shape([16, 32], [4, 4], 0.54, 2.4, 4),
  shape([16, 32], [4, 4], 0.48, 2.4, 8, 8),
  shape([16, 16], [4, 4], 0.38, 2.4, 8),
  shape([8, 64], [4, 4], 0.46, 2.8, 4),
  // Not measured: outputs of few rows.
  shape([16, 128], [4, 4], 0.56, 3),
  shape([8, 128], [4, 4], 0.5, 6),
];

/** Padding of a tile's row in group memory, in elements: rows start in different banks. */
export const ROW_PADDING = 4;
/** Of the group's memory at most, for what teams hand in at a time, unless one row is more. */
const HANDED_IN_BYTES = 8 << 10;
/** Splits of the reduction that are tried. */
const PARTS = [1, 2, 3, 4, 6, 8, 12, 16] as const;
/** Least part of a reduction that is worth a group of its own. */
const LEAST_DEPTH = 128;
/** Products that a multiprocessor does while a second kernel starts and ends: 6 us. */
const LAUNCH = 1_000_000;
/** And while the whole device, per multiprocessor, moves a byte of partial sums. */
const PER_BYTE = 4.5;
/** Steps of the reduction that a group's start and end cost. */
const START = 24;

/** Items of a team. */
export function itemsOf({
  rows,
  columns,
  itemRows,
  itemColumns,
}: Pick<ProductTile, 'rows' | 'columns' | 'itemRows' | 'itemColumns'>): number {
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
  return (
    best ?? { rows: 16, columns: 16, depth: 8, itemRows: 4, itemColumns: 4, teams: 1, parts: 1 }
  );
}

/** Bytes of the group's memory: the slices of all teams, and what teams hand in. */
function groupBytesOf(tile: Omit<ProductTile, 'parts'>): number {
  const { rows, columns, depth, teams, itemColumns } = tile;
  const handedIn = (teams - 1) * handedInRows(tile) * itemColumns * itemsOf(tile);
  return 4 * (teams * depth * (rows + columns + 2 * ROW_PADDING) + handedIn);
}

/** Rows of an item's accumulators that teams hand in at a time: what fits a few KiB. */
export function handedInRows(tile: Omit<ProductTile, 'parts'>): number {
  const { teams, itemRows, itemColumns } = tile;
  const rowBytes = 4 * (teams - 1) * itemColumns * itemsOf(tile);
  let rows = itemRows;
  while (rows % 2 === 0 && rows * rowBytes > HANDED_IN_BYTES) rows /= 2;
  return rows;
}

function fits(tile: Shape, { groupSize, localBytes, registers }: GpuDevice): boolean {
  const bytes = groupBytesOf(tile);
  const { itemRows, itemColumns } = tile;
  const vectors = (itemRows * itemColumns + 2 * (itemRows + itemColumns)) / 4;
  return itemsOf(tile) * tile.teams <= groupSize && bytes <= localBytes && vectors <= registers;
}

/** In products of one multiprocessor at its best rate. */
function costOf(
  extents: ProductExtents,
  { rows, columns, depth, teams, rate, alone }: Shape,
  parts: number,
  { computeUnits }: GpuDevice,
): number {
  const { batch } = extents;
  const tiles = Math.ceil(extents.rows / rows) * Math.ceil(extents.columns / columns);
  const share = (batch * tiles * parts) / computeUnits;
  // Many waves even out.
  const groups = Math.max(alone, share < 6 ? Math.ceil(share) : share + 0.5);
  const shares = parts * teams;
  const steps = Math.ceil(Math.ceil(extents.depth / depth) / shares) * depth * teams + START;
  const products = (steps * rows * columns * groups) / rate;
  if (parts === 1) return products;
  const bytes = batch * extents.rows * extents.columns * (parts + 1) * 8;
  return products + LAUNCH + (bytes * PER_BYTE) / computeUnits;
}
