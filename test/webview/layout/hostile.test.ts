// Any graph whatever: cycles, edges to nowhere, overlapping groups, absurd sizes, random hints. The
// layout must return finite, legal drawings and never throw.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { layout } from '../../../webview/layout/layout.ts';
import { relayout } from '../../../webview/layout/relayout.ts';
import type { LayoutInput } from '../../../webview/layout/types.ts';
import { faults } from './geometry.ts';

const runs = Number(process.env.FUZZ_RUNS ?? 300);

const graphs: fc.Arbitrary<LayoutInput> = fc
  .record({
    nodeCount: fc.integer({ min: 0, max: 40 }),
    groupCount: fc.integer({ min: 0, max: 6 }),
    edges: fc.array(fc.tuple(fc.integer({ min: -2, max: 45 }), fc.integer({ min: -2, max: 45 })), {
      maxLength: 90,
    }),
    forward: fc.boolean(),
    seeds: fc.array(fc.double({ noNaN: false }), { minLength: 1, maxLength: 50 }),
    groups: fc.array(fc.integer({ min: -3, max: 8 }), { minLength: 1, maxLength: 50 }),
    padding: fc.integer({ min: 0, max: 30 }),
  })
  .map(({ nodeCount, groupCount, edges, forward, seeds, groups, padding }) => {
    const size = (v: number): number => {
      const seed = seeds[v % seeds.length]!;
      return Number.isFinite(seed) ? Math.abs(seed) % 300 : seed;
    };
    return {
      nodeCount,
      width: Float32Array.from({ length: nodeCount }, (_, v) => size(v)),
      height: Float32Array.from({ length: nodeCount }, (_, v) => size(v + 7)),
      edges: Int32Array.from(
        edges.flatMap(([u, v]) => (forward ? [Math.min(u, v), Math.max(u, v)] : [u, v])),
      ),
      group: Int32Array.from({ length: nodeCount }, (_, v) => groups[v % groups.length]!),
      groupCount,
      groupHeader: 20,
      groupPadding: padding,
    };
  });

/** The input as the layout understands it: what is no size is 0, what is no group is none. */
function understood(input: LayoutInput): LayoutInput {
  const size = (value: number): number => (value > 0 && value < 1e6 ? value : 0);
  return {
    ...input,
    width: input.width.map(size),
    height: input.height.map(size),
    group: input.group.map((g) => (g >= 0 && g < input.groupCount ? g : -1)),
  };
}

describe('hostile graphs', () => {
  it('are drawn legally', () => {
    fc.assert(
      fc.property(graphs, (input) => {
        expect(faults(understood(input), layout(input))).toEqual([]);
      }),
      { numRuns: runs },
    );
  });

  it('are drawn legally after an edit from any other graph', () => {
    fc.assert(
      fc.property(graphs, graphs, fc.integer({ min: 0, max: 40 }), (first, second, anchorKey) => {
        const keysOf = ({ nodeCount }: LayoutInput): number[] =>
          Array.from({ length: nodeCount }, (_, v) => (v * 7) % 41);
        const previous = { input: first, result: layout(first), keys: keysOf(first) };
        const result = relayout(previous, second, { keys: keysOf(second), anchorKey });
        const found = faults(understood(second), { ...result, width: Infinity, height: Infinity });
        expect(found.filter((fault) => !fault.includes('outside'))).toEqual([]);
      }),
      { numRuns: runs },
    );
  });
});
