import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ecg } from '../../../compiler/ecg/ecg.ts';
import { Partition } from '../../../compiler/fusion/partition.ts';
import { ecgFrom, ecgOf } from './ecgFixture.ts';

const graphs = fc
  .array(fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 3 }), {
    minLength: 2,
    maxLength: 24,
  })
  .map((list) =>
    ecgFrom(
      list.map((back, index) => ({
        name: `n${index}`,
        type: 'Add',
        reads: [...new Set(back.map((steps) => index - steps))].filter((from) => from >= 0),
      })),
    ),
  );

/** By brute force: whether the second slot can be reached from the first through a third one. */
function detour(ecg: Ecg, blockOf: Int32Array, from: number, to: number): boolean {
  const step = (slot: number): number[] =>
    ecg.edges
      .filter((edge) => blockOf[edge.from] === slot && blockOf[edge.to] !== slot)
      .map((edge) => blockOf[edge.to]!);
  const reached = new Set(step(from).filter((slot) => slot !== to));
  for (const slot of reached) step(slot).forEach((next) => reached.add(next));
  return reached.has(to);
}

describe('Partition', () => {
  it('merges exactly what makes no cycle, and keeps a topological order', () => {
    fc.assert(
      fc.property(graphs, fc.array(fc.tuple(fc.nat(23), fc.nat(23))), (ecg, pairs) => {
        const partition = Partition.singletons(ecg);
        for (const [x, y] of pairs) {
          const a = partition.blockOf[x % ecg.nodes.length]!;
          const b = partition.blockOf[y % ecg.nodes.length]!;
          if (a === b) continue;
          const { blockOf } = partition;
          const cycle = detour(ecg, blockOf, a, b) || detour(ecg, blockOf, b, a);
          expect(partition.wouldCycle(a, b)).toBe(cycle);
          expect(partition.tryMerge(a, b)).toBe(cycle ? -1 : Math.min(a, b));
          const place = new Map(partition.order().map((slot, index) => [slot, index]));
          expect(place.size).toBe(new Set(blockOf).size);
          for (const { from, to } of ecg.edges) {
            expect(place.get(blockOf[from]!)!).toBeLessThanOrEqual(place.get(blockOf[to]!)!);
          }
        }
      }),
      { numRuns: 400 },
    );
  });

  it('knows what stands between two blocks', () => {
    const ecg = ecgOf('a:Add -> b:Add; a -> c:Add; b -> d:Add; c -> e:Add; d -> f:Add; a -> f');
    const partition = Partition.singletons(ecg);
    const ids = (slots: readonly number[]): string =>
      slots.map((slot) => ecg.nodes[slot]!.operator.id).join('');
    expect(ids(partition.closure(0, 5))).toBe('abdf');
    expect(ids(partition.closure(5, 0))).toBe('abdf');
    expect(ids(partition.closure(1, 2))).toBe('bc');
  });

  it('refuses groups with a cycle', () => {
    const ecg = ecgOf('a:Add -> b:Add -> c:Add');
    expect(() => Partition.of(ecg, [0, 1, 0])).toThrow('cycle');
    expect(Partition.of(ecg, [7, 7, 2]).order()).toEqual([0, 2]);
  });
});
