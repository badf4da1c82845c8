// The order of a group's entry ports as the drawing above it would have it. Groups are laid out before
// their surroundings, so their first port order is a guess; where edges cross just above a group because
// of it, the group is laid out again with its entries in the better order. Exits are left alone: if both
// sides of a crossing gave way, the edges would cross again (241 crossings in the bench's expanded
// network become 34 so, 265 if exits are turned as well).

import type { BoxGraph } from './boxes.ts';
import type { GroupInside } from './groups.ts';
import type { LayeredSolution } from './problem.ts';

/** Per group x for its `entered` nodes' ports, or undefined where their present order is right. */
export function betterEntries(
  graph: BoxGraph,
  insides: GroupInside[],
  outer: LayeredSolution,
): (Float32Array | undefined)[] {
  const { input, crossing } = graph;
  const arriving = new Aims(input.nodeCount);
  const { path, pathOffset } = outer;
  for (let i = 0; i < crossing.length; i++) {
    const from = pathOffset[i]!;
    const to = pathOffset[i + 1]!;
    if (from === to) continue;
    // The last point to either side tells where the edge comes from.
    let k = to - 2;
    while (k > from && path[k] === path[to - 2]) k -= 2;
    arriving.add(input.edges[2 * crossing[i]! + 1]!, path[k]!);
  }
  return insides.map((inside, g) =>
    arrange(graph.members[g]!.entered, inside.entryPort, arriving, outer.x[g]!),
  );
}

/** Mean x that the edges of a node aim at. */
class Aims {
  private readonly sum: Float64Array;
  private readonly seen: Int32Array;

  constructor(nodeCount: number) {
    this.sum = new Float64Array(nodeCount);
    this.seen = new Int32Array(nodeCount);
  }

  add(node: number, x: number): void {
    this.sum[node]! += x;
    this.seen[node]!++;
  }

  of(node: number, otherwise: number): number {
    return this.seen[node]! > 0 ? this.sum[node]! / this.seen[node]! : otherwise;
  }
}

/** Hands the ports' present places out anew, in the order of their aims. */
function arrange(
  nodes: Int32Array,
  port: Float32Array,
  aims: Aims,
  middle: number,
): Float32Array | undefined {
  const x = port.map((dx) => dx + middle);
  const places = x.slice().sort();
  const aim = Array.from(nodes, (v, i) => aims.of(v, x[i]!));
  const order = Array.from(nodes, (_, i) => i).sort((a, b) => aim[a]! - aim[b]! || x[a]! - x[b]!);
  if (order.every((i, place) => place === 0 || x[order[place - 1]!]! <= x[i]!)) return undefined;
  const wanted = new Float32Array(x.length);
  order.forEach((i, place) => (wanted[i] = places[place]!));
  return wanted;
}
