// Graphs for tests and benchmarks of the layout: hand-made shapes, random DAGs, and the synthetic
// networks that graph viewers were measured on (residual, attention, inception, U-net skips).

import type { LayoutInput } from '../../../webview/layout/types.ts';

/** Small deterministic generator (mulberry32); numbers in [0, 1). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Sketch {
  count: number;
  edges: [number, number][];
}

/** Every box 150 x 40 unless sizes are given; no groups unless given. */
export function toInput(
  { count, edges }: Sketch,
  options: {
    group?: Int32Array;
    groupCount?: number;
    size?: (v: number) => [number, number];
  } = {},
): LayoutInput {
  const size = options.size ?? ((): [number, number] => [150, 40]);
  return {
    nodeCount: count,
    width: Float32Array.from({ length: count }, (_, v) => size(v)[0]),
    height: Float32Array.from({ length: count }, (_, v) => size(v)[1]),
    edges: Int32Array.from(edges.flat()),
    group: options.group ?? new Int32Array(count).fill(-1),
    groupCount: options.groupCount ?? 0,
    groupHeader: 24,
    groupPadding: 12,
  };
}

/** A network of stages; returns operators in topological order. */
export function syntheticNetwork(operators: number, seed = 1): Sketch {
  const random = randomNumbers(seed);
  const edges: [number, number][] = [];
  let count = 0;
  const op = (...producers: number[]): number => {
    for (const p of producers) edges.push([p, count]);
    return count++;
  };
  const chain = (from: number, length: number): number => {
    let last = from;
    for (let i = 0; i < length; i++) last = op(last);
    return last;
  };
  const residual = (x: number): number => op(op(chain(x, 4 + Math.floor(random() * 2)), x));
  const downsample = (x: number): number => op(op(chain(x, 5), chain(x, 2)));
  const inception = (x: number): number => op(chain(x, 2), chain(x, 4), chain(x, 6), op(op(x)));
  const attention = (x: number): number => {
    const norm = chain(x, 2);
    const [q, k, v] = [chain(norm, 3), chain(norm, 4), chain(norm, 3)];
    const weights = chain(op(q, k), 3);
    return op(chain(op(weights, v), 4), x);
  };
  const feedForward = (x: number): number => {
    const up = chain(x, 2);
    const gate = op(up, chain(up, 3));
    return op(chain(gate, 2), x);
  };
  let x = chain(op(), 3);
  const skips: number[] = [];
  const target = operators - 8;
  while (count < target) {
    const progress = count / target;
    if (progress < 0.3) x = random() < 0.25 ? downsample(x) : residual(x);
    else if (progress < 0.5) x = inception(x);
    else x = feedForward(attention(x));
    // U-net skips: saved on the way in, joined on the way out.
    if (progress < 0.4 && random() < 0.15) skips.push(x);
    if (progress > 0.6 && skips.length > 0 && random() < 0.25) x = op(x, skips.pop()!);
  }
  while (count < operators) x = op(x);
  return { count, edges };
}

/** Adds short random forward edges until the graph has `wanted` edges. */
export function withExtraEdges(sketch: Sketch, wanted: number, seed = 2, reach = 30): Sketch {
  const random = randomNumbers(seed);
  const edges = [...sketch.edges];
  while (edges.length < wanted) {
    const u = Math.floor(random() * (sketch.count - 2));
    const v = Math.min(sketch.count - 1, u + 1 + Math.floor(random() * reach));
    edges.push([u, v]);
  }
  return { count: sketch.count, edges };
}

/** Blocks of 4-12 consecutive operators, as the measurements in the bench use them. */
export function consecutiveBlocks(
  count: number,
  seed = 3,
): { group: Int32Array; groupCount: number } {
  const random = randomNumbers(seed);
  const group = new Int32Array(count);
  let g = -1;
  for (let v = 0, left = 0; v < count; v++, left--) {
    if (left === 0) {
      g++;
      left = 4 + Math.floor(random() * 6);
    }
    group[v] = g;
  }
  return { group, groupCount: g + 1 };
}

/** One node per block, parallel edges merged. */
export function collapse({ edges }: Sketch, group: Int32Array, groupCount: number): Sketch {
  const seen = new Set<number>();
  const merged: [number, number][] = [];
  for (const [u, v] of edges) {
    const a = group[u]!;
    const b = group[v]!;
    if (a === b || seen.has(a * groupCount + b)) continue;
    seen.add(a * groupCount + b);
    merged.push([a, b]);
  }
  return { count: groupCount, edges: merged };
}

/** A random DAG: each node gets 0-3 producers among the `reach` nodes before it. */
export function randomDag(count: number, seed: number, reach = count): Sketch {
  const random = randomNumbers(seed);
  const edges: [number, number][] = [];
  for (let v = 1; v < count; v++) {
    const producers = Math.floor(random() * 3.2);
    for (let i = 0; i < producers; i++) {
      edges.push([Math.max(0, v - 1 - Math.floor(random() * reach)), v]);
    }
  }
  return { count, edges };
}
