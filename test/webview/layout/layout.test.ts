// The layout's promises: nothing overlaps, edges keep out of foreign boxes, chains are straight, the
// result is the same every time, and no graph makes it fail or hang.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { layout } from '../../../webview/layout/layout.ts';
import type { LayoutResult } from '../../../webview/layout/types.ts';
import { faults, polyline } from './geometry.ts';
import {
  consecutiveBlocks,
  randomDag,
  randomNumbers,
  syntheticNetwork,
  toInput,
  withExtraEdges,
} from './graphs.ts';

const chainOf = (n: number): [number, number][] =>
  Array.from({ length: n - 1 }, (_, i) => [i, i + 1]);

describe('layout', () => {
  it('places nothing for an empty graph', () => {
    const result = layout(toInput({ count: 0, edges: [] }));
    expect(result).toMatchObject({ width: 0, height: 0, crossings: 0 });
    expect(result.edgeOffset).toEqual(Int32Array.of(0));
  });

  it('draws a chain as one straight line from top to bottom', () => {
    const result = layout(toInput({ count: 50, edges: chainOf(50) }));
    expect(new Set(result.x).size).toBe(1);
    for (let v = 1; v < 50; v++) expect(result.y[v]! - result.y[v - 1]!).toBe(76);
    expect(result.edgePoints).toHaveLength(0);
  });

  it('keeps the chain straight beside a residual skip', () => {
    const edges: [number, number][] = [...chainOf(8), [1, 6]];
    const input = toInput({ count: 8, edges });
    const result = layout(input);
    expect(new Set(result.x).size).toBe(1);
    const skip = polyline(input, result, edges.length - 1);
    expect(skip).toHaveLength(4);
    expect(skip[1]![0]).toBe(skip[2]![0]);
    expect(Math.abs(skip[1]![0] - result.x[1]!)).toBeGreaterThan(75);
    expect(faults(input, result)).toEqual([]);
  });

  it('centres a fork over its branches', () => {
    const edges: [number, number][] = [0, 1, 2, 3].flatMap((i) => [
      [0, i + 1],
      [i + 1, 5],
    ]);
    const { x } = layout(toInput({ count: 6, edges }));
    const branches = [...x.slice(1, 5)].sort((a, b) => a - b);
    expect(x[0]).toBeCloseTo((branches[0]! + branches[3]!) / 2, 0);
    expect(x[5]).toBeCloseTo(x[0]!, 0);
  });

  it('puts a graph input just above the operator that needs it', () => {
    const edges: [number, number][] = [...chainOf(9), [9, 10], [10, 8]];
    const { y } = layout(toInput({ count: 11, edges }));
    expect(y[10]).toBe(y[7]);
    expect(y[9]).toBe(y[6]);
  });

  it('is deterministic', () => {
    const input = toInput(randomDag(300, 7, 20));
    const { ms: _a, ...first } = layout(input);
    const { ms: _b, ...second } = layout(input);
    expect(first).toEqual(second);
  });

  it('tunnels edges that span more than 64 rows and draws shorter ones', () => {
    const edges: [number, number][] = [...chainOf(100), [0, 64], [0, 65], [10, 99]];
    const { edgeTunnel } = layout(toInput({ count: 100, edges }));
    expect([...edgeTunnel.slice(99)]).toEqual([0, 1, 1]);
    expect(edgeTunnel.slice(0, 99).every((t) => t === 0)).toBe(true);
  });

  it('draws cycles, self loops and edges to nowhere as tunnels', () => {
    const edges: [number, number][] = [
      [0, 1],
      [1, 2],
      [2, 0],
      [1, 1],
      [0, 7],
      [-1, 2],
    ];
    const input = toInput({ count: 3, edges });
    const result = layout(input);
    expect([...result.edgeTunnel]).toEqual([0, 0, 1, 1, 1, 1]);
    expect(result.y[0]! < result.y[1]! && result.y[1]! < result.y[2]!).toBe(true);
  });

  it('survives sizes that are no sizes', () => {
    const input = toInput(
      { count: 4, edges: chainOf(4) },
      { size: (v) => [[NaN, -3, Infinity, 10][v]!, 40] },
    );
    const { x, y } = layout(input);
    expect([...x, ...y].every(Number.isFinite)).toBe(true);
  });

  it('merges the two operands of Mul(x, x)', () => {
    const { edgeOffset, crossings } = layout(
      toInput({
        count: 2,
        edges: [
          [0, 1],
          [0, 1],
        ],
      }),
    );
    expect([...edgeOffset]).toEqual([0, 0, 0]);
    expect(crossings).toBe(0);
  });
});

