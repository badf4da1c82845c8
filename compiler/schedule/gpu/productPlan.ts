/**
 * What all parts of a product's kernel go by: the two operands, the tile of the output that a group computes, the walk
 * along the reduction, and which tile is whose.
 */
import type { Index } from '../../loop/indexExpr.ts';
import { product } from '../../loop/indexExpr.ts';
import type { Nest } from '../nest.ts';
import type { Loop } from '../transform/place.ts';
import type { Contraction } from './contraction.ts';
import type { DepthPlan } from './depthPlan.ts';
import { planDepth } from './depthPlan.ts';
import type { GpuDevice } from './device.ts';
import type { ProductTile } from './productTile.ts';
import { chooseProductTile, itemsOf } from './productTile.ts';

/** Elements of a vector of accumulators, and of one access to group memory. */
export const LANES = 4;
/** Extents that only a run knows, for the choice of tiles. */
const UNKNOWN_EXTENT = 256;

export interface ProductPlan {
  readonly contraction: Contraction;
  readonly nest: Nest;
  readonly tile: ProductTile;
  /** Of a team: items that sum the same part of the reduction. A group has several teams. */
  readonly items: number;
  readonly depth: DepthPlan;
  /** Rows and columns of the whole output. */
  readonly extents: { readonly rows: Index; readonly columns: Index };
}

/** A group's place in the output. */
export interface ProductGroup {
  readonly batch: ReadonlyMap<string, Index>;
  /** Of the reduction. */
  readonly part: Index;
  /** First row and column of its tile. */
  readonly row: Index;
  readonly column: Index;
}

/** An item's place in its group. */
export interface ProductItem {
  readonly index: Index;
  readonly team: Index;
  /** In its team. */
  readonly own: Index;
}

/** Refuses sums of a length that only a run knows. */
export function planProduct(contraction: Contraction, nest: Nest, device: GpuDevice): ProductPlan {
  const { rows, columns, depth, batch } = contraction;
  const tile = chooseProductTile(
    {
      batch: sizeOf(batch),
      rows: sizeOf(rows.axes),
      columns: sizeOf(columns.axes),
      depth: sizeOf(depth),
    },
    device,
  );
  return {
    contraction,
    nest,
    tile,
    items: itemsOf(tile),
    depth: planDepth(depth, nest, tile),
    extents: { rows: extentOf(rows.axes), columns: extentOf(columns.axes) },
  };
}

function sizeOf(loops: readonly Loop[]): number {
  return loops.reduce(
    (size, { extent }) => size * (extent.kind === 'constant' ? extent.value : UNKNOWN_EXTENT),
    1,
  );
}

function extentOf(loops: readonly Loop[]): Index {
  return product(loops.map(({ extent }) => extent));
}
