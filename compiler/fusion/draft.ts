/**
 * A plan in the making: the partition so far, the constraints, and the reason written down for every edge
 * that a planner looked at. All planners merge through `refusal` and `join`, so none can break a constraint.
 */
import type { Constraints } from './constraints.ts';
import { cutBetween } from './constraints.ts';
import { exceedsLimits } from './limits.ts';
import type { Partition } from './partition.ts';
import type { Verdict, VerdictReason } from './plan.ts';
import type { Task } from './task.ts';
import { operatorLabel } from './task.ts';

export interface Refusal {
  readonly reason: VerdictReason;
  readonly detail?: string;
}

export class Draft {
  /** By edge; missing where nobody asked. */
  readonly verdicts: (Verdict | undefined)[];
  /** Operators that blocks grew from, in order. */
  readonly seeds: number[];

  constructor(
    readonly task: Task,
    readonly constraints: Constraints,
    readonly partition: Partition,
    verdicts: readonly Verdict[] = [],
    seeds: readonly number[] = [],
  ) {
    this.verdicts = [...verdicts];
    this.seeds = [...seeds];
  }

  slotOf(operator: number): number {
    return this.partition.blockOf[operator]!;
  }

  members(slot: number): readonly number[] {
    return this.partition.members[slot]!;
  }

  /** Both blocks' members, ascending. */
  union(a: number, b: number): number[] {
    return [...this.members(a), ...this.members(b)].sort((x, y) => x - y);
  }

  isPinned(slot: number): boolean {
    const { pinned } = this.constraints;
    return pinned.size > 0 && pinned.has(this.members(slot)[0]!);
  }

  /** Why two blocks may not merge, cycles and Table 3 aside. */
  refusal(a: number, b: number): Refusal | undefined {
    return this.userRefusal(a, b) ?? this.kernelRefusal(a, b);
  }

  /** Pins and cuts. */
  userRefusal(a: number, b: number): Refusal | undefined {
    if (this.isPinned(a) || this.isPinned(b)) return { reason: 'user-pin-border' };
    const cut = cutBetween(this.constraints, this.members(a), this.members(b));
    if (cut === undefined) return undefined;
    const names = cut.map((operator) => operatorLabel(this.task.ecg, operator));
    return { reason: 'user-cut', detail: names.join(' | ') };
  }

  /** Limits of a block, and what has a kernel. */
  kernelRefusal(a: number, b: number): Refusal | undefined {
    return this.blockRefusal(this.union(a, b));
  }

  /** `kernelRefusal` for operators that several blocks bring, ascending. */
  blockRefusal(operators: readonly number[]): Refusal | undefined {
    const { ecg, context } = this.task;
    const exceeded = exceedsLimits(ecg, operators, context.limits);
    if (exceeded !== undefined) return exceeded;
    const compilable = context.canCompile(ecg, operators);
    return compilable.ok ? undefined : { reason: compilable.reason, detail: compilable.detail };
  }

  /** The block grew from this operator, unless the user chose another one. */
  growsFrom(slot: number, seed: number): void {
    const chosen = this.constraints.seeds;
    const others = this.seeds.filter((o) => this.slotOf(o) !== slot || chosen.includes(o));
    this.seeds.splice(0, this.seeds.length, ...others, seed);
  }

  accept(edge: number, reason: VerdictReason, detail?: string): void {
    this.verdicts[edge] = verdict(true, reason, detail);
  }

  refuse(edge: number, reason: VerdictReason, detail?: string): void {
    this.verdicts[edge] = verdict(false, reason, detail);
  }
}

export function verdict(fused: boolean, reason: VerdictReason, detail?: string): Verdict {
  return detail === undefined ? { fused, reason } : { fused, reason, detail };
}
