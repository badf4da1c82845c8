/**
 * What a click on two operators would do now, without doing it: fusing their blocks, or cutting them apart
 * when they share one. Runs the same local repair as the click.
 */
import type { Ecg } from '../ecg/ecg.ts';
import type { PlanContext } from './context.ts';
import { applyOverride } from './localReplan.ts';
import type { FusionPlan, Override, PlanEdits } from './plan.ts';
import { MAX_OVERRIDES } from './planGraph.ts';
import { summarisePlan } from './summary.ts';
import { operatorLabel, planningTask } from './task.ts';
import { formatBytes } from './yellow.ts';

export interface Forecast {
  /** 'warned': possible, but the planner would not do it; the sentence says why. */
  readonly verdict: 'allowed' | 'warned' | 'refused';
  readonly sentence: string;
}

/**
 * @param edits those that made the plan.
 * @param a operator index, as `b`.
 */
export function whatIf(
  ecg: Ecg,
  plan: FusionPlan,
  edits: PlanEdits,
  a: number,
  b: number,
  context?: PlanContext,
): Forecast {
  const [first, second] = [ecg.nodes[a]?.operator.id, ecg.nodes[b]?.operator.id];
  if (first === undefined || second === undefined) {
    return { verdict: 'refused', sentence: 'There is no such operator.' };
  }
  if (edits.overrides.length >= MAX_OVERRIDES) {
    return { verdict: 'refused', sentence: `There are ${MAX_OVERRIDES} overrides already.` };
  }
  const kind = plan.blockOf[a] === plan.blockOf[b] ? 'cut' : 'fuse';
  const override: Override = { kind, a: first, b: second };
  const next = applyOverride(planningTask(ecg, context), plan, override);
  const outcome = next.overrides[next.overrides.length - 1]!;
  if (outcome.status !== 'applied') {
    return { verdict: 'refused', sentence: outcome.message ?? 'The planner refuses this.' };
  }
  const action = `${kind === 'fuse' ? 'Fuse' : 'Cut'} ${operatorLabel(ecg, a)} and ${operatorLabel(ecg, b)}`;
  const effect = `${action}: ${changes(ecg, plan, next)}`;
  return outcome.message === undefined
    ? { verdict: 'allowed', sentence: `${effect}.` }
    : { verdict: 'warned', sentence: `${effect}. ${outcome.message}` };
}

function changes(ecg: Ecg, plan: FusionPlan, next: FusionPlan): string {
  const before = summarisePlan(ecg, plan);
  const after = summarisePlan(ecg, next);
  const bytes = after.intermediateBytesAfter - before.intermediateBytesAfter;
  const moved =
    bytes === 0
      ? 'same intermediate bytes'
      : `${formatBytes(Math.abs(bytes))} of intermediate results ${bytes < 0 ? 'less' : 'more'}`;
  const blocks = after.blocks - before.blocks;
  const count = `${Math.abs(blocks)} block${Math.abs(blocks) === 1 ? '' : 's'}`;
  const counted =
    blocks === 0 ? 'same number of blocks' : `${count} ${blocks < 0 ? 'less' : 'more'}`;
  return `${counted}, ${moved}`;
}
