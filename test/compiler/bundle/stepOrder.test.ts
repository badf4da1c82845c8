// Orders of steps: dependencies hold, the peak never rises, what is made early and read late moves.
import { describe, expect, it } from 'vitest';
import type { OrderRequest, StepMemory } from '../../../compiler/bundle/stepOrder.ts';
import { stepOrder } from '../../../compiler/bundle/stepOrder.ts';
import { Random } from '../../../compiler/tensor/randomInput.ts';

/** Each step writes one value of its own number. */
function request(
  bytes: readonly number[],
  reads: readonly (readonly number[])[],
  outputs: readonly number[],
): OrderRequest {
  const steps = reads.map((values, step): StepMemory => ({
    after: values,
    reads: values,
    writes: [{ value: step, bytes: bytes[step]! }],
    scratchBytes: 0,
  }));
  return { steps, inputs: [], outputs: new Set(outputs) };
}

/** Written independently: all values from their step to their last reader. */
function peakOf({ steps, outputs }: OrderRequest, order: readonly number[]): number {
  const at = new Map(order.map((step, time) => [step, time]));
  const lives = steps.map(({ writes }, step) => {
    const { value, bytes } = writes[0]!;
    const readers = steps.flatMap(({ reads }, reader) => (reads.includes(value) ? [reader] : []));
    const last = Math.max(at.get(step)!, ...readers.map((reader) => at.get(reader)!));
    return { bytes, first: at.get(step)!, last: outputs.has(value) ? order.length : last };
  });
  return Math.max(
    ...order.map((_, time) =>
      lives.reduce(
        (sum, { bytes, first, last }) => sum + (first <= time && time <= last ? bytes : 0),
        0,
      ),
    ),
  );
}

describe('stepOrder', () => {
  it('makes large values just before they are read', () => {
    // 0, 1, 2: large, made first, read by 5, 6, 7 one by one.
    const own = request(
      [100, 100, 100, 1, 1, 1, 1, 1],
      [[], [], [], [], [3], [4, 0], [5, 1], [6, 2]],
      [7],
    );
    const order = stepOrder(own);
    expect(peakOf(own, [0, 1, 2, 3, 4, 5, 6, 7])).toBe(302);
    expect(peakOf(own, order)).toBeLessThanOrEqual(103);
  });

  it('stays as planned where nothing is won', () => {
    const chain = request([8, 8, 8, 8], [[], [0], [1], [2]], [3]);
    expect(stepOrder(chain)).toEqual([0, 1, 2, 3]);
  });

  it('keeps dependencies and never raises the peak, for random graphs', () => {
    let better = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const random = new Random(seed);
      const count = 2 + Math.floor(random.unit() * 30);
      const bytes = Array.from({ length: count }, () => 1 + Math.floor(random.unit() ** 3 * 1000));
      const reads = bytes.map((_, step) => {
        const all = Array.from({ length: step }, (_, value) => value);
        return all.filter(() => random.unit() < 2 / count);
      });
      const read = new Set(reads.flat());
      const own = request(
        bytes,
        reads,
        bytes.flatMap((_, i) => (read.has(i) ? [] : [i])),
      );
      const order = stepOrder(own);
      expect([...order].sort((a, b) => a - b)).toEqual(bytes.map((_, i) => i));
      const at = new Map(order.map((step, time) => [step, time]));
      reads.forEach((values, step) => {
        for (const value of values) expect(at.get(value)!).toBeLessThan(at.get(step)!);
      });
      const planned = peakOf(
        own,
        bytes.map((_, i) => i),
      );
      const found = peakOf(own, order);
      expect(found).toBeLessThanOrEqual(planned);
      if (found < planned) better++;
      expect(stepOrder(own)).toEqual(order);
    }
    expect(better).toBeGreaterThan(50);
  });
});
