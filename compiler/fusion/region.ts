/**
 * The part of a plan that an override touches: the touched blocks dissolved into single operators (or into what
 * overrides hold together), everything else as it was. Repairs put the pieces together again.
 */
import { canCompile } from './canCompile.ts';
import type { Constraints } from './constraints.ts';
import { cutBetween } from './constraints.ts';
import { Draft } from './draft.ts';
import { noteHeldEdges } from './impose.ts';
import { Partition } from './partition.ts';
import type { FusionPlan } from './plan.ts';
import type { Task } from './task.ts';

/** What a local repair made of the plan (no region: nothing to change), or why it refused. */
export type Repair =
  | { readonly ok: true; readonly region?: Region; readonly message?: string }
  | { readonly ok: false; readonly message: string };

export class Region {
  readonly draft: Draft;
  /** Operators of the touched blocks, ascending. */
  private readonly operators: readonly number[];
  private readonly inside: ReadonlySet<number>;

  /** @param touched block indices; none gives the previous plan unchanged, under other constraints. */
  constructor(
    task: Task,
    private readonly previous: FusionPlan,
    private readonly constraints: Constraints,
    touched: readonly number[],
  ) {
    const { ecg } = task;
    this.operators = touched
      .flatMap((block) => previous.blocks[block]!.operators)
      .sort((x, y) => x - y);
    this.inside = new Set(this.operators);
    const groups = new Int32Array(ecg.nodes.length);
    for (const { operators } of previous.blocks) {
      for (const operator of operators) {
        groups[operator] = this.inside.has(operator) ? operator : operators[0]!;
      }
    }
    const partition = Partition.of(ecg, groups);
    const seeds = previous.blocks.flatMap(({ seed }) => (seed < 0 ? [] : [seed]));
    this.draft = new Draft(task, constraints, partition, previous.verdicts, seeds);
    this.holdTogether();
  }

  slotOf(operator: number): number {
    return this.draft.slotOf(operator);
  }

  /** By slot: which pieces may join others. */
  free(): Uint8Array {
    const free = new Uint8Array(this.draft.partition.members.length);
    for (const operator of this.operators) free[this.slotOf(operator)] = 1;
    return free;
  }

  /** Before the touched blocks are planned anew: their seeds and reasons no longer hold. */
  forgetReasons(): void {
    const { draft, inside } = this;
    const kept = draft.seeds.filter((seed) => !inside.has(seed));
    draft.seeds.splice(0, draft.seeds.length, ...kept);
    for (const { index, from, to } of draft.task.ecg.edges) {
      if (inside.has(from) || inside.has(to)) draft.verdicts[index] = undefined;
    }
  }

  /**
   * Puts these operators into one block. They must be convex; other blocks may still stand in the way.
   *
   * @returns false when that closes a cycle; the region is then spoilt.
   */
  unite(operators: readonly number[]): boolean {
    const { draft } = this;
    const slots = new Set(operators.map((operator) => this.slotOf(operator)));
    const ordered = draft.partition.order().filter((slot) => slots.has(slot));
    let merged = ordered[0]!;
    for (const slot of ordered.slice(1)) {
      merged = draft.partition.tryMerge(merged, slot);
      if (merged < 0) return false;
    }
    return true;
  }

  /**
   * Joins what was together before and still may be: along the edges inside the former blocks, in topological
   * order, leaving alone what already joined something else.
   */
  regroup(): void {
    const { draft, previous, constraints } = this;
    const { ecg } = draft.task;
    const home = (slot: number): number => {
      const blocks = new Set(draft.members(slot).map((operator) => previous.blockOf[operator]!));
      return blocks.size === 1 ? previous.blockOf[draft.members(slot)[0]!]! : -1;
    };
    for (const operator of this.operators) {
      for (const edge of ecg.edgesOut[operator]!) {
        const { to } = ecg.edges[edge]!;
        if (previous.blockOf[to] !== previous.blockOf[operator]) continue;
        const [a, b] = [this.slotOf(operator), this.slotOf(to)];
        if (a === b || home(a) < 0 || home(b) < 0) continue;
        if (draft.isPinned(a) || draft.isPinned(b)) continue;
        if (cutBetween(constraints, draft.members(a), draft.members(b)) !== undefined) continue;
        draft.partition.tryMerge(a, b);
      }
    }
  }

  /**
   * Operators that overrides hold together but that no longer read from each other, since what connected them
   * is elsewhere now: no kernel computes them. `undefined` when all pieces are well.
   */
  torn(): readonly number[] | undefined {
    const slots = new Set(this.operators.map((operator) => this.slotOf(operator)));
    return [...slots]
      .map((slot) => this.draft.members(slot))
      .find((members) => !canCompile(this.draft.task.ecg, members).ok);
  }

  finish(): Draft {
    noteHeldEdges(this.draft);
    return this.draft;
  }

  /** Pairs fused by hand stay together, with everything between them: all of it was one block. */
  private holdTogether(): void {
    const { partition, constraints } = this.draft;
    for (const [a, b] of constraints.fuses) {
      if (!this.inside.has(a) || this.previous.blockOf[a] !== this.previous.blockOf[b]) continue;
      partition.closure(this.slotOf(a), this.slotOf(b)).reduce((merged, slot) => {
        return partition.tryMerge(merged, slot);
      });
    }
  }
}
