// From graph, plan and expansion to what is drawn.
import { describe, expect, it } from 'vitest';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import { buildScene, layoutInput } from '../../../webview/state/scene.ts';
import type { Scene } from '../../../webview/state/scene.ts';
import { multiOperatorBlocks } from '../../../webview/state/carryOver.ts';
import { syntheticGraph } from '../fixtures/syntheticGraph.ts';
import { syntheticPlan } from '../fixtures/syntheticPlan.ts';

const graph = syntheticGraph(120);
const plan = syntheticPlan(graph, NO_EDITS, null);
const measure = (text: string): number => text.length * 7;
const scene = (expanded: readonly string[]): Scene =>
  buildScene(graph, plan, new Set(expanded), measure);
const some = multiOperatorBlocks(plan)[3]!;

describe('collapsed scene', () => {
  const collapsed = scene([]);
  it('has one node per block, input and output', () => {
    const { length } = plan.blockIds;
    expect(collapsed.nodes).toHaveLength(length + graph.inputs.length + graph.outputs.length);
    expect(collapsed.groups).toHaveLength(0);
  });
  it('draws blocks of one operator as that operator', () => {
    for (const node of collapsed.nodes) {
      if (node.block < 0) continue;
      const size = plan.blockOf.filter((block) => block === node.block).length;
      expect(node.kind).toBe(size === 1 ? 'operator' : 'block');
    }
  });
  it('joins parallel edges into one line and keeps them all', () => {
    const keys = collapsed.edges.map((edge) => edge.key);
    expect(new Set(keys).size).toBe(keys.length);
    let between = 0;
    for (let e = 0; 2 * e < graph.edges.length; e++) {
      between += Number(
        plan.blockOf[graph.edges[2 * e]!] !== plan.blockOf[graph.edges[2 * e + 1]!],
      );
    }
    expect(collapsed.edges.flatMap((edge) => edge.ecgEdges)).toHaveLength(between);
    expect(collapsed.edges.every((edge) => edge.relation !== 'inside')).toBe(true);
  });
});

describe('expanded block', () => {
  const opened = scene([some]);
  const block = plan.blockIds.indexOf(some);
  const members = [...plan.blockOf.keys()].filter((operator) => plan.blockOf[operator] === block);

  it('shows its operators in a group', () => {
    expect(opened.groups.map((group) => group.block)).toEqual([block]);
    const inside = opened.nodes.filter((node) => node.group === 0).map((node) => node.index);
    expect(inside).toEqual(members);
  });
  it('tells inside edges from border edges', () => {
    for (const edge of opened.edges) {
      const [a, b] = [opened.nodes[edge.source]!, opened.nodes[edge.target]!];
      const relation =
        a.block < 0 || b.block < 0 ? 'io' : a.block === b.block ? 'inside' : 'border';
      expect(edge.relation).toBe(relation);
    }
    expect(opened.edges.some((edge) => edge.relation === 'inside')).toBe(true);
  });
  it('keeps the name of what it replaces', () => {
    expect(scene([]).nodes.map((node) => node.key)).toContain(opened.groups[0]!.nodeKey);
  });
});

it('labels a tensor once per source', () => {
  const loud = scene([]).edges.filter((edge) => !edge.quiet && edge.ecgEdges.length === 1);
  const tensors = loud.map((edge) => graph.edgeTensor[edge.ecgEdges[0]!]);
  expect(new Set(tensors).size).toBe(tensors.length);
});

it('fits the layout’s contract', () => {
  const all = scene(multiOperatorBlocks(plan));
  const input = layoutInput(all);
  expect(input.nodeCount).toBe(all.nodes.length);
  expect(input.edges).toHaveLength(2 * all.edges.length);
  expect(Math.max(...input.group)).toBe(input.groupCount - 1);
  expect(all.nodes.every((node) => node.width > 0 && node.height > 0)).toBe(true);
  expect(all.nodeOfOperator.every((node) => node >= 0)).toBe(true);
});
