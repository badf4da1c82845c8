/** Planners side by side: what each comes to, and the plan of one of them to draw. */
import type { PlannerName } from '../fusion/plan.ts';
import type { GraphSnapshot } from './graphSnapshot.ts';
import type { PlanSnapshot } from './planSnapshot.ts';

/** One way to plan the model: a planner, with rewriting or without; the user's overrides do not count. */
export interface Variant {
  readonly planner: PlannerName;
  readonly rewriting: boolean;
}

export interface PlannerRow extends Variant {
  readonly operators: number;
  readonly blocks: number;
  readonly flops: number;
  /** Bytes of tensors between blocks. */
  readonly bytes: number;
}

export interface VariantResult {
  readonly graph: GraphSnapshot;
  readonly plan: PlanSnapshot;
}
