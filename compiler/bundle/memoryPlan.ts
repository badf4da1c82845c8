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

/** Tries with changed orders when none of the plain ones reaches the lower bound. */
const TRIES = 48;
/** Arenas this close to the lower bound are not improved further. */
const GOOD_ENOUGH = 1.02;

export function planMemory(ranges: readonly LiveRange[]): MemoryPlan {
  const all = ranges.map((range) => ({ ...range, bytes: aligned(range.bytes) }));
  const peakLiveBytes = peakOf(all);
  const indices = all.map((_, i) => i).filter((i) => all[i]!.bytes > 0);
  const search = new Search(all, peakLiveBytes * GOOD_ENOUGH);
  for (const order of ORDERS) search.attempt(sorted(indices, all, order));
  search.improve();
  const { offsets, arenaBytes } = search.best!;
  return { offsets, arenaBytes, peakLiveBytes };
}

interface Placed {
  readonly order: readonly number[];
  readonly offsets: readonly number[];
  readonly arenaBytes: number;
}

class Search {
  best: Placed | undefined;

  constructor(
    private readonly ranges: readonly LiveRange[],
    private readonly goal: number,
  ) {}

  private get isDone(): boolean {
    return this.best !== undefined && this.best.arenaBytes <= this.goal;
  }

  attempt(order: readonly number[]): Placed | undefined {
    if (this.isDone) return undefined;
    const placed = { order, ...place(this.ranges, order) };
    if (this.best === undefined || placed.arenaBytes < this.best.arenaBytes) this.best = placed;
    return placed;
  }

  /** What ended up highest goes first in the next try; its predecessors get another chance with what is left. */
  improve(): void {
    let current = this.best;
    for (let i = 0; i < TRIES && current !== undefined; i++) {
      const { order, offsets }: Placed = current;
      const top = order.reduce(
        (a, b) => (this.end(b, offsets) > this.end(a, offsets) ? b : a),
        order[0]!,
      );
      current = this.attempt([top, ...order.filter((range) => range !== top)]);
    }
  }

  private end(range: number, offsets: readonly number[]): number {
    return offsets[range]! + this.ranges[range]!.bytes;
  }
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
