/** The statistics of comparing: equals are called equal nineteen times of twenty, whatever the noise is like. */
import { describe, expect, test } from 'vitest';
import { comparePaired } from '../../../../compiler/run/compare/bootstrap.ts';
import { manyErrors } from '../../../../compiler/run/compare/compareReport.ts';

function generator(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** What a time is multiplied with, one after the other. */
const NOISE: Readonly<Record<string, (random: () => number) => () => number>> = {
  independent: (random) => () => 1 + 0.02 * normal(random),
  'with outliers': (random) => () =>
    1 + 0.005 * Math.abs(normal(random)) + (random() < 0.15 ? 0.4 * random() : 0),
  'that remembers': (random) => {
    let state = 0;
    return () => {
      state = 0.9 * state + 0.01 * normal(random);
      return 1 + state + 0.004 * normal(random);
    };
  },
  'of two clocks': (random) => {
    let slow = 0;
    return () => {
      if (random() < 0.08) slow = 1 - slow;
      return 1 + 0.15 * slow + 0.005 * normal(random);
    };
  },
  'of a device that gets hot': (random) => {
    let heat = 0;
    return () => {
      heat += 0.003;
      return 1 + heat + 0.01 * normal(random);
    };
  },
};

/** By turns, as the runners do it; the second of a pair may pay for being second. */
function pairs(
  count: number,
  seed: number,
  noise: (random: () => number) => () => number,
  { slower = 0, order = 0 } = {},
): readonly [number[], number[]] {
  const next = noise(generator(seed));
  const a: number[] = [];
  const b: number[] = [];
  for (let pair = 0; pair < count; pair++) {
    for (let turn = 0; turn < 2; turn++) {
      const factor = next() + order * turn;
      if ((pair + turn) % 2 === 0) a.push(1e6 * factor);
      else b.push(1e6 * (1 + slower) * factor);
    }
  }
  return [a, b];
}

const TRIALS = 150;

describe.each(Object.entries(NOISE))('noise %s', (_, noise) => {
  test.each([16, 40])('%s pairs of equals are mostly called equal', (count) => {
    let wrong = 0;
    for (let seed = 1; seed <= TRIALS; seed++) {
      if (comparePaired(...pairs(count, seed, noise)).isDifferent) wrong++;
    }
    // Two of twenty at most, and three standard deviations of chance.
    expect(wrong / TRIALS).toBeLessThan(0.1);
  });

  test('a difference of a tenth is found and said to be one', () => {
    let found = 0;
    let covered = 0;
    for (let seed = 1; seed <= TRIALS; seed++) {
      const { isDifferent, ratio } = comparePaired(...pairs(40, seed, noise, { slower: 0.1 }));
      if (isDifferent) found++;
      if (ratio.low <= 1.1 && ratio.high >= 1.1) covered++;
    }
    expect(found / TRIALS).toBeGreaterThan(0.9);
    expect(covered / TRIALS).toBeGreaterThan(0.85);
  });
});

test('who runs second is no difference between the plans', () => {
  let wrong = 0;
  for (let seed = 1; seed <= TRIALS; seed++) {
    const sample = pairs(30, seed, NOISE['independent']!, { order: 0.1 });
    if (comparePaired(...sample).isDifferent) wrong++;
  }
  expect(wrong / TRIALS).toBeLessThan(0.1);
});

test('gives the same answer for the same times, and the opposite for the opposite question', () => {
  const [a, b] = pairs(30, 5, NOISE['independent']!, { slower: 0.05 });
  const one = comparePaired(a, b);
  expect(comparePaired(a, b)).toEqual(one);
  const other = comparePaired(b, a);
  expect(other.difference.median).toBeCloseTo(-one.difference.median, 6);
  expect(-other.difference.low / one.difference.high).toBeCloseTo(1, 2);
});

test('few pairs prove nothing, equal times neither', () => {
  expect(comparePaired([1], [2]).isDifferent).toBe(false);
  expect(comparePaired([1, 1], [2, 2]).isDifferent).toBe(false);
  const same = new Array<number>(20).fill(7);
  const { isDifferent, difference, ratio } = comparePaired(same, same);
  expect([isDifferent, difference, ratio]).toEqual([
    false,
    { median: 0, low: -0.014, high: 0.014 },
    { median: 1, low: 0.998, high: 1.002 },
  ]);
  expect(() => comparePaired([], [])).toThrow('nothing to compare');
});

test('many tests need larger differences', () => {
  expect(manyErrors(1)).toBeCloseTo(1.96, 1);
  expect(manyErrors(100)).toBeCloseTo(3.48, 1);
});
