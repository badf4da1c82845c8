/**
 * Operators grouped into blocks whose condensed graph never has a cycle. A block is named by its *slot*,
 * the index of its first operator. The topological order of the blocks is kept up to date while blocks merge
 * (after Pearce and Kelly, "A dynamic topological sort algorithm for directed acyclic graphs", 2006), so that
 * the convexity test searches only between the two blocks concerned.
 */
import type { Ecg } from '../ecg/ecg.ts';

export class Partition {
  /** Stamps of the searches: blocks reached from the earlier block, and blocks that reach the later one. */
  private readonly reached: Int32Array;
  private readonly reaching: Int32Array;
  private stamp = 0;

  private constructor(
    readonly ecg: Ecg,
    /** Slot of each operator. */
    readonly blockOf: Int32Array,
    /** Operators by slot, ascending; empty for numbers that name no block. */
    readonly members: number[][],
    /** Place of each slot in the topological order, and the slot at each place (-1: none). */
    private readonly position: Int32Array,
    private readonly at: Int32Array,
  ) {
    this.reached = new Int32Array(blockOf.length);
    this.reaching = new Int32Array(blockOf.length);
  }

  static singletons(ecg: Ecg): Partition {
    return Partition.of(
      ecg,
      ecg.nodes.map((_, index) => index),
    );
  }

  /**
   * Any grouping: operators with equal numbers share a block.
   *
   * @throws Error when the grouping has a cycle.
   */
  static of(ecg: Ecg, groupOf: ArrayLike<number>): Partition {
    const count = ecg.nodes.length;
    const slotOfGroup = new Map<number, number>();
    const blockOf = new Int32Array(count);
    const members: number[][] = Array.from({ length: count }, () => []);
    for (let operator = 0; operator < count; operator++) {
      const group = groupOf[operator] as number;
      const slot = slotOfGroup.get(group) ?? operator;
      slotOfGroup.set(group, slot);
      blockOf[operator] = slot;
      members[slot]!.push(operator);
    }
    const at = new Int32Array(count).fill(-1);
    const position = new Int32Array(count).fill(-1);
    const order = topologicalOrder(ecg, blockOf, members);
    if (order === undefined) throw new Error('the blocks form a cycle');
    order.forEach((slot, place) => {
      at[place] = slot;
      position[slot] = place;
    });
    return new Partition(ecg, blockOf, members, position, at);
  }

  /** Slots in topological order of the condensed graph. */
  order(): number[] {
    return [...this.at].filter((slot) => slot >= 0);
  }

  /** Whether merging two blocks would close a cycle: a path between them through a third block. */
  wouldCycle(a: number, b: number): boolean {
    return a !== b && this.search(a, b) === 'cycle';
  }

  /**
   * Merges two blocks unless that closes a cycle.
   *
   * @returns the slot of the merged block, or -1 when nothing was done.
   */
  tryMerge(a: number, b: number): number {
    if (a === b) return a;
    const found = this.search(a, b);
    if (found === 'cycle') return -1;
    const [low, high] = this.position[a]! < this.position[b]! ? [a, b] : [b, a];
    const slot = Math.min(a, b);
    const gone = Math.max(a, b);
    this.reorder(low, high, slot, found);
    for (const operator of this.members[gone]!) this.blockOf[operator] = slot;
    this.members[slot] = mergeAscending(this.members[slot]!, this.members[gone]!);
    this.members[gone] = [];
    this.position[gone] = -1;
    return slot;
  }

  /**
   * Slots that every legal block containing both `a` and `b` must contain: the two and all blocks on paths
   * between them, in topological order.
   */
  closure(a: number, b: number): number[] {
    if (a === b) return [a];
    const [low, high] = this.position[a]! < this.position[b]! ? [a, b] : [b, a];
    const end = this.position[high]!;
    const reaches = new Set([high]);
    for (let place = end - 1; place > this.position[low]!; place--) {
      const slot = this.at[place]!;
      if (slot >= 0 && this.successors(slot).some((next) => reaches.has(next))) reaches.add(slot);
    }
    const reached = new Set([low]);
    const result = [low];
    for (let place = this.position[low]! + 1; place <= end; place++) {
      const slot = this.at[place]!;
      if (slot < 0) continue;
      if (slot !== high && !this.predecessors(slot).some((before) => reached.has(before))) continue;
      reached.add(slot);
      if (reaches.has(slot)) result.push(slot);
    }
    return result;
  }

  successors(slot: number): number[] {
    return this.neighbours(slot, true);
  }

  predecessors(slot: number): number[] {
    return this.neighbours(slot, false);
  }

