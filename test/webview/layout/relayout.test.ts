// After an edit the picture must stay recognisable: the clicked box does not move, survivors keep their
// order, and what is far from the edit keeps its x.

import { describe, expect, it } from 'vitest';

import { layout } from '../../../webview/layout/layout.ts';
import { relayout } from '../../../webview/layout/relayout.ts';
import type { KeyedLayout } from '../../../webview/layout/relayout.ts';
import type { LayoutInput } from '../../../webview/layout/types.ts';
import { faults } from './geometry.ts';
import { consecutiveBlocks, syntheticNetwork, toInput, withExtraEdges } from './graphs.ts';

const network = withExtraEdges(syntheticNetwork(900, 4), 1060, 4);
const { group, groupCount } = consecutiveBlocks(network.count);

/** The plan's picture with some blocks expanded, nodes and groups named. */
function picture(expanded: number[], blockOf: (block: number) => number = (b) => b) {
  const keys: string[] = [];
  const numberOf = new Map<string, number>();
  const name = (v: number): string => {
    const b = blockOf(group[v]!);
    return expanded.includes(b) ? `op ${v}` : `block ${b}`;
  };
  for (let v = 0; v < network.count; v++) {
    if (numberOf.has(name(v))) continue;
    numberOf.set(name(v), keys.length);
    keys.push(name(v));
  }
  const nodeGroup = new Int32Array(keys.length).fill(-1);
  for (let v = 0; v < network.count; v++) {
    nodeGroup[numberOf.get(name(v))!] = expanded.indexOf(blockOf(group[v]!));
  }
  const edges = network.edges
    .map(([u, v]): [number, number] => [numberOf.get(name(u))!, numberOf.get(name(v))!])
    .filter(([u, v]) => u !== v);
  const input: LayoutInput = toInput(
    { count: keys.length, edges },
    { group: nodeGroup, groupCount: expanded.length },
  );
  return { input, keys, groupKeys: expanded.map((b) => `block ${b}`) };
}

const collapsed = picture([]);
const before: KeyedLayout = { ...collapsed, result: layout(collapsed.input) };
const middle = groupCount >> 1;

describe('relayout', () => {
  it('changes nothing when nothing changed', () => {
    const again = relayout(before, collapsed.input, { ...collapsed, anchorKey: 'block 0' });
    for (let v = 0; v < collapsed.keys.length; v++) {
      expect(Math.abs(again.x[v]! - before.result.x[v]!)).toBeLessThan(2);
      expect(again.y[v]).toBeCloseTo(before.result.y[v]!, 1);
    }
  });

  it('keeps the top of an expanded block where the block was', () => {
    const next = picture([middle]);
    const after = relayout(before, next.input, { ...next, anchorKey: `block ${middle}` });
    const v = collapsed.keys.indexOf(`block ${middle}`);
    expect(after.groupBox[1]).toBeCloseTo(before.result.y[v]! - 20, 1);
    expect(after.groupBox[0]!).toBeLessThan(before.result.x[v]!);
    expect(after.groupBox[2]!).toBeGreaterThan(before.result.x[v]!);
  });

  it('keeps what is above in place and moves what is below down', () => {
    const next = picture([middle]);
    const after = relayout(before, next.input, { ...next, anchorKey: `block ${middle}` });
    const clicked = before.result.y[collapsed.keys.indexOf(`block ${middle}`)]!;
    let compared = 0;
    next.keys.forEach((key, v) => {
      const old = collapsed.keys.indexOf(key);
      if (old < 0) return;
      const y = before.result.y[old]!;
      if (y < clicked - 200) {
        compared++;
        // Rows part a little more where edges run further sideways than before.
        expect(Math.abs(after.y[v]! - y)).toBeLessThan(40);
      } else if (y > clicked + 200) expect(after.y[v]).toBeGreaterThan(y);
    });
    expect(compared).toBeGreaterThan(20);
  });

  it('keeps the order of survivors in every row and the x of most', () => {
    const next = picture([middle, middle + 3]);
    const after = relayout(before, next.input, { ...next, anchorKey: `block ${middle}` });
    expect(faults(next.input, moved(next.input, after))).toEqual([]);
    const place = new Map(next.keys.map((key, v) => [key, v]));
    let still = 0;
    let survivors = 0;
    collapsed.keys.forEach((key, a) => {
      const now = place.get(key);
      if (now === undefined) return;
      survivors++;
      if (Math.abs(after.x[now]! - before.result.x[a]!) < 60) still++;
      collapsed.keys.forEach((other, b) => {
        const then = place.get(other);
        if (then === undefined || before.result.y[a] !== before.result.y[b]) return;
        if (after.y[now] !== after.y[then]) return;
        const order = Math.sign(before.result.x[a]! - before.result.x[b]!);
        expect(Math.sign(after.x[now]! - after.x[then]!)).toBe(order);
      });
    });
    expect(still / survivors).toBeGreaterThan(0.8);
  });

  it('returns to the same picture when the block is collapsed again', () => {
    const open = picture([middle]);
    const expanded: KeyedLayout = {
      ...open,
      result: relayout(before, open.input, { ...open, anchorKey: `block ${middle}` }),
    };
    const back = relayout(expanded, collapsed.input, {
      ...collapsed,
      anchorKey: `block ${middle}`,
    });
    const v = collapsed.keys.indexOf(`block ${middle}`);
    expect(back.x[v]).toBeCloseTo(before.result.x[v]!, 1);
    expect(back.y[v]).toBeCloseTo(before.result.y[v]!, 1);
    let far = 0;
    for (let w = 0; w < collapsed.keys.length; w++) {
      if (Math.abs(back.x[w]! - before.result.x[w]!) > 60) far++;
    }
    expect(far / collapsed.keys.length).toBeLessThan(0.1);
  });

  it('fuses two blocks and keeps the survivor as anchor', () => {
    const next = picture([], (b) => (b === middle + 1 ? middle : b));
    const after = relayout(before, next.input, { ...next, anchorKey: `block ${middle}` });
    const now = next.keys.indexOf(`block ${middle}`);
    const old = collapsed.keys.indexOf(`block ${middle}`);
    expect(after.x[now]).toBeCloseTo(before.result.x[old]!, 1);
    expect(after.y[now]).toBeCloseTo(before.result.y[old]!, 1);
    expect(faults(next.input, moved(next.input, after))).toEqual([]);
  });

  it('works without a common anchor and without common keys', () => {
    const next = picture([middle]);
    const strange = next.keys.map((_, i) => i);
    const after = relayout(before, next.input, { keys: strange, anchorKey: 'gone' });
    expect([...after.x, ...after.y].every(Number.isFinite)).toBe(true);
  });
});

/** The judges expect the picture's corner at (0, 0); an anchored one starts elsewhere. */
function moved(input: LayoutInput, result: ReturnType<typeof layout>): ReturnType<typeof layout> {
  let left = Infinity;
  let top = Infinity;
  for (let v = 0; v < input.nodeCount; v++) {
    left = Math.min(left, result.x[v]! - input.width[v]! / 2);
    top = Math.min(top, result.y[v]! - input.height[v]! / 2);
  }
  const far = { width: Infinity, height: Infinity };
  const shift = (list: Float32Array): Float32Array =>
    list.map((value, i) => value - (i % 2 === 0 ? left : top) + 1000);
  return {
    ...result,
    ...far,
    x: result.x.map((x) => x - left + 1000),
    y: result.y.map((y) => y - top + 1000),
    groupBox: shift(result.groupBox),
    edgePoints: shift(result.edgePoints),
  };
}
