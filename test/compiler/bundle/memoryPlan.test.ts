// No two ranges that live at the same time may share a byte, whatever they are; and the arena stays near the bound.
import { describe, expect, it } from 'vitest';
import type { LiveRange } from '../../../compiler/bundle/memoryPlan.ts';
import { ALIGNMENT, planMemory } from '../../../compiler/bundle/memoryPlan.ts';
import { Random } from '../../../compiler/tensor/randomInput.ts';

function randomRanges(seed: number): LiveRange[] {
  const random = new Random(seed);
  const below = (limit: number): number => Math.floor(random.unit() * limit);
  const steps = 1 + below(30);
  return Array.from({ length: below(60) }, () => {
    const first = below(steps) - 1;
    const bytes = below(4) === 0 ? below(3) : below(1 << (4 + below(12)));
    return { bytes, first, last: first + below(1 + below(8)) };
  });
}

function overlaps(ranges: readonly LiveRange[], offsets: readonly number[]): string[] {
  const found: string[] = [];
  ranges.forEach((a, i) => {
    ranges.slice(0, i).forEach((b, j) => {
      const together = a.first <= b.last && b.first <= a.last;
      const share = offsets[i]! < offsets[j]! + b.bytes && offsets[j]! < offsets[i]! + a.bytes;
      if (together && share && a.bytes > 0 && b.bytes > 0) found.push(`${i} and ${j}`);
    });
  });
  return found;
}

function largestSum(ranges: readonly LiveRange[]): number {
  const steps = new Set(ranges.flatMap(({ first, last }) => [first, last]));
  return Math.max(
    0,
    ...[...steps].map((step) =>
      ranges
        .filter(({ first, last }) => first <= step && step <= last)
        .reduce((sum, { bytes }) => sum + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT, 0),
    ),
  );
}

describe('memory plan', () => {
  it('keeps random live ranges apart, aligned and inside the arena', () => {
    let [worst, total] = [1, 0];
    for (let seed = 0; seed < 400; seed++) {
      const ranges = randomRanges(seed);
      const { offsets, arenaBytes, peakLiveBytes } = planMemory(ranges);
      expect(overlaps(ranges, offsets), `seed ${seed}`).toEqual([]);
      expect(offsets.filter((offset) => offset % ALIGNMENT !== 0)).toEqual([]);
      ranges.forEach(({ bytes }, i) => expect(offsets[i]! + bytes).toBeLessThanOrEqual(arenaBytes));
      expect(peakLiveBytes, `seed ${seed}`).toBe(largestSum(ranges));
      expect(arenaBytes).toBeGreaterThanOrEqual(peakLiveBytes);
      if (peakLiveBytes > 0) {
        worst = Math.max(worst, arenaBytes / peakLiveBytes);
        total += arenaBytes / peakLiveBytes;
      }
    }
    expect(worst).toBeLessThan(1.3);
    expect(total / 400).toBeLessThan(1.02);
  });

  it('gives the same plan every time', () => {
    const ranges = randomRanges(7);
    expect(planMemory(ranges)).toEqual(planMemory(ranges));
  });

  it('has nothing to place in an empty model', () => {
    expect(planMemory([])).toEqual({ offsets: [], arenaBytes: 0, peakLiveBytes: 0 });
    expect(planMemory([{ bytes: 0, first: 0, last: 3 }]).arenaBytes).toBe(0);
  });
});
