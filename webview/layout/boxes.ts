// Splits the input into the two levels: which box every node belongs to, which edges stay inside a
// group and which join boxes, and which nodes of a group need a port on its border. Input comes from a
// message, so sizes and numbers are checked here once.

import { groupByKey } from './adjacency.ts';
import type { GroupMembers } from './groups.ts';
import type { LayoutInput } from './types.ts';

export interface BoxGraph {
  /** The input with impossible sizes set to 0 and unknown groups to -1. */
  input: LayoutInput;
  /** Non-empty groups, by box number, and what is in them. */
  groups: Int32Array;
  members: GroupMembers[];
  /** Boxes: the non-empty groups, then every node outside groups. */
  boxCount: number;
  boxOf: Int32Array;
  /** Edges that join different boxes. */
  crossing: Int32Array;
  /** Per edge its index inside its group, or in `crossing`; -1 for edges with unknown ends. */
  edgePlace: Int32Array;
  edgeInside: Uint8Array;
  /** Per node its index among its group's `left` and `entered` nodes, or -1. */
  exitOf: Int32Array;
  entryOf: Int32Array;
}

export function prepareGraph(raw: LayoutInput): BoxGraph {
  const input = cleanInput(raw);
  const { nodeCount, edges, group, groupCount } = input;
  const edgeCount = edges.length >> 1;

  const inGroup = groupByKey(groupCount, group, nodeCount, outside(group));
  const boxOfGroup = new Int32Array(groupCount).fill(-1);
  const groups: number[] = [];
  for (let g = 0; g < groupCount; g++) {
    if (inGroup.start[g] === inGroup.start[g + 1]) continue;
    boxOfGroup[g] = groups.length;
    groups.push(g);
  }
  let boxCount = groups.length;
  const boxOf = new Int32Array(nodeCount);
  for (let v = 0; v < nodeCount; v++) {
    boxOf[v] = group[v]! >= 0 ? boxOfGroup[group[v]!]! : boxCount++;
  }

  const edgeInside = new Uint8Array(edgeCount);
  const edgePlace = new Int32Array(edgeCount).fill(-1);
  const crossing: number[] = [];
  const inside: number[][] = groups.map(() => []);
  const leaves = new Uint8Array(nodeCount);
  const enters = new Uint8Array(nodeCount);
  for (let e = 0; e < edgeCount; e++) {
    const u = edges[2 * e]!;
    const v = edges[2 * e + 1]!;
    if (!(u >= 0 && u < nodeCount && v >= 0 && v < nodeCount)) continue;
    if (group[u]! >= 0 && group[u] === group[v]) {
      const list = inside[boxOf[u]!]!;
      edgeInside[e] = 1;
      edgePlace[e] = list.length;
      list.push(e);
      continue;
    }
    edgePlace[e] = crossing.length;
    crossing.push(e);
    if (group[u]! >= 0) leaves[u] = 1;
    if (group[v]! >= 0) enters[v] = 1;
  }

  const exitOf = new Int32Array(nodeCount).fill(-1);
  const entryOf = new Int32Array(nodeCount).fill(-1);
  const members = groups.map((g, box): GroupMembers => {
    const nodes = inGroup.item.subarray(inGroup.start[g]!, inGroup.start[g + 1]!);
    const left = nodes.filter((v) => leaves[v] === 1);
    const entered = nodes.filter((v) => enters[v] === 1);
    left.forEach((v, i) => (exitOf[v] = i));
    entered.forEach((v, i) => (entryOf[v] = i));
    return { nodes, edges: Int32Array.from(inside[box]!), entered, left };
  });
  return {
    input,
    groups: Int32Array.from(groups),
    members,
    boxCount,
    boxOf,
    crossing: Int32Array.from(crossing),
    edgePlace,
    edgeInside,
    exitOf,
    entryOf,
  };
}

/** A box size as the layout uses it: what is no size is 0. */
export function usableSize(value: number): number {
  return value > 0 && value < 1e6 ? value : 0;
}

function cleanInput(raw: LayoutInput): LayoutInput {
  const { nodeCount, groupCount } = raw;
  const groupOf = (v: number): number => {
    const g = raw.group[v] ?? -1;
    return g >= 0 && g < groupCount ? g : -1;
  };
  return {
    ...raw,
    width: Float32Array.from({ length: nodeCount }, (_, v) => usableSize(raw.width[v]!)),
    height: Float32Array.from({ length: nodeCount }, (_, v) => usableSize(raw.height[v]!)),
    group: Int32Array.from({ length: nodeCount }, (_, v) => groupOf(v)),
    groupHeader: usableSize(raw.groupHeader),
    groupPadding: usableSize(raw.groupPadding),
  };
}

function outside(group: Int32Array): Uint8Array {
  return Uint8Array.from(group, (g) => Number(g < 0));
}