describe('wide graphs', () => {
  const width = (result: LayoutResult): number => result.width;

  it('wraps hundreds of siblings', () => {
    const edges = Array.from({ length: 200 }, (_, i): [number, number] => [0, i + 1]);
    const input = toInput({ count: 201, edges });
    const result = layout(input);
    expect(width(result)).toBeLessThan(11_000);
    expect(faults(input, result)).toEqual([]);
  });

  it('sets unconnected boxes aside in a grid', () => {
    const input = toInput({ count: 300, edges: chainOf(20) });
    const result = layout(input);
    expect(faults(input, result)).toEqual([]);
    expect(new Set(result.x.slice(0, 20)).size).toBe(1);
    expect(width(result)).toBeLessThan(4000);
    expect(result.height).toBeLessThan(4000);
  });

  it('stays quick and finite for thousands of parallel pairs and for a dense bipartite graph', () => {
    const pairs = Array.from({ length: 2000 }, (_, i): [number, number] => [2 * i, 2 * i + 1]);
    const random = randomNumbers(9);
    const dense = Array.from({ length: 20_000 }, (): [number, number] => [
      Math.floor(random() * 500),
      500 + Math.floor(random() * 500),
    ]);
    for (const sketch of [
      { count: 4000, edges: pairs },
      { count: 1000, edges: dense },
    ]) {
      const result = layout(toInput(sketch));
      expect([...result.x, ...result.y].every(Number.isFinite)).toBe(true);
      expect(width(result)).toBeLessThan(200_000);
    }
  });
});

describe('groups', () => {
  it('draws a group around its nodes, with its header on top', () => {
    const group = Int32Array.of(-1, 0, 0, -1);
    const input = toInput({ count: 4, edges: chainOf(4) }, { group, groupCount: 1 });
    const result = layout(input);
    const [x1, y1, x2, y2] = result.groupBox;
    expect(x2! - x1!).toBe(150 + 2 * input.groupPadding);
    expect(y2! - y1!).toBe(40 + 36 + 40 + input.groupHeader + 2 * input.groupPadding);
    expect(result.y[1]! - 20 - y1!).toBe(input.groupHeader + input.groupPadding);
    expect(new Set(result.x).size).toBe(1);
    expect(faults(input, result)).toEqual([]);
  });

  it('honours the least width of a header and leaves empty groups out', () => {
    const group = Int32Array.of(2, 2);
    const input = toInput({ count: 2, edges: chainOf(2) }, { group, groupCount: 3 });
    const result = layout({ ...input, groupMinWidth: Float32Array.of(0, 0, 400) });
    expect([...result.groupBox.slice(0, 8)]).toEqual(new Array(8).fill(0));
    expect(result.groupBox[10]! - result.groupBox[8]!).toBe(400);
    expect(result.x[0]).toBe(200);
  });

  it('keeps a chain straight through groups with a skip across them', () => {
    const edges: [number, number][] = [...chainOf(9), [1, 7]];
    const group = Int32Array.of(0, 0, 0, 1, 1, 1, 2, 2, 2);
    const input = toInput({ count: 9, edges }, { group, groupCount: 3 });
    const result = layout(input);
    expect(new Set(result.x).size).toBe(1);
    expect(faults(input, result)).toEqual([]);
  });

  it('survives groups that depend on each other', () => {
    const edges: [number, number][] = [
      [0, 1],
      [1, 2],
      [2, 3],
    ];
    const group = Int32Array.of(0, 1, 0, 1);
    const result = layout(toInput({ count: 4, edges }, { group, groupCount: 2 }));
    expect(result.edgeTunnel.includes(1)).toBe(true);
    expect([...result.x, ...result.y].every(Number.isFinite)).toBe(true);
  });
});

describe('nothing overlaps and edges keep out of foreign boxes', () => {
  const seeds = fc.integer({ min: 0, max: 1 << 30 });
  const sized = (seed: number): ((v: number) => [number, number]) => {
    const random = randomNumbers(seed);
    const sizes = Array.from({ length: 200 }, (): [number, number] => [
      40 + random() * 200,
      20 + random() * 120,
    ]);
    return (v) => sizes[v % 200]!;
  };

  it('on random graphs with boxes of all sizes', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 40 }),
        (seed, n, reach) => {
          const input = toInput(randomDag(n, seed, reach), { size: sized(seed) });
          expect(faults(input, layout(input))).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('on random graphs with groups, convex or not', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 60 }), fc.boolean(), (seed, n, convex) => {
        const sketch = randomDag(n, seed, 12);
        const random = randomNumbers(seed + 1);
        const blocks = consecutiveBlocks(n, seed);
        const group = convex
          ? blocks.group.map((g) => (g % 3 === 0 ? -1 : g))
          : blocks.group.map(() => Math.floor(random() * 6) - 1);
        const groupCount = Math.max(5, blocks.groupCount);
        const input = toInput(sketch, { group, groupCount, size: sized(seed) });
        expect(faults(input, layout(input))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('on networks', () => {
    const sketch = withExtraEdges(syntheticNetwork(300), 380);
    for (const input of [toInput(sketch), toInput(sketch, consecutiveBlocks(300))]) {
      expect(faults(input, layout(input))).toEqual([]);
    }
  });
});
