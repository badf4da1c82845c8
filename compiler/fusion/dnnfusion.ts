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
import { MAPPING_TYPE_NAMES, combine } from '../mapping/mappingTypes.ts';
import { blockMapping } from './blockMapping.ts';
import type { Draft } from './draft.ts';
import type { Verdict } from './plan.ts';
import { judgeYellow } from './yellow.ts';

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
  const { ecg } = draft.task;
  const { noSeeds } = draft.constraints;
  const types: MappingType[] = [];
  for (const slot of draft.partition.order()) {
    types[slot] = blockMapping(ecg, draft.members(slot));
  }
  const grow = (seed: number): void => {
    const slot = draft.slotOf(seed);
    if (free[slot] === 0 || draft.isPinned(slot) || types[slot] === 'opaque') return;
    new Growth(draft, free, types, seed).run();
  };
  seeds.forEach(grow);
  const candidates = ecg.nodes.filter(({ index }) => {
    const slot = draft.slotOf(index);
    return free[slot] === 1 && types[slot] === 'one-to-one' && !noSeeds.has(index);
  });
  candidates.sort((a, b) => a.irsEstimate - b.irsEstimate || a.index - b.index);
  for (const { index } of candidates) grow(index);
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
    const { ecg, context } = draft.task;
    const [first, second] =
      direction === 'forward' ? [this.slot, candidate] : [candidate, this.slot];
    const pair = [types[first]!, types[second]!] as const;
    const cell = combine(...pair);
    const byUser = draft.userRefusal(first, second);
    if (byUser !== undefined) {
      draft.refuse(edge, byUser.reason, byUser.detail);
      return false;
    }
    if (cell.colour === 'red') {
      const opaque = pair.includes('opaque');
      draft.refuse(edge, opaque ? 'opaque' : 'red', opaque ? undefined : pairText(...pair));
      return false;
    }
    const refusal = draft.kernelRefusal(first, second);
    if (refusal !== undefined) {
      draft.refuse(edge, refusal.reason, refusal.detail);
      return false;
    }
    let reason: 'green' | 'yellow-profiled' | 'yellow-estimated' = 'green';
    let detail = pairText(...pair);
    if (cell.colour === 'yellow') {
      const members = [draft.members(first), draft.members(second)] as const;
      const answer = judgeYellow(ecg, context, ...members, pair);
      detail = `${detail}; ${answer.detail}`;
      if (!answer.fuse || answer.reason === 'yellow-not-profitable') {
        draft.refuse(edge, 'yellow-not-profitable', detail);
        return false;
      }
      reason = answer.reason;
    }
    const merged = draft.partition.tryMerge(first, second);
    if (merged < 0) {
      draft.refuse(edge, 'cycle');
      this.postponed.push({ edge, direction });
      return false;
    }
    draft.accept(edge, reason, detail);
    this.free[this.slot] = 0;
    this.free[candidate] = 0;
    this.slot = merged;
    types[merged] = cell.result;
    return true;
  }
}

function pairText(first: MappingType, second: MappingType): string {
  return `${MAPPING_TYPE_NAMES[first]} followed by ${MAPPING_TYPE_NAMES[second]}`;
}
