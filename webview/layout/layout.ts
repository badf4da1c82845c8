// The two-level layered layout: operators inside each expanded group, then groups and other nodes as
// boxes, from top to bottom. Pure and deterministic; linear or n log n in every stage. Measured against
// dagre in test/bench/layout.ts.

import { prepareGraph } from './boxes.ts';
import type { BoxGraph } from './boxes.ts';
import { layoutGroup } from './groups.ts';
import type { GroupInside } from './groups.ts';
import { solveWithLooseBoxes } from './loose.ts';
import { BendList, PathBuilder } from './paths.ts';
import { betterEntries } from './ports.ts';
import type { LayeredProblem, LayeredSolution } from './problem.ts';
import { defaultSpacing } from './types.ts';
import type { LayoutInput, LayoutResult, Spacing } from './types.ts';

/** Most edges between boxes for which groups are fitted to their surroundings in a second pass. */
const mostForSecondPass = 4000;

/** Lays out in one go. */
export function layout(input: LayoutInput): LayoutResult {
  return finish(layoutSteps(input));
}

/** Runs a job of steps to its end. */
export function finish<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The same, yielding every few milliseconds so that the caller can give up. */
export function* layoutSteps(input: LayoutInput): Generator<void, LayoutResult> {
  const begun = performance.now();
  const spacing: Spacing = { ...defaultSpacing, ...input.spacing };
  const graph = prepareGraph(input);
  const local = new Int32Array(graph.input.nodeCount);
  const insides: GroupInside[] = [];
  for (let g = 0; g < graph.members.length; g++) {
    const members = graph.members[g]!;
    insides.push(yield* layoutGroup(graph.input, graph.groups[g]!, members, local, spacing));
    if (g % 16 === 15) yield;
  }
  let drawing = {
    insides,
    outer: yield* solveWithLooseBoxes(outerProblem(graph, insides, spacing)),
  };

  if (drawing.outer.crossings > 0 && graph.crossing.length <= mostForSecondPass) {
    const entries = betterEntries(graph, insides, drawing.outer);
    const again = [...insides];
    for (let g = 0; g < entries.length; g++) {
      const order = entries[g];
      if (!order) continue;
      const members = graph.members[g]!;
      again[g] = yield* layoutGroup(graph.input, graph.groups[g]!, members, local, spacing, order);
      if (g % 16 === 15) yield;
    }
    if (entries.some((order) => order)) {
      const outer = yield* solveWithLooseBoxes(outerProblem(graph, again, spacing));
      const second = { insides: again, outer };
      if (crossingsOf(second) < crossingsOf(drawing)) drawing = second;
    }
  }
  const result = assemble(graph, drawing.insides, drawing.outer);
  result.crossings = crossingsOf(drawing);
  result.ms = performance.now() - begun;
  return result;
}

function crossingsOf(drawing: { insides: GroupInside[]; outer: LayeredSolution }): number {
  return drawing.insides.reduce(
    (sum, { solution }) => sum + solution.crossings,
    drawing.outer.crossings,
  );
}

/** Second level: non-empty groups come first among the boxes, then the nodes outside groups. */
function outerProblem(graph: BoxGraph, insides: GroupInside[], spacing: Spacing): LayeredProblem {
  const { input, boxCount, boxOf, crossing } = graph;
  const width = new Float32Array(boxCount);
  const height = new Float32Array(boxCount);
  const hint = new Float32Array(boxCount).fill(NaN);
  insides.forEach((inside, g) => {
    width[g] = inside.width;
    height[g] = inside.height;
    if (input.groupHint) hint[g] = input.groupHint[graph.groups[g]!]!;
  });
  for (let v = 0; v < input.nodeCount; v++) {
    const box = boxOf[v]!;
    if (box < insides.length) continue;
    width[box] = input.width[v]!;
    height[box] = input.height[v]!;
    if (input.orderHint) hint[box] = input.orderHint[v]!;
  }
  const edgeCount = crossing.length;
  const source = new Int32Array(edgeCount);
  const target = new Int32Array(edgeCount);
  const sourcePort = new Float32Array(edgeCount);
  const targetPort = new Float32Array(edgeCount);
  const bundle = new Int32Array(edgeCount);
  for (let i = 0; i < edgeCount; i++) {
    const u = input.edges[2 * crossing[i]!]!;
    const v = input.edges[2 * crossing[i]! + 1]!;
    source[i] = boxOf[u]!;
    target[i] = boxOf[v]!;
    bundle[i] = u;
    const exit = graph.exitOf[u]!;
    const entry = graph.entryOf[v]!;
    if (exit >= 0) sourcePort[i] = insides[boxOf[u]!]!.exitPort[exit]!;
    if (entry >= 0) targetPort[i] = insides[boxOf[v]!]!.entryPort[entry]!;
  }
  const { trails } = input;
  return {
    count: boxCount,
    width,
    height,
    edgeCount,
    source,
    target,
    sourcePort,
    targetPort,
    bundle,
    bundleCount: input.nodeCount,
    pin: new Uint8Array(boxCount),
    hint,
    keepOrder: input.keepOrder === true,
    trail: trails && ((edge, t) => trailAt(trails, crossing[edge]!, t)),
    spacing,
    portGap: spacing.edge,
  };
}

