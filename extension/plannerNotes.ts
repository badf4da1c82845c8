/** What each planner does, in one line: for lists to choose from. */
import type { PlannerName } from '../compiler/fusion/plan.ts';

export const PLANNER_NOTES: Readonly<Record<PlannerName, string>> = {
  none: 'Every operator is a block of its own',
  pattern: 'Fixed patterns, as mobile frameworks fuse them',
  dnnfusion: 'Grow blocks from seeds by mapping types (DNNFusion, PLDI 2021)',
  extended: 'The same mapping types, but operators join what computes their operands first',
};
