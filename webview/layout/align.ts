// Which nodes stand exactly below one another. A node and the neighbour that continues it (its only
// operator child, or the middle one of an odd number) join into a column if both choose each other;
// so do the dummies of a long edge. Columns never cross, hence the order of columns has no cycles
// (as in Brandes and Koepf, "Fast and Simple Horizontal Coordinate Assignment", 2001).

import type { Layers } from './layers.ts';

export interface Columns {
  count: number;
  /** Column of each node, and the node's distance from the column's x. */
  of: Int32Array;
  offset: Float64Array;
  /** First row of each column. */
  top: Int32Array;
}

/** A column through groups ends where their ports have led it this far from its start. */
const farthestAside = 300;

export function alignColumns(layers: Layers, position: Int32Array, keepPlaces: boolean): Columns {
  const { count, layerCount } = layers;
  const below = chooseSide(layers, position, 'below');
  const above = chooseSide(layers, position, 'above');
  if (keepPlaces) letGroupsEnd(layers, below);
  const joined = new Int32Array(count).fill(-1); // segment to the node below in the same column
  const accepted = new Int32Array(count); // place below, by place in the row
  for (let r = 0; r + 1 < layerCount; r++)
    joinRows(layers, position, r, below, above, joined, accepted);

  const of = new Int32Array(count).fill(-1);
  const offset = new Float64Array(count);
  const top: number[] = [];
  for (const first of layers.layers.item) {
    if (of[first]! >= 0) continue;
    const column = top.length;
    top.push(layers.rank[first]!);
    of[first] = column;
    for (let v = first; joined[v]! >= 0;) {
      const s = joined[v]!;
      const w = layers.to[s]!;
      const aside = offset[v]! + layers.fromPort[s]! - layers.toPort[s]!;
      if (Math.abs(aside) > farthestAside) {
        joined[v] = -1;
        break;
      }
      of[w] = column;
      offset[w] = aside;
      v = w;
    }
  }
  return { count: top.length, of, offset, top: Int32Array.from(top) };
}

/**
 * After an edit the boxes below a group keep their places: a group that was just expanded would else
 * shift all of them, by as much as its exit stands beside its entry.
 */
function letGroupsEnd(
  { count, hint, from, to, fromPort, toPort, segmentCount }: Layers,
  below: Int32Array,
): void {
  const isGroup = new Uint8Array(count);
  for (let s = 0; s < segmentCount; s++) {
    if (fromPort[s] !== 0) isGroup[from[s]!] = 1;
    if (toPort[s] !== 0) isGroup[to[s]!] = 1;
  }
  for (let v = 0; v < count; v++) {
    if (isGroup[v] === 1 && below[v]! >= 0 && !Number.isNaN(hint[to[below[v]!]!]!)) below[v] = -1;
  }
}

/** Accepts the mutual choices between two rows, straightest kind first, refusing those that cross. */
function joinRows(
  layers: Layers,
  position: Int32Array,
  row: number,
  below: Int32Array,
  above: Int32Array,
  joined: Int32Array,
  accepted: Int32Array,
): void {
  const { start, item } = layers.layers;
  const first = start[row]!;
  const size = start[row + 1]! - first;
  for (let i = 0; i < size; i++) accepted[i] = -1;
  for (let kind = 0; kind < 3; kind++) {
    // Tightest accepted place to the right of i, from kinds before this one.
    let limit = Infinity;
    const rightmost = new Float64Array(size);
    for (let i = size - 1; i >= 0; i--) {
      rightmost[i] = limit;
      if (accepted[i]! >= 0) limit = accepted[i]!;
    }
    let leftmost = -1;
    for (let i = 0; i < size; i++) {
      const v = item[first + i]!;
      const s = below[v]!;
      if (accepted[i]! < 0 && s >= 0 && above[layers.to[s]!] === s) {
        const place = position[layers.to[s]!]!;
        if (kindOf(layers, s) === kind && place > leftmost && place < rightmost[i]!) {
          accepted[i] = place;
          joined[v] = s;
        }
      }
      if (accepted[i]! >= 0) leftmost = accepted[i]!;
    }
  }
}

/** 0: two boxes, 1: inside a long edge, 2: a long edge meets a box. */
function kindOf({ real, from, to }: Layers, segment: number): number {
  const dummies = Number(from[segment]! >= real) + Number(to[segment]! >= real);
  return dummies === 0 ? 0 : dummies === 2 ? 1 : 2;
}

/** Per node the segment to the neighbour that continues it on one side, or -1. */
function chooseSide(layers: Layers, position: Int32Array, side: 'above' | 'below'): Int32Array {
  const { count } = layers;
  const beside = side === 'below' ? layers.down : layers.up;
  const end = side === 'below' ? layers.to : layers.from;
  const choice = new Int32Array(count).fill(-1);
  const best: number[] = [];
  for (let v = 0; v < count; v++) {
    const from = beside.start[v]!;
    const to = beside.start[v + 1]!;
    if (to - from === 1) {
      choice[v] = beside.item[from]!;
      continue;
    }
    let standing = 0;
    best.length = 0;
    for (let k = from; k < to; k++) {
      const s = beside.item[k]!;
      const now = continues(layers, end[s]!, beside);
      if (now < standing) continue;
      if (now > standing) best.length = 0;
      standing = now;
      // Of several segments to one group the one nearest to both middles counts.
      const same = best.findIndex((t) => end[t] === end[s]);
      if (same < 0) best.push(s);
      else if (isStraighter(layers, s, best[same]!)) best[same] = s;
    }
    if (best.length % 2 === 0) continue;
    if (best.length > 1) best.sort((a, b) => position[end[a]!]! - position[end[b]!]!);
    choice[v] = best[best.length >> 1]!;
  }
  return choice;
}

/** Total, so that both ends of parallel segments choose the same one. */
function isStraighter({ fromPort, toPort }: Layers, s: number, t: number): boolean {
  const aside = (k: number): number => Math.abs(fromPort[k]!) + Math.abs(toPort[k]!);
  const difference = aside(s) - aside(t);
  return difference < 0 || (difference === 0 && s < t);
}

/** 3: a box that goes on, 2: a long edge, 1: a box where the walk ends (an input, an output). */
function continues(layers: Layers, v: number, beside: { start: Int32Array }): number {
  if (v >= layers.real) return 2;
  return beside.start[v] === beside.start[v + 1] ? 1 : 3;
}