  private neighbours(slot: number, forward: boolean): number[] {
    const result = new Set<number>();
    const { ecg, blockOf } = this;
    for (const operator of this.members[slot]!) {
      const edges = forward ? ecg.edgesOut[operator]! : ecg.edgesIn[operator]!;
      for (const edge of edges) {
        const other = blockOf[forward ? ecg.edges[edge]!.to : ecg.edges[edge]!.from]!;
        if (other !== slot) result.add(other);
      }
    }
    return [...result];
  }

  /**
   * Looks for a path through a third block: forward from the earlier of the two and backward from the later,
   * always on the side that has cost less, only among the blocks between them in topological order. Either
   * side coming to its end proves that there is none, and its marks tell where the merged block may stand.
   */
  private search(a: number, b: number): 'cycle' | 'reached' | 'reaching' {
    const { position } = this;
    const [low, high] = position[a]! < position[b]! ? [a, b] : [b, a];
    this.stamp++;
    const forward = [low];
    const backward = [high];
    let forwardCost = this.degree(low, true);
    let backwardCost = this.degree(high, false);
    for (;;) {
      const goesForward = forwardCost <= backwardCost;
      const stack = goesForward ? forward : backward;
      const slot = stack.pop();
      if (slot === undefined) return goesForward ? 'reached' : 'reaching';
      if (this.expand(slot, low, high, goesForward, stack)) return 'cycle';
      const next = stack[stack.length - 1];
      const cost = next === undefined ? 0 : this.degree(next, goesForward);
      if (goesForward) forwardCost += cost;
      else backwardCost += cost;
    }
  }

  /** Marks and stacks the unseen neighbours of a block between the two ends; true when the sides meet. */
  private expand(
    slot: number,
    low: number,
    high: number,
    forward: boolean,
    stack: number[],
  ): boolean {
    const { ecg, blockOf, position, stamp } = this;
    const [mine, theirs] = forward ? [this.reached, this.reaching] : [this.reaching, this.reached];
    const [origin, goal] = forward ? [low, high] : [high, low];
    const [start, end] = [position[low]!, position[high]!];
    for (const operator of this.members[slot]!) {
      for (const edge of forward ? ecg.edgesOut[operator]! : ecg.edgesIn[operator]!) {
        const next = blockOf[forward ? ecg.edges[edge]!.to : ecg.edges[edge]!.from]!;
        if (next === goal) {
          if (slot !== origin) return true;
        } else if (next !== slot && mine[next] !== stamp) {
          const place = position[next]!;
          if (place <= start || place >= end) continue;
          if (theirs[next] === stamp) return true;
          mine[next] = stamp;
          stack.push(next);
        }
      }
    }
    return false;
  }

  private degree(slot: number, forward: boolean): number {
    const edges = forward ? this.ecg.edgesOut : this.ecg.edgesIn;
    let sum = 1;
    for (const operator of this.members[slot]!) sum += edges[operator]!.length;
    return sum;
  }

  /**
   * Puts the merged block between the blocks that reach `high` and those that `low` reaches; the search that
   * came to its end knows one of the two sets, all others may stand on the other side.
   */
  private reorder(low: number, high: number, slot: number, known: 'reached' | 'reaching'): void {
    const { at, position, stamp } = this;
    const marks = this[known];
    const start = position[low]!;
    const end = position[high]!;
    const later: number[] = [];
    let place = start;
    const put = (next: number): void => {
      at[place] = next;
      position[next] = place;
      place++;
    };
    for (let from = start + 1; from < end; from++) {
      const next = at[from]!;
      if (next < 0) continue;
      if ((marks[next] === stamp) === (known === 'reached')) later.push(next);
      else put(next);
    }
    put(slot);
    for (const next of later) put(next);
    while (place <= end) at[place++] = -1;
  }
}

/** Blocks in topological order, early operators first; `undefined` when they form a cycle. */
export function topologicalOrder(
  ecg: Ecg,
  blockOf: ArrayLike<number>,
  members: readonly (readonly number[])[],
): number[] | undefined {
  const state = new Uint8Array(members.length); // 0 unseen, 1 on the stack, 2 done
  const order: number[] = [];
  for (let first = 0; first < members.length; first++) {
    if (members[first]!.length === 0 || state[first] !== 0) continue;
    const stack = [first];
    while (stack.length > 0) {
      const slot = stack[stack.length - 1]!;
      if (state[slot] !== 0) {
        if (state[slot] === 1) order.push(slot);
        state[slot] = 2;
        stack.pop();
        continue;
      }
      state[slot] = 1;
      for (const operator of members[slot]!) {
        for (const edge of ecg.edgesIn[operator]!) {
          const before = blockOf[ecg.edges[edge]!.from]!;
          if (before === slot || state[before] === 2) continue;
          if (state[before] === 1) return undefined;
          stack.push(before);
        }
      }
    }
  }
  return order;
}

function mergeAscending(a: readonly number[], b: readonly number[]): number[] {
  return [...a, ...b].sort((x, y) => x - y);
}
