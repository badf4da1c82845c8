/**
 * Is B slower than A? Both ran by turns, the order flipped from pair to pair. Two pairs (A B, B A) are one unit: in its
 * difference a linear drift and the effect of the order cancel. The median of the units' differences is the estimate; its
 * 95 % interval comes from resampling units (percentile bootstrap, seeded). Runs of neighbouring units are resampled together
 * as well, and the widest interval counts, so that noise which lasts for several units does not pass for a difference.
 */
import type { Interval } from '../runProtocol.ts';

export interface PairedComparison {
  /** B - A, in the unit of the times. */
  readonly difference: Interval;
  /** B / A. */
  readonly ratio: Interval;
  /** Neither interval holds "equal". */
  readonly isDifferent: boolean;
  /** Standard error of the difference, as resampling estimates it. */
  readonly error: number;
}

export const RESAMPLES = 2000;
const CONFIDENCE = 0.95;
/** Share of a time that turns do not cancel: where tables and stacks lie is decided once a program. */
const SYSTEMATIC = 0.002;
const SEED = 0x5eed;

/** @param a, b times of the same pairs, at least one, in the order in which they ran; all above 0 */
export function comparePaired(
  a: readonly number[],
  b: readonly number[],
  seed = SEED,
): PairedComparison {
  const units = unitsOf(a, b);
  const differences = units.map(([x, y]) => (y - x) / 2);
  const ratios = units.map(([x, y]) => y / x);
  const times = Float64Array.from(units, ([x]) => x / 2).sort();
  const difference = medianInterval(differences, SYSTEMATIC * middle(times), seed);
  const ratio = medianInterval(ratios, SYSTEMATIC, seed);
  const isDifferent =
    units.length > 1 && excludes(difference.interval, 0) && excludes(ratio.interval, 1);
  const { error } = difference;
  return { difference: difference.interval, ratio: ratio.interval, isDifferent, error };
}

/** Sums of two neighbouring pairs; a pair that is left over counts twice where it is the only one, else not at all. */
function unitsOf(a: readonly number[], b: readonly number[]): (readonly [number, number])[] {
  const pairs = Math.min(a.length, b.length);
  if (pairs === 0) throw new Error('there is nothing to compare');
  if (pairs === 1) return [[2 * a[0]!, 2 * b[0]!]];
  return Array.from({ length: pairs >> 1 }, (_, unit) => [
    a[2 * unit]! + a[2 * unit + 1]!,
    b[2 * unit]! + b[2 * unit + 1]!,
  ]);
}

function excludes({ low, high }: Interval, value: number): boolean {
  return low > value || high < value;
}

function medianInterval(
  values: readonly number[],
  systematic: number,
  seed: number,
): { readonly interval: Interval; readonly error: number } {
  const sorted = Float64Array.from(values).sort();
  const median = middle(sorted);
  let low = median;
  let high = median;
  let error = 0;
  for (const length of runLengths(values.length)) {
    const medians = resampledMedians(values, sorted, length, seed);
    const tail = Math.floor(((1 - CONFIDENCE) / 2) * RESAMPLES);
    low = Math.min(low, medians[tail]!);
    high = Math.max(high, medians[RESAMPLES - 1 - tail]!);
    error = Math.max(error, deviation(medians));
  }
  const widening = studentWidening(values.length);
  const interval = {
    median,
    low: median - widening * (median - low) - systematic,
    high: median + widening * (high - median) + systematic,
  };
  return { interval, error };
}

/** Percentile intervals of few units are too narrow, about as the normal distribution's are next to Student's. */
function studentWidening(count: number): number {
  return count < 2 ? 1 : 1 + 1.4 / (count - 1);
}

/** Units that are resampled together: single ones, the usual cube root, and the square root for longer memories. */
function runLengths(count: number): readonly number[] {
  return [...new Set([1, Math.ceil(Math.cbrt(count)), Math.ceil(Math.sqrt(count))])];
}

/**
 * Ascending medians of resamples that are put together from runs of `length` neighbours, the end joined to the start. A
 * median is found by counting ranks, without sorting each resample.
 */
function resampledMedians(
  values: readonly number[],
  sorted: Float64Array,
  length: number,
  seed: number,
): Float64Array {
  const count = values.length;
  const order = values.map((_, i) => i).sort((x, y) => values[x]! - values[y]!);
  const rank = new Int32Array(count);
  order.forEach((unit, at) => (rank[unit] = at));
  const random = generator(seed + length);
  const counts = new Int32Array(count);
  const medians = new Float64Array(RESAMPLES);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    counts.fill(0);
    for (let taken = 0; taken < count;) {
      let unit = Math.floor(random() * count);
      for (let i = 0; i < length && taken < count; i++, taken++) {
        counts[rank[unit]!]!++;
        unit = unit + 1 === count ? 0 : unit + 1;
      }
    }
    medians[resample] = countedMedian(counts, sorted);
  }
  return medians.sort();
}

function countedMedian(counts: Int32Array, sorted: Float64Array): number {
  const total = sorted.length;
  const below = (total - 1) >> 1;
  const above = total >> 1;
  let seen = 0;
  for (let at = 0; ; at++) {
    seen += counts[at]!;
    if (seen <= below) continue;
    if (seen > above) return sorted[at]!;
    let next = at + 1;
    while (counts[next] === 0) next++;
    return (sorted[at]! + sorted[next]!) / 2;
  }
}

function middle(sorted: Float64Array): number {
  const { length } = sorted;
  return (sorted[(length - 1) >> 1]! + sorted[length >> 1]!) / 2;
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / values.length);
}

/** Uniform in [0, 1): 32 bits of a hashed counter (Mulberry32), the same on every computer. */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
