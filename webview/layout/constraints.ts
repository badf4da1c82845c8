// Least distances between columns: one link for every pair of columns that are neighbours in some row.
// The links have no cycles because columns never cross.

import { groupByKey } from './adjacency.ts';
import type { Adjacency } from './adjacency.ts';
import type { Columns } from './align.ts';
import type { Layers } from './layers.ts';
import type { Spacing } from './types.ts';

export interface Constraints {
  count: number;
  /** x[right[l]] - x[left[l]] >= gap[l] for every link l. */
  left: Int32Array;
  right: Int32Array;
  gap: Float64Array;
  /** Links by their left and by their right column. */
  toRight: Adjacency;
  toLeft: Adjacency;
  /** Columns such that every link leads forward. */
  order: Int32Array;
}

export function createConstraints(layers: Layers, columns: Columns, spacing: Spacing): Constraints {
  const { of, offset, count } = columns;
  const { start, item } = layers.layers;
  const left = new Int32Array(layers.count);
  const right = new Int32Array(layers.count);
  const gap = new Float64Array(layers.count);
  const newest = new Int32Array(count).fill(-1);
  let links = 0;
  for (let r = 0; r < layers.layerCount; r++) {
    for (let i = start[r]! + 1; i < start[r + 1]!; i++) {
      const a = item[i - 1]!;
      const b = item[i]!;
      const bare = Number(a < layers.real) + Number(b < layers.real);
      const least =
        (layers.width[a]! + layers.width[b]!) / 2 + (bare === 2 ? spacing.node : spacing.edge);
      const distance = least + offset[a]! - offset[b]!;
      const c = of[a]!;
      const known = newest[c]!;
      if (known >= 0 && right[known] === of[b]) {
        gap[known] = Math.max(gap[known]!, distance);
        continue;
      }
      newest[c] = links;
      left[links] = c;
      right[links] = of[b]!;
      gap[links++] = distance;
    }
  }
  const toRight = groupByKey(count, left, links);
  const toLeft = groupByKey(count, right, links);
  const order = leftToRight(count, right, toRight, toLeft);
  return { count, left, right, gap, toRight, toLeft, order };
}

function leftToRight(
  count: number,
  right: Int32Array,
  toRight: Adjacency,
  toLeft: Adjacency,
): Int32Array {
  const order = new Int32Array(count);
  const waiting = new Int32Array(count);
  let n = 0;
  for (let c = 0; c < count; c++) {
    waiting[c] = toLeft.start[c + 1]! - toLeft.start[c]!;
    if (waiting[c] === 0) order[n++] = c;
  }
  for (let i = 0; i < n; i++) {
    const c = order[i]!;
    for (let k = toRight.start[c]!; k < toRight.start[c + 1]!; k++) {
      const d = right[toRight.item[k]!]!;
      if (--waiting[d]! === 0) order[n++] = d;
    }
  }
  if (n < count) throw new Error('internal error: columns of the layout cross');
  return order;
}

/** Moves columns to the right, as little as possible, until all distances hold. */
export function pushRight(constraints: Constraints, x: Float64Array): void {
  const { order, left, gap, toLeft } = constraints;
  for (const c of order) {
    for (let k = toLeft.start[c]!; k < toLeft.start[c + 1]!; k++) {
      const link = toLeft.item[k]!;
      x[c] = Math.max(x[c]!, x[left[link]!]! + gap[link]!);
    }
  }
}

/** The same to the left. */
export function pushLeft(constraints: Constraints, x: Float64Array): void {
  const { order, right, gap, toRight } = constraints;
  for (let i = order.length - 1; i >= 0; i--) {
    const c = order[i]!;
    for (let k = toRight.start[c]!; k < toRight.start[c + 1]!; k++) {
      const link = toRight.item[k]!;
      x[c] = Math.min(x[c]!, x[right[link]!]! - gap[link]!);
    }
  }
}

/** How far the two columns of a link are from their least distance. */
export function room({ left, right, gap }: Constraints, x: Float64Array, link: number): number {
  return x[right[link]!]! - x[left[link]!]! - gap[link]!;
}
