// First level of the layout: the inside of one group. Its nodes are laid out together with ports on the
// group's border, one for every node that has producers or consumers outside, so that edges to the
// outside find a free way through the group.

import { solveWithLooseBoxes } from './loose.ts';
import { pinned } from './problem.ts';
import type { LayeredProblem, LayeredSolution } from './problem.ts';
import type { LayoutInput, Spacing } from './types.ts';

/** What the first level needs to know about one group. */
export interface GroupMembers {
  nodes: Int32Array;
  /** Edges between two of these nodes. */
  edges: Int32Array;
  /** Those of the nodes that have producers (consumers) outside. */
  entered: Int32Array;
  left: Int32Array;
}

export interface GroupInside {
  solution: LayeredSolution;
  /** Per entry of nodes, edges, entered, left: index in the solution. */
  entryEdge: number;
  exitEdge: number;
  /** Size of the group's rectangle, and its content's place in it. */
  width: number;
  height: number;
  contentX: number;
  contentY: number;
  /** Ports in the rectangle, as distance from its middle. */
  entryPort: Float32Array;
  exitPort: Float32Array;
}

/**
 * `local` is scratch space, one place per node of the input. `entryOrder`: x per `entered` node; keep
 * the entry ports in this order. Without it they stand where it suits the group.
 */
export function* layoutGroup(
  input: LayoutInput,
  group: number,
  { nodes, edges, entered, left }: GroupMembers,
  local: Int32Array,
  spacing: Spacing,
  entryOrder?: Float32Array,
): Generator<void, GroupInside> {
  const count = nodes.length + entered.length + left.length;
  const edgeCount = edges.length + entered.length + left.length;
  const source = new Int32Array(edgeCount);
  const target = new Int32Array(edgeCount);
  const pin = new Uint8Array(count);
  const width = new Float32Array(count);
  const height = new Float32Array(count);
  const hint = new Float32Array(count).fill(NaN);
  nodes.forEach((v, i) => {
    local[v] = i;
    width[i] = input.width[v]!;
    height[i] = input.height[v]!;
    if (input.orderHint) hint[i] = input.orderHint[v]!;
  });
  edges.forEach((e, i) => {
    source[i] = local[input.edges[2 * e]!]!;
    target[i] = local[input.edges[2 * e + 1]!]!;
  });
  const entryEdge = edges.length;
  const exitEdge = entryEdge + entered.length;
  entered.forEach((v, i) => {
    pin[nodes.length + i] = pinned.top;
    source[entryEdge + i] = nodes.length + i;
    target[entryEdge + i] = local[v]!;
  });
  left.forEach((v, i) => {
    const port = nodes.length + entered.length + i;
    pin[port] = pinned.bottom;
    source[exitEdge + i] = local[v]!;
    target[exitEdge + i] = port;
  });
  if (entryOrder) hint.set(entryOrder, nodes.length);
  const problem: LayeredProblem = {
    count,
    width,
    height,
    edgeCount,
    source,
    target,
    sourcePort: new Float32Array(edgeCount),
    targetPort: new Float32Array(edgeCount),
    bundle: source,
    bundleCount: count,
    pin,
    hint,
    keepOrder: input.keepOrder === true,
    trail: undefined,
    spacing,
    portGap: spacing.edge,
  };
  const solution = yield* solveWithLooseBoxes(problem);
  const padding = input.groupPadding;
  const bare = solution.width + 2 * padding;
  const boxWidth = Math.max(bare, input.groupMinWidth?.[group] ?? 0);
  const contentX = padding + (boxWidth - bare) / 2;
  const port = (i: number): number => contentX + solution.x[i]! - boxWidth / 2;
  return {
    solution,
    entryEdge,
    exitEdge,
    width: boxWidth,
    height: solution.height + input.groupHeader + 2 * padding,
    contentX,
    contentY: input.groupHeader + padding,
    entryPort: Float32Array.from(entered, (_, i) => port(nodes.length + i)),
    exitPort: Float32Array.from(left, (_, i) => port(nodes.length + entered.length + i)),
  };
}
