// y coordinates of rows and the polyline of every edge. Inside a row edges run straight down; they
// move sideways only between rows, so they cannot touch a box they do not belong to.

import type { Layers } from './layers.ts';
import { PathBuilder } from './paths.ts';
import { pinned } from './problem.ts';
import type { LayeredProblem, LayeredSolution } from './problem.ts';

/** Rows move apart where edges run far sideways: by this share of the widest run, up to a limit. */
const slantShare = 0.06;
const slantLimit = 90;

export function routeEdges(
  problem: LayeredProblem,
  layers: Layers,
  x: Float64Array,
  width: number,
  crossings: number,
): LayeredSolution {
  const rows = placeRows(problem, layers, x);
  const { count, edgeCount, source, target, height, pin } = problem;
  const y = new Float64Array(count);
  for (let v = 0; v < count; v++) {
    const r = layers.rank[v]!;
    const middle = (rows.top[r]! + rows.bottom[r]!) / 2;
    y[v] = pin[v] === pinned.top ? 0 : pin[v] === pinned.bottom ? rows.end : middle;
  }

  const pathOffset = new Int32Array(edgeCount + 1);
  const path = new PathBuilder();
  for (let e = 0; e < edgeCount; e++) {
    pathOffset[e] = path.length;
    if (layers.tunnel[e] === 1) continue;
    const u = source[e]!;
    const v = target[e]!;
    const startX = x[u]! + problem.sourcePort[e]!;
    const endX = x[v]! + problem.targetPort[e]!;
    const first = layers.rank[u]!;
    const last = layers.rank[v]!;
    path.begin();
    path.add(startX, y[u]! + height[u]! / 2);
    path.add(startX, rows.bottom[first]!);
    const dummy = layers.chain[problem.bundle[e]!]!;
    for (let r = first + 1; r < last; r++) {
      const dummyX = x[dummy + r - first - 1]!;
      path.add(dummyX, rows.top[r]!);
      path.add(dummyX, rows.bottom[r]!);
    }
    path.add(endX, rows.top[last]!);
    path.add(endX, y[v]! - height[v]! / 2);
  }
  pathOffset[edgeCount] = path.length;
  return {
    x: x.subarray(0, count),
    y,
    width,
    height: rows.end,
    pathOffset,
    path: path.finish(),
    tunnel: layers.tunnel,
    crossings,
  };
}

function placeRows(
  { height, pin, spacing, portGap }: LayeredProblem,
  layers: Layers,
  x: Float64Array,
): { top: Float64Array; bottom: Float64Array; end: number } {
  const { layerCount, rank, real, segmentCount, from, to } = layers;
  const tallest = new Float64Array(layerCount);
  const ports = new Uint8Array(layerCount);
  for (let v = 0; v < real; v++) {
    tallest[rank[v]!] = Math.max(tallest[rank[v]!]!, height[v]!);
    if (pin[v] !== pinned.free) ports[rank[v]!] = 1;
  }
  const slant = new Float64Array(layerCount);
  for (let s = 0; s < segmentCount; s++) {
    const run = x[to[s]!]! + layers.toPort[s]! - x[from[s]!]! - layers.fromPort[s]!;
    const r = rank[from[s]!]!;
    slant[r] = Math.max(slant[r]!, Math.abs(run));
  }
  const top = new Float64Array(layerCount);
  const bottom = new Float64Array(layerCount);
  let y = 0;
  for (let r = 0; r < layerCount; r++) {
    top[r] = y;
    bottom[r] = y + tallest[r]!;
    const byPorts = ports[r] === 1 || ports[r + 1] === 1;
    const least = byPorts ? (slant[r]! > 0.5 ? portGap : 0) : spacing.rank;
    if (r + 1 < layerCount) y = bottom[r]! + least + Math.min(slantLimit, slantShare * slant[r]!);
  }
  return { top, bottom, end: layerCount === 0 ? 0 : bottom[layerCount - 1]! };
}
