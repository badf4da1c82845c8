// Rows for nodes: longest path from the sources, then nodes that only wait (graph inputs, side chains
// that start at one) move down to their consumers, then rows that are too wide are broken into several.

import { groupByKey } from './adjacency.ts';
import type { AcyclicOrder } from './acyclic.ts';
import { pinned } from './problem.ts';
import type { LayeredProblem } from './problem.ts';

/** Most boxes in one row; rows with more are wrapped. */
export const widestRow = 48;

export interface Ranks {
  rank: Int32Array;
  rankCount: number;
}

export function assignRanks(problem: LayeredProblem, { order, back }: AcyclicOrder): Ranks {
  const { count, edgeCount, source, target, pin } = problem;
  const out = groupByKey(count, source, edgeCount, back);
  const into = groupByKey(count, target, edgeCount, back);
  const rank = longestPath(problem, order, into.start, into.item);
  let last = 0;
  for (let v = 0; v < count; v++) {
    if (pin[v] !== pinned.bottom) last = Math.max(last, rank[v]!);
  }
  if (pin.includes(pinned.bottom)) {
    for (let v = 0; v < count; v++) if (pin[v] === pinned.bottom) rank[v] = last + 1;
    last++;
  }

  // pull[v] > 0: moving v (with the sources that hang on it alone) down shortens the drawing.
  const pull = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const v = order[i]!;
    let gain = out.start[v + 1]! - out.start[v]! - (into.start[v + 1]! - into.start[v]!);
    for (let k = into.start[v]!; k < into.start[v + 1]!; k++) {
      const u = source[into.item[k]!]!;
      if (pull[u]! > 0 && out.start[u + 1]! - out.start[u]! === 1) gain++;
    }
    pull[v] = pin[v] === pinned.free ? gain : 0;
  }
  for (let i = count - 1; i >= 0; i--) {
    const v = order[i]!;
    if (pull[v]! <= 0 || out.start[v] === out.start[v + 1]) continue;
    let lowest = last;
    for (let k = out.start[v]!; k < out.start[v + 1]!; k++) {
      lowest = Math.min(lowest, rank[target[out.item[k]!]!]! - 1);
    }
    rank[v] = Math.max(rank[v]!, lowest);
  }
  return wrapWideRows(problem, rank, last + 1);
}

function longestPath(
  { count, source, pin }: LayeredProblem,
  order: Int32Array,
  start: Int32Array,
  item: Int32Array,
): Int32Array {
  const rank = new Int32Array(count);
  const first = pin.includes(pinned.top) ? 1 : 0;
  for (let i = 0; i < count; i++) {
    const v = order[i]!;
    let row = pin[v] === pinned.top ? 0 : first;
    for (let k = start[v]!; k < start[v + 1]!; k++) {
      row = Math.max(row, rank[source[item[k]!]!]! + 1);
    }
    rank[v] = row;
  }
  return rank;
}

/** Nodes of one row have no edges among them, so a row may be cut into several anywhere. */
function wrapWideRows({ count, pin }: LayeredProblem, rank: Int32Array, rankCount: number): Ranks {
  const size = new Int32Array(rankCount);
  for (let v = 0; v < count; v++) if (pin[v] === pinned.free) size[rank[v]!]!++;
  if (!size.some((n) => n > widestRow)) return { rank, rankCount };
  const base = new Int32Array(rankCount);
  let total = 0;
  for (let r = 0; r < rankCount; r++) {
    base[r] = total;
    total += Math.max(1, Math.ceil(size[r]! / widestRow));
  }
  const seen = new Int32Array(rankCount);
  for (let v = 0; v < count; v++) {
    const r = rank[v]!;
    const rows = Math.max(1, Math.ceil(size[r]! / widestRow));
    const perRow = Math.ceil(size[r]! / rows);
    rank[v] = base[r]! + (pin[v] === pinned.free ? Math.floor(seen[r]!++ / perRow) : 0);
  }
  return { rank, rankCount: total };
}
