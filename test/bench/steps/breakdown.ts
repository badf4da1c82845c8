// The paper's breakdown (figure 8): each step adds one thing to the step before.
import type { BundleOptions } from '../../../compiler/bundle/buildBundle.ts';
import type { PlanEdits, PlannerName } from '../../../compiler/fusion/plan.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import { NO_REWRITES } from '../../../compiler/rewrite/rewrite.ts';

export interface Step {
  readonly name: string;
  readonly planner: PlannerName;
  readonly rewriting: boolean;
  readonly layouts: NonNullable<BundleOptions['layouts']>;
}

export const BREAKDOWN: readonly Step[] = [
  // The model as it stands in its file, an operator at a time; constants are packed here too.
  { name: 'none', planner: 'none', rewriting: false, layouts: 'plain' },
  { name: 'rewritten', planner: 'none', rewriting: true, layouts: 'plain' },
  { name: 'fused', planner: 'dnnfusion', rewriting: true, layouts: 'plain' },
  { name: 'layouts', planner: 'dnnfusion', rewriting: true, layouts: 'chosen' },
];

export function editsOf({ planner, rewriting }: Step): PlanEdits {
  return { ...NO_EDITS, planner, ...(rewriting ? {} : { rewrite: NO_REWRITES }) };
}
