import { describe, expect, it } from 'vitest';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import type { DocumentState } from '../../../compiler/protocol.ts';
import { menuFor, pairMenu } from '../../../webview/state/menuItems.ts';
import { borderPairs, insidePairs } from '../../../webview/state/selectors.ts';
import { syntheticGraph } from '../fixtures/syntheticGraph.ts';
import { syntheticPlan } from '../fixtures/syntheticPlan.ts';

const graph = syntheticGraph(60);
const document: DocumentState = {
  graph,
  plan: syntheticPlan(graph, NO_EDITS, null),
  edits: NO_EDITS,
  diagnostics: [],
  timings: { importMs: 1, inferMs: 1, planMs: 1 },
  readOnly: null,
};
const operator = (n: number): { kind: 'operator'; operator: number; block: number } => ({
  kind: 'operator',
  operator: n,
  block: document.plan.blockOf[n]!,
});
const labels = (menu: ReturnType<typeof menuFor>): string[] => menu.flat().map((i) => i.label);

describe('menus', () => {
  it('offers fusing across the border and cutting inside', () => {
    const relu = graph.names.indexOf('/model/stem/Relu_1');
    const items = labels(menuFor(document, operator(relu), new Set()));
    expect(items.some((label) => label.startsWith('Fuse with next: Conv'))).toBe(true);
    expect(items.some((label) => label.startsWith('Cut Conv'))).toBe(true);
    expect(items).toContain('Make it a seed');
    expect(items).toContain('Replan all');
  });
  it('says what an edit would undo', () => {
    const edits = { ...NO_EDITS, overrides: [{ kind: 'seed', op: graph.ids[1]! } as const] };
    const items = labels(menuFor({ ...document, edits }, operator(1), new Set()));
    expect(items).toContain('No longer force it as a seed');
  });
  it('disables edits with the reason where the document is read-only', () => {
    const menu = menuFor({ ...document, readOnly: 'git revision' }, operator(1), new Set());
    for (const item of menu.flat()) {
      expect(item.disabled).toBe(item.does.kind === 'edit' ? 'git revision' : undefined);
    }
  });
  it('offers one pair per neighbouring block', () => {
    for (let n = 0; n < graph.ids.length; n++) {
      const pairs = borderPairs(document, operator(n), 'next');
      const blocks = pairs.map(({ b }) => document.plan.blockOf[b]);
      expect(new Set(blocks).size).toBe(pairs.length);
      expect(blocks).not.toContain(document.plan.blockOf[n]);
      for (const { a, b } of insidePairs(document, operator(n))) {
        expect(document.plan.blockOf[a]).toBe(document.plan.blockOf[b]);
      }
      expect(pairMenu(document, operator(n), 'fuse')[0]).toHaveLength(pairs.length);
    }
  });
});
