/**
 * Places memory with known lifetimes in one arena. Ranges that live at the same time never overlap; the arena is kept
 * close to the largest sum of what lives at one time, which no placement can be below. Greedy best fit in
 * several orders, the best one wins; deterministic.
 */

/** Memory that lives from step `first` to step `last`, both included. */
export interface LiveRange {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface MemoryPlan {
  /** By index of the range; multiples of `ALIGNMENT`. */
  readonly offsets: readonly number[];
  readonly arenaBytes: number;
  /** Largest sum at one step, each range rounded up to `ALIGNMENT`. */
  readonly peakLiveBytes: number;
}

/** Of every buffer: a cache line, and the widest vector. */
export const ALIGNMENT = 64;

export function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

type Order = (a: LiveRange, b: LiveRange) => number;

const size: Order = (a, b) => b.bytes - a.bytes;
const length: Order = (a, b) => b.last - b.first - (a.last - a.first);
const start: Order = (a, b) => a.first - b.first;

const ORDERS: readonly Order[] = [
  (a, b) => size(a, b) || length(a, b) || start(a, b),
  (a, b) => length(a, b) || size(a, b) || start(a, b),
  (a, b) => area(b) - area(a) || start(a, b),
  (a, b) => start(a, b) || size(a, b),
  (a, b) => b.last - a.last || size(a, b),
];

function area({ bytes, first, last }: LiveRange): number {
  return bytes * (last - first + 1);
}

/** Tries with disturbed orders when none of the plain ones reaches the lower bound. */
const TRIES = 24;
/** Arenas this close to the lower bound are not improved further. */
const GOOD_ENOUGH = 1.02;

export function planMemory(ranges: readonly LiveRange[]): MemoryPlan {
  const all = ranges.map((range) => ({ ...range, bytes: aligned(range.bytes) }));
  const peakLiveBytes = peakOf(all);
  let best: { offsets: readonly number[]; arenaBytes: number } | undefined;
  const attempt = (order: readonly number[]): boolean => {
    const placed = place(all, order);
    if (best === undefined || placed.arenaBytes < best.arenaBytes) best = placed;
    return best.arenaBytes <= peakLiveBytes * GOOD_ENOUGH;
  };
  const indices = all.map((_, i) => i).filter((i) => all[i]!.bytes > 0);
  for (const order of ORDERS) {
    if (attempt(sorted(indices, all, order))) break;
  }
  const random = mulberry(ranges.length);
  for (let i = 0; i < TRIES && best!.arenaBytes > peakLiveBytes * GOOD_ENOUGH; i++) {
    // Sizes off by up to a factor of 2 change which of several large ranges goes first.
    const disturbed = all.map((range) => ({ ...range, bytes: range.bytes * (1 + random()) }));
    attempt(sorted(indices, disturbed, ORDERS[i % 3]!));
  }
  return { ...best!, peakLiveBytes };
}

function sorted(
  indices: readonly number[],
  ranges: readonly LiveRange[],
  order: Order,
): readonly number[] {
  return [...indices].sort((a, b) => order(ranges[a]!, ranges[b]!) || a - b);
}

/** Each range in turn goes to the tightest gap between those that live with it, else to the end. */
function place(ranges: readonly LiveRange[], order: readonly number[]) {
  const offsets = new Array<number>(ranges.length).fill(0);
  const done: number[] = [];
  let arenaBytes = 0;
  for (const i of order) {
    const range = ranges[i]!;
    const neighbours = done.filter((j) => overlaps(range, ranges[j]!));
    neighbours.sort((a, b) => offsets[a]! - offsets[b]!);
    const offset = tightestGap(range.bytes, neighbours, ranges, offsets);
    offsets[i] = offset;
    arenaBytes = Math.max(arenaBytes, offset + range.bytes);
    done.push(i);
  }
  return { offsets, arenaBytes };
}

function tightestGap(
  bytes: number,
  neighbours: readonly number[],
  ranges: readonly LiveRange[],
  offsets: readonly number[],
): number {
  let [end, best, smallest] = [0, -1, Infinity];
  for (const j of neighbours) {
    const gap = offsets[j]! - end;
    if (gap >= bytes && gap < smallest) [best, smallest] = [end, gap];
    end = Math.max(end, offsets[j]! + ranges[j]!.bytes);
  }
  return best >= 0 ? best : end;
}

function overlaps(a: LiveRange, b: LiveRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

function peakOf(ranges: readonly LiveRange[]): number {
  const changes = new Map<number, number>();
  const change = (step: number, bytes: number): void => {
    changes.set(step, (changes.get(step) ?? 0) + bytes);
  };
  for (const { bytes, first, last } of ranges) {
    change(first, bytes);
    change(last + 1, -bytes);
  }
  let [live, peak] = [0, 0];
  for (const step of [...changes.keys()].sort((a, b) => a - b)) {
    live += changes.get(step)!;
    peak = Math.max(peak, live);
  }
  return peak;
}

/** Small seeded generator; plans must not differ from run to run. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
