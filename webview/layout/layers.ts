// The proper layered graph: every edge that crosses rows becomes a chain of dummies, one per row, so
// that all segments join neighbouring rows. Edges of one bundle share their chain. Edges that are too
// long get no dummies; they are tunnelled.

import { groupByKey } from './adjacency.ts';
import type { Adjacency } from './adjacency.ts';
import { tunnelSpan } from './types.ts';
import { pinned } from './problem.ts';
import type { LayeredProblem } from './problem.ts';
import type { Ranks } from './ranks.ts';

export interface Layers {
  /** Nodes 0..real-1 are the problem's, real..count-1 dummies. */
  real: number;
  count: number;
  rank: Int32Array;
  width: Float64Array;
  /** Preferred order or earlier x per node, NaN where none. */
  hint: Float64Array;
  /** 1: in its row the node keeps the place that its hint gives it among such nodes. */
  held: Uint8Array;
  layerCount: number;
  /** Nodes by layer; `layers.item` is the drawing order, which the order stage permutes in place. */
  layers: Adjacency;
  segmentCount: number;
  from: Int32Array;
  to: Int32Array;
  fromPort: Float32Array;
  toPort: Float32Array;
  /** Segments below (by from) and above (by to) of every node, each sorted by port. */
  down: Adjacency;
  up: Adjacency;
  /** First dummy of each bundle's chain, or -1. */
  chain: Int32Array;
  /** Per edge of the problem. */
  tunnel: Uint8Array;
}

export function buildLayers(
  problem: LayeredProblem,
  { rank: realRank, rankCount }: Ranks,
  back: Uint8Array,
): Layers {
  const { count: real, edgeCount, source, target, bundle, bundleCount } = problem;
  const tunnel = back.slice();
  const reach = chooseReach(problem, realRank, tunnel);
  const chain = new Int32Array(bundleCount).fill(-1);
  let count = real;
  for (let b = 0; b < bundleCount; b++) {
    if (reach[b]! < 2) continue;
    chain[b] = count;
    count += reach[b]! - 1;
  }

  const rank = new Int32Array(count);
  rank.set(realRank);
  const width = new Float64Array(count);
  const hint = new Float64Array(count).fill(NaN);
  const held = new Uint8Array(count);
  for (let v = 0; v < real; v++) {
    width[v] = problem.width[v]!;
    hint[v] = problem.hint[v]!;
    const fixed = problem.keepOrder || problem.pin[v] !== pinned.free;
    held[v] = Number(fixed && !Number.isNaN(hint[v]!));
  }

  const capacity = edgeCount + (count - real) + bundleCount;
  const from = new Int32Array(capacity);
  const to = new Int32Array(capacity);
  const fromPort = new Float32Array(capacity);
  const toPort = new Float32Array(capacity);
  let s = 0;
  const chained = new Uint8Array(bundleCount);
  const drawn = new Map<number, number[]>();
  for (let e = 0; e < edgeCount; e++) {
    if (tunnel[e] === 1) continue;
    const b = bundle[e]!;
    const u = source[e]!;
    const first = chain[b]!;
    if (first >= 0 && chained[b] === 0) {
      chained[b] = 1;
      for (let k = 0; k < reach[b]! - 1; k++) {
        rank[first + k] = rank[u]! + k + 1;
        from[s] = k === 0 ? u : first + k - 1;
        to[s] = first + k;
        fromPort[s] = k === 0 ? problem.sourcePort[e]! : 0;
        s++;
      }
    }
    const span = rank[target[e]!]! - rank[u]!;
    if (problem.trail && span > 1) {
      for (let k = 0; k < span - 1; k++) {
        if (Number.isNaN(hint[first + k]!)) hint[first + k] = problem.trail(e, (k + 1) / span);
      }
    }
    if (isRepeated(drawn, b * real + target[e]!, problem.targetPort[e]!)) continue;
    from[s] = span === 1 ? u : first + span - 2;
    to[s] = target[e]!;
    fromPort[s] = span === 1 ? problem.sourcePort[e]! : 0;
    toPort[s] = problem.targetPort[e]!;
    s++;
  }

  const down = groupByKey(count, from, s);
  const up = groupByKey(count, to, s);
  sortByPort(down, fromPort);
  sortByPort(up, toPort);
  return {
    real,
    count,
    rank,
    width,
    hint,
    held,
    layerCount: rankCount,
    layers: groupByKey(rankCount, rank, count),
    segmentCount: s,
    from,
    to,
    fromPort,
    toPort,
    down,
    up,
    chain,
    tunnel,
  };
}

/** Two edges of one bundle to one port of one target (Mul(x, x)) are one line. */
function isRepeated(drawn: Map<number, number[]>, pair: number, port: number): boolean {
  const ports = drawn.get(pair);
  if (ports?.includes(port)) return true;
  if (ports) ports.push(port);
  else drawn.set(pair, [port]);
  return false;
}

/**
 * The longest span of each bundle that gets dummies; longer edges are marked as tunnels. The limit
 * starts at `tunnelSpan` and halves until the dummies are in proportion to the graph, so that a dense
 * or hostile graph stays fast.
 */
function chooseReach(problem: LayeredProblem, rank: Int32Array, tunnel: Uint8Array): Int32Array {
  const { count, edgeCount, source, target, bundle, bundleCount } = problem;
  const budget = 4000 + 6 * count;
  const reach = new Int32Array(bundleCount);
  for (let limit = tunnelSpan; ; limit >>= 1) {
    reach.fill(0);
    let dummies = 0;
    for (let e = 0; e < edgeCount; e++) {
      if (tunnel[e] === 1) continue;
      const span = rank[target[e]!]! - rank[source[e]!]!;
      const b = bundle[e]!;
      if (span > limit || span <= reach[b]!) continue;
      dummies += span - Math.max(1, reach[b]!);
      reach[b] = span;
    }
    if (dummies > budget && limit > 1) continue;
    for (let e = 0; e < edgeCount; e++) {
      if (rank[target[e]!]! - rank[source[e]!]! > limit) tunnel[e] = 1;
    }
    return reach;
  }
}

function sortByPort({ start, item }: Adjacency, port: Float32Array): void {
  for (let v = 0; v + 1 < start.length; v++) {
    for (let i = start[v]! + 1; i < start[v + 1]!; i++) {
      if (port[item[i - 1]!]! <= port[item[i]!]!) continue;
      item.subarray(start[v]!, start[v + 1]!).sort((a, b) => port[a]! - port[b]! || a - b);
      break;
    }
  }
}
