/** Ways to plan a model that are held side by side: every planner, with rewriting and without. */
import type { PlanEdits } from '../fusion/plan.ts';
import { PLANNERS } from '../fusion/plan.ts';
import type { Variant } from '../protocol.ts';
import { DEFAULT_REWRITES } from '../rewrite/rewrite.ts';

export const VARIANTS: readonly Variant[] = [false, true].flatMap((rewriting) =>
  PLANNERS.map((planner) => ({ planner, rewriting })),
);

/** The same sizes and rules, no overrides. */
export function editsOfVariant(edits: PlanEdits, { planner, rewriting }: Variant): PlanEdits {
  const rewrite = { ...(edits.rewrite ?? DEFAULT_REWRITES), enabled: rewriting };
  return { planner, overrides: [], replannedAt: 0, bindings: edits.bindings, rewrite };
}