/** x of an earlier polyline at fraction t of its height, NaN if it has none. */
function trailAt(
  { offset, points }: NonNullable<LayoutInput['trails']>,
  e: number,
  t: number,
): number {
  const from = offset[e]!;
  const to = offset[e + 1]!;
  if (to - from < 4) return NaN;
  const y = points[from + 1]! + t * (points[to - 1]! - points[from + 1]!);
  for (let k = from + 2; k < to; k += 2) {
    const below = points[k + 1]!;
    const above = points[k - 1]!;
    if (below < y) continue;
    const share = below > above ? (y - above) / (below - above) : 0;
    return points[k - 2]! + share * (points[k]! - points[k - 2]!);
  }
  return points[to - 2]!;
}

function assemble(graph: BoxGraph, insides: GroupInside[], outer: LayeredSolution): LayoutResult {
  const { input, boxOf } = graph;
  const { nodeCount } = input;
  const x = new Float32Array(nodeCount);
  const y = new Float32Array(nodeCount);
  const groupBox = new Float32Array(4 * input.groupCount);
  const left = new Float64Array(insides.length);
  const top = new Float64Array(insides.length);
  insides.forEach((inside, g) => {
    const x1 = outer.x[g]! - inside.width / 2;
    const y1 = outer.y[g]! - inside.height / 2;
    left[g] = x1 + inside.contentX;
    top[g] = y1 + inside.contentY;
    groupBox.set([x1, y1, x1 + inside.width, y1 + inside.height], 4 * graph.groups[g]!);
    graph.members[g]!.nodes.forEach((v, i) => {
      x[v] = left[g]! + inside.solution.x[i]!;
      y[v] = top[g]! + inside.solution.y[i]!;
    });
  });
  for (let v = 0; v < nodeCount; v++) {
    const box = boxOf[v]!;
    if (box < insides.length) continue;
    x[v] = outer.x[box]!;
    y[v] = outer.y[box]!;
  }

  const edgeCount = input.edges.length >> 1;
  const edgeOffset = new Int32Array(edgeCount + 1);
  const edgeTunnel = new Uint8Array(edgeCount);
  const path = new PathBuilder();
  const bends = new BendList();
  const append = (s: LayeredSolution, e: number, dx: number, dy: number): boolean => {
    for (let k = s.pathOffset[e]!; k < s.pathOffset[e + 1]!; k += 2) {
      path.add(s.path[k]! + dx, s.path[k + 1]! + dy);
    }
    return s.tunnel[e] === 0;
  };
  for (let e = 0; e < edgeCount; e++) {
    edgeOffset[e] = bends.length;
    const place = graph.edgePlace[e]!;
    let drawn = place >= 0;
    path.clear();
    if (drawn && graph.edgeInside[e] === 1) {
      const g = boxOf[input.edges[2 * e]!]!;
      drawn = append(insides[g]!.solution, place, left[g]!, top[g]!);
    } else if (drawn) {
      const u = input.edges[2 * e]!;
      const v = input.edges[2 * e + 1]!;
      const from = boxOf[u]!;
      const to = boxOf[v]!;
      if (from < insides.length) {
        const { solution, exitEdge } = insides[from]!;
        drawn = append(solution, exitEdge + graph.exitOf[u]!, left[from]!, top[from]!);
      }
      drawn = append(outer, place, 0, 0) && drawn;
      if (to < insides.length) {
        const { solution, entryEdge } = insides[to]!;
        drawn = append(solution, entryEdge + graph.entryOf[v]!, left[to]!, top[to]!) && drawn;
      }
    }
    if (drawn) bends.addInner(path);
    else edgeTunnel[e] = 1;
  }
  edgeOffset[edgeCount] = bends.length;
  return {
    x,
    y,
    groupBox,
    edgeOffset,
    edgePoints: bends.finish(),
    edgeTunnel,
    width: outer.width,
    height: outer.height,
    crossings: 0,
    ms: 0,
  };
}
