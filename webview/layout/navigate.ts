// Walking the picture with arrow keys: up to a producer, down to a consumer, left and right along the
// row. Neighbours are tried in visual order, so the walk goes where the eye expects.

import { groupByKey } from './adjacency.ts';
import type { Adjacency } from './adjacency.ts';
import type { LayoutInput, LayoutResult } from './types.ts';

export type Direction = 'up' | 'down' | 'left' | 'right';

export interface Navigator {
  /** The node to go to, or -1 where the walk ends. */
  next: (node: number, direction: Direction) => number;
  /** Producers (consumers) of a node from left to right, without repetition. */
  producers: (node: number) => number[];
  consumers: (node: number) => number[];
}

export function createNavigator(input: LayoutInput, result: LayoutResult): Navigator {
  const { nodeCount, edges } = input;
  const edgeCount = edges.length >> 1;
  const { x, y } = result;
  const source = new Int32Array(edgeCount);
  const target = new Int32Array(edgeCount);
  const skip = new Uint8Array(edgeCount);
  const known = (v: number): boolean => v >= 0 && v < nodeCount;
  for (let e = 0; e < edgeCount; e++) {
    source[e] = edges[2 * e]!;
    target[e] = edges[2 * e + 1]!;
    if (!known(source[e]!) || !known(target[e]!) || source[e] === target[e]) skip[e] = 1;
  }
  const out = groupByKey(nodeCount, source, edgeCount, skip);
  const into = groupByKey(nodeCount, target, edgeCount, skip);
  /** All nodes from left to right. */
  const across = Int32Array.from({ length: nodeCount }, (_, v) => v).sort(
    (a, b) => x[a]! - x[b]! || a - b,
  );
  const place = new Int32Array(nodeCount);
  across.forEach((v, i) => (place[v] = i));

  const neighbours = (list: Adjacency, end: Int32Array, node: number): number[] => {
    if (!known(node)) return [];
    const found = new Set<number>();
    for (let k = list.start[node]!; k < list.start[node + 1]!; k++) found.add(end[list.item[k]!]!);
    return [...found].sort((a, b) => x[a]! - x[b]! || a - b);
  };
  const producers = (node: number): number[] => neighbours(into, source, node);
  const consumers = (node: number): number[] => neighbours(out, target, node);

  /** The one straight above or below; among several the nearest, first by x, then by y. */
  const nearest = (node: number, candidates: number[]): number => {
    let best = -1;
    let least = Infinity;
    for (const v of candidates) {
      const distance = Math.abs(x[v]! - x[node]!) + 0.001 * Math.abs(y[v]! - y[node]!);
      if (distance < least) [best, least] = [v, distance];
    }
    return best;
  };
  /** The next node on one side whose box is level with this one. */
  const beside = (node: number, step: 1 | -1): number => {
    if (!known(node)) return -1;
    const reach = input.height[node]! / 2;
    for (let i = place[node]! + step; i >= 0 && i < nodeCount; i += step) {
      const v = across[i]!;
      if (x[v] === x[node]) continue;
      if (Math.abs(y[v]! - y[node]!) < Math.max(reach, input.height[v]! / 2)) return v;
    }
    return -1;
  };
  return {
    producers,
    consumers,
    next: (node, direction) => {
      switch (direction) {
        case 'up':
          return nearest(node, producers(node));
        case 'down':
          return nearest(node, consumers(node));
        case 'left':
          return beside(node, -1);
        case 'right':
          return beside(node, 1);
      }
    },
  };
}
