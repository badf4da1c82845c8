// From a laid-out scene to elements of the canvas, with the real layout.
import { describe, expect, it } from 'vitest';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import { layout } from '../../../webview/layout/layout.ts';
import { multiOperatorBlocks } from '../../../webview/state/carryOver.ts';
import { buildScene, layoutInput } from '../../../webview/state/scene.ts';
import { relativeBends } from '../../../webview/views/graph/bends.ts';
import { buildPicture } from '../../../webview/views/graph/elements.ts';
import { SpatialIndex, contains, grow } from '../../../webview/views/graph/spatialIndex.ts';
import type { ShownRun } from '../../../compiler/protocol.ts';
import { formatMs } from '../../../webview/state/times.ts';
import { syntheticGraph } from '../fixtures/syntheticGraph.ts';
import { syntheticPlan } from '../fixtures/syntheticPlan.ts';

const graph = syntheticGraph(900);
const plan = syntheticPlan(graph, NO_EDITS, null);
const expanded = new Set(multiOperatorBlocks(plan).slice(0, 20));
const scene = buildScene(graph, plan, expanded, (text) => text.length * 7);
const picture = buildPicture(scene, layout(layoutInput(scene)), null);

describe('picture', () => {
  it('draws every node, group with header, and edge, each with a meaning', () => {
    for (const node of scene.nodes) expect(picture.nodes.has(node.key)).toBe(true);
    for (const edge of scene.edges) expect(picture.edges.has(edge.key)).toBe(true);
    for (const group of scene.groups) expect(picture.nodes.has(`h${group.key}`)).toBe(true);
    for (const id of [...picture.nodes.keys(), ...picture.edges.keys()]) {
      expect(picture.meaning.has(id)).toBe(true);
    }
  });
  it('joins only nodes that are there', () => {
    for (const edge of picture.edges.values()) {
      expect(picture.nodes.has(edge.source) && picture.nodes.has(edge.target)).toBe(true);
    }
  });
  it('gives long edges a labelled stub at both ends', () => {
    const long = scene.edges.filter((_, e) => picture.layout.edgeTunnel[e] === 1);
    expect(long.length).toBeGreaterThan(0);
    for (const edge of long) {
      expect(picture.nodes.has(`P${scene.nodes[edge.source]!.key}`)).toBe(true);
      expect(picture.nodes.has(`Q${scene.nodes[edge.target]!.key}`)).toBe(true);
      expect(picture.edges.get(edge.key)?.tunnel).toBe(true);
    }
  });
});

describe('relativeBends', () => {
  it('can be turned back into the points', () => {
    const points = [10, 40, 80, 90, -20, 130];
    const [x1, y1, x2, y2] = [5, 0, 30, 200] as const;
    const { weights, distances } = relativeBends(x1, y1, x2, y2, points);
    const length = Math.hypot(x2 - x1, y2 - y1);
    weights.forEach((weight, i) => {
      const d = distances[i]! / length;
      expect(x1 + weight * (x2 - x1) - d * (y2 - y1)).toBeCloseTo(points[2 * i]!, 0);
      expect(y1 + weight * (y2 - y1) + d * (x2 - x1)).toBeCloseTo(points[2 * i + 1]!, 0);
    });
  });
  it('has none where the ends coincide', () => {
    expect(relativeBends(1, 1, 1, 1, [5, 5]).weights).toEqual([]);
  });
});

describe('spatial index', () => {
  const index = new SpatialIndex(picture);
  it('finds what a scan of all elements finds', () => {
    for (const y of [-100, 0, 1500, 7777, 20_000]) {
      const view = { x1: -200, y1: y, x2: 900, y2: y + 900 };
      const found = index.meeting(view);
      for (const { id, x, y: cy, w, h } of picture.nodes.values()) {
        const meets =
          x + w / 2 > view.x1 && x - w / 2 < view.x2 && cy + h / 2 > y && cy - h / 2 < view.y2;
        if (meets) expect(found.nodes.has(id)).toBe(true);
      }
      for (const id of found.edges) {
        const { source, target } = picture.edges.get(id)!;
        expect(found.nodes.has(source) && found.nodes.has(target)).toBe(true);
      }
    }
  });
  it('leaves out what is far away', () => {
    const found = index.meeting({ x1: 0, y1: 0, x2: 1000, y2: 900 });
    expect(found.nodes.size).toBeLessThan(picture.nodes.size / 5);
  });
  it('grows rectangles about their middle', () => {
    const view = { x1: 0, y1: 10, x2: 100, y2: 30 };
    expect(grow(view, 1)).toEqual({ x1: -100, y1: -10, x2: 200, y2: 50 });
    expect(contains(grow(view, 1), view)).toBe(true);
    expect(contains(view, grow(view, 1))).toBe(false);
  });
});

it('times colour the boxes and stand in their second line, without another layout', () => {
  const blockMs = Float64Array.from(plan.blockIds, (_, block) => (block === 3 ? NaN : 1 + block));
  const run: ShownRun = {
    id: 1,
    target: 'wasm',
    place: 'WebAssembly',
    rewriting: true,
    edited: false,
    device: null,
    threads: 1,
    at: 0,
    planner: 'dnnfusion',
    blocks: blockMs.length,
    latencyMs: { median: 1, p10: 1, p90: 1 },
    noisy: false,
    verify: null,
    blockMs,
    arenaBytes: 0,
    movedBytes: 0,
    compileMs: 0,
  };
  const fit = (texts: readonly string[]): string => texts.at(-1)!;
  const timed = buildPicture(scene, picture.layout, { run, fit });
  for (const node of scene.nodes.filter(({ block, group }) => block >= 0 && group < 0)) {
    const { label, classes, x, w } = timed.nodes.get(node.key)!;
    const plain = picture.nodes.get(node.key)!;
    expect([x, w]).toEqual([plain.x, plain.w]);
    if (node.block === 3) expect([label, classes]).toEqual([plain.label, plain.classes]);
    else {
      expect(label).toContain(`\n${formatMs(blockMs[node.block]!)}`);
      expect(classes).toMatch(/ heat heat[0-7]$/);
    }
  }
  const last = scene.nodes.find(({ block }) => block === blockMs.length - 1)!;
  if (last.group < 0) expect(timed.nodes.get(last.key)!.classes).toContain('heat7');
});
