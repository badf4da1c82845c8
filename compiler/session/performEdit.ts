/**
 * One edit from request to new plan, shared by both hosts: tries the proposal's candidates through the
 * worker and reports a refusal with the planner's own reason. The caller owns undo and saving.
 */
import type { PlanEdits } from '../fusion/plan.ts';
import type { EditRequest, GraphSnapshot, PlanSnapshot, ReplanResult } from '../protocol.ts';
import { overrideKey, proposeEdit } from './editActions.ts';

export type EditOutcome =
  | {
      readonly ok: true;
      readonly label: string;
      readonly edits: PlanEdits;
      readonly result: ReplanResult;
      /** The edit was accepted with a warning worth showing. */
      readonly warning?: string;
    }
  | {
      readonly ok: false;
      readonly message: string;
      /** The worker's plan was tried with refused edits: the caller must not show it. */
    };

/**
 * Never changes `edits`. On a refusal nothing is to be undone by the caller: the worker keeps no edits
 * of its own, the next `document/replan` carries the valid ones.
 */
export async function performEdit(
  edits: PlanEdits,
  request: EditRequest,
  shown: { readonly graph: GraphSnapshot; readonly plan: PlanSnapshot },
  replan: (edits: PlanEdits) => Promise<ReplanResult>,
): Promise<EditOutcome> {
  let proposal;
  try {
    proposal = proposeEdit(edits, request, shown);
  } catch (error) {
    return { ok: false, message: `This edit no longer fits the graph shown (${String(error)}).` };
  }
  let refusal = 'The planner could not do that.';
  for (const candidate of proposal.candidates) {
    const result = await replan(candidate);
    const key = proposal.override && overrideKey(proposal.override);
    const outcome = result.plan.overrides.find((o) => overrideKey(o.override) === key);
    if (outcome && outcome.status !== 'applied') {
      refusal = outcome.message ?? refusal;
      continue;
    }
    if (!proposal.satisfied(result.plan)) continue;
    return {
      ok: true,
      label: proposal.label,
      edits: candidate,
      result,
      ...(outcome?.message === undefined ? {} : { warning: outcome.message }),
    };
  }
  return { ok: false, message: refusal };
}
