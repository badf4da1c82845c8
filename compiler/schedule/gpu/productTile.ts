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

type Shape = Omit<ProductTile, 'parts'>;

function shape(
  rows: number,
  columns: number,
  depth: number,
  itemRows: number,
  itemColumns: number,
): Shape {
  return { rows, columns, depth, itemRows, itemColumns };
}

const SHAPES: readonly Shape[] = [
  shape(128, 128, 16, 8, 8),
  shape(128, 64, 16, 8, 4),
  shape(64, 128, 16, 4, 8),
  shape(64, 64, 16, 4, 4),
  shape(32, 64, 16, 4, 4),
  shape(64, 32, 16, 4, 4),
  shape(32, 32, 16, 4, 4),
  shape(16, 64, 16, 4, 4),
  shape(16, 128, 16, 4, 8),
  shape(8, 128, 16, 4, 4),
];

/** Padding of a tile's row in group memory, in elements: rows start in different banks. */
export const ROW_PADDING = 4;
/** Splits of the reduction that are tried. */
const PARTS = [1, 2, 3, 4, 6, 8, 12, 16] as const;
/** Least part of a reduction that is worth a group of its own. */
const LEAST_DEPTH = 128;
/** Products of a multiprocessor in one step that a second kernel costs. */
const LAUNCH = 400_000;
/** Items that a multiprocessor needs to hide the latency of memory. */
const ENOUGH_ITEMS = 512;

export function itemsOf({ rows, columns, itemRows, itemColumns }: Shape): number {
  return (rows / itemRows) * (columns / itemColumns);
}

export function chooseProductTile(extents: ProductExtents, device: GpuDevice): ProductTile {
  let best: ProductTile | undefined;
  let least = Infinity;
  for (const candidate of SHAPES) {
    if (!fits(candidate, device)) continue;
    for (const parts of PARTS) {
      if (parts > 1 && extents.depth < parts * LEAST_DEPTH) continue;
      const tile = { ...candidate, parts };
      const cost = costOf(extents, tile, device);
      if (cost < least) [best, least] = [tile, cost];
    }
  }
  return best ?? { ...shape(16, 16, 8, 4, 4), parts: 1 };
}

function fits(tile: Shape, { groupSize, localBytes }: GpuDevice): boolean {
  const bytes = 4 * tile.depth * (tile.rows + tile.columns + 2 * ROW_PADDING);
  return itemsOf(tile) <= groupSize && bytes <= localBytes;
}

/** Time in products per multiprocessor lane group: waves of groups, each with all the products of its tile. */
function costOf(extents: ProductExtents, tile: ProductTile, { computeUnits }: GpuDevice): number {
  const groups =
    extents.batch *
    Math.ceil(extents.rows / tile.rows) *
    Math.ceil(extents.columns / tile.columns) *
    tile.parts;
  const items = itemsOf(tile);
  const depth = Math.ceil(extents.depth / tile.parts / tile.depth) * tile.depth;
  const perGroup = tile.rows * tile.columns * depth;
  const perUnit = Math.ceil(groups / computeUnits);
  // Registers and banks: products per load from group memory.
  const reuse =
    (tile.itemRows * tile.itemColumns) /
    (tile.itemRows * tile.itemColumns + 3 * (tile.itemRows + tile.itemColumns));
  // Few items leave the pipelines waiting.
  const busy = Math.min(1, (items * Math.min(perUnit, 8)) / ENOUGH_ITEMS);
  const products = (perUnit * perGroup) / (reuse * (0.35 + 0.65 * busy));
  const outputs = extents.batch * extents.rows * extents.columns;
  const merge = tile.parts > 1 ? LAUNCH + (outputs * (tile.parts + 1) * 8) / computeUnits : 0;
  return products + merge;
}
