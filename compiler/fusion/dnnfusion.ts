/**
 * Planner `dnnfusion`: Listing 1 of the paper (section 4.3).
 *
 *   1. The seed is the unfused One-to-One operator with the smallest intermediate result (ties: topological index).
 *   2. The block grows from it along consumers, recursively: Table 3 is looked up with the *block's* type as first
 *      and the consumer as second; red stops, then the constraint check, then yellow asks the profile.
 *      An accepted operator gives the block the cell's result type.
 *   3. Then along producers in the same way, the producer first and the block second.
 *   4. The block's operators are fused; go to 1.
 *
 * Added where the paper is silent:
 *   - Convexity: a candidate that would close a cycle through another operator is refused for now and tried again
 *     when the block has grown, until it stops growing.
 *   - A producer with consumers outside may join; its value is then stored too (not removable).
 *   - Operators that no block reached stay single: chains without any One-to-One operator are not fused.
 *   - `seed` overrides grow first, whatever their type; `noSeed` operators only join.
 */
import type { MappingType } from '../mapping/mappingTypes.ts';
import { blockMapping } from './blockMapping.ts';
import type { Draft } from './draft.ts';
import type { Verdict } from './plan.ts';
import type { Ask } from './tableThree.ts';
import { askTable } from './tableThree.ts';

type Direction = 'forward' | 'backward';

/**
 * Grows blocks over the free part of a draft.
 *
 * @param free by slot: 1 for blocks (single operators, or operators that overrides hold together) that
 *   may join others. Changed: blocks that were grown are no longer free.
 * @param seeds operators to grow from first, in this order.
 */
export function growBlocks(
  draft: Draft,
  free: Uint8Array,
  seeds: readonly number[] = draft.constraints.seeds,
): void {
  const types = blockTypes(draft, blockMapping);
  growFrom(draft, free, types, seeds);
  growFrom(draft, free, types, seedsOf(draft, free, types, ['one-to-one']));
}

/** Mapping types of the blocks, by slot. */
export function blockTypes(draft: Draft, typeOf: typeof blockMapping): MappingType[] {
  const types: MappingType[] = [];
  for (const slot of draft.partition.order()) {
    types[slot] = typeOf(draft.task.ecg, draft.members(slot));
  }
  return types;
}

/** Free operators of these types in the order in which blocks grow from them. */
export function seedsOf(
  draft: Draft,
  free: Uint8Array,
  types: readonly MappingType[],
  wanted: readonly MappingType[],
): number[] {
  const { noSeeds } = draft.constraints;
  const seeds = draft.task.ecg.nodes.filter(({ index }) => {
    const slot = draft.slotOf(index);
    return free[slot] === 1 && wanted.includes(types[slot]!) && !noSeeds.has(index);
  });
  seeds.sort((a, b) => a.irsEstimate - b.irsEstimate || a.index - b.index);
  return seeds.map(({ index }) => index);
}

/** Grows a block from each of these operators in turn, unless it is in one by then. Changes `free` and `types`. */
export function growFrom(
  draft: Draft,
  free: Uint8Array,
  types: MappingType[],
  seeds: readonly number[],
  ask: Ask = askTable,
): void {
  for (const seed of seeds) {
    const slot = draft.slotOf(seed);
    if (free[slot] === 0 || draft.isPinned(slot) || types[slot] === 'opaque') continue;
    new Growth(draft, free, types, seed, ask).run();
  }
}

/** One block growing. */
class Growth {
  private slot: number;
  /** Edges refused because of a cycle, to be tried again. */
  private postponed: { readonly edge: number; readonly direction: Direction }[] = [];
  /** Candidates refused since the block last grew, with the verdict: other edges to them get the same. */
  private readonly refused = new Map<number, Verdict | undefined>();

  constructor(
    private readonly draft: Draft,
    private readonly free: Uint8Array,
    private readonly types: MappingType[],
    private readonly seed: number,
    private readonly ask: Ask,
  ) {
    this.slot = draft.slotOf(seed);
  }

  run(): void {
    const start = [...this.draft.members(this.slot)];
    for (const operator of start) this.follow(operator, 'forward');
    for (const operator of start) this.follow(operator, 'backward');
    this.retry();
    this.free[this.slot] = 0;
    this.draft.seeds.push(this.seed);
  }

  private retry(): void {
    let before = -1;
    while (before !== this.draft.members(this.slot).length && this.postponed.length > 0) {
      before = this.draft.members(this.slot).length;
      const again = this.postponed;
      this.postponed = [];
      for (const { edge, direction } of again) this.consider(edge, direction);
    }
  }

  /** Step 2 or 3 of the listing for one operator of the block. Depth is bounded by the block's size limit. */
  private follow(operator: number, direction: Direction): void {
    const { ecg } = this.draft.task;
    const edges = direction === 'forward' ? ecg.edgesOut[operator]! : ecg.edgesIn[operator]!;
    for (const edge of edges) this.consider(edge, direction);
  }

  private consider(edge: number, direction: Direction): void {
    const { draft } = this;
    const { from, to } = draft.task.ecg.edges[edge]!;
    const candidate = draft.slotOf(direction === 'forward' ? to : from);
    if (candidate === this.slot || this.free[candidate] === 0) return;
    if (this.refused.has(candidate)) {
      draft.verdicts[edge] = this.refused.get(candidate);
      return;
    }
    const joining = [...draft.members(candidate)];
    if (!this.admit(edge, candidate, direction)) {
      this.refused.set(candidate, draft.verdicts[edge]);
      return;
    }
    this.refused.clear();
    for (const operator of joining) this.follow(operator, direction);
  }

  private admit(edge: number, candidate: number, direction: Direction): boolean {
    const { draft, types } = this;
    const [first, second] =
      direction === 'forward' ? [this.slot, candidate] : [candidate, this.slot];
    const answer = this.ask(draft, first, second, [types[first]!, types[second]!]);
    if (!answer.fuse) {
      draft.refuse(edge, answer.reason, answer.detail);
      return false;
    }
    const merged = draft.partition.tryMerge(first, second);
    if (merged < 0) {
      draft.refuse(edge, 'cycle');
      this.postponed.push({ edge, direction });
      return false;
    }
    draft.accept(edge, answer.reason, answer.detail);
    this.free[this.slot] = 0;
    this.free[candidate] = 0;
    this.slot = merged;
    types[merged] = answer.result;
    return true;
  }
}
