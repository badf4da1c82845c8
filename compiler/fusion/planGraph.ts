/**
 * The plan of (ECG, edits, context): the planner runs with the first `replannedAt` overrides as constraints,
 * then every later override is a local repair of the plan so far, in order. Pure and deterministic.
 */
import type { Ecg } from '../ecg/ecg.ts';
import { assemblePlan } from './assemble.ts';
import type { PlanContext } from './context.ts';
import { GROWERS } from './growers.ts';
import { imposeOverrides } from './impose.ts';
import { applyOverride } from './localReplan.ts';
import { matchPatterns } from './pattern.ts';
import type { FusionPlan, Override, OverrideOutcome, PlanEdits, PlannerName } from './plan.ts';
import type { Task } from './task.ts';
import { planningTask, taskFor } from './task.ts';
import { verifyPlan } from './verify.ts';

/** Overrides beyond this number are refused: every one of them costs a planning step (hostile sidecars). */
export const MAX_OVERRIDES = 1000;

/** @throws Error (internal) when the result is no valid plan. */
export function planGraph(ecg: Ecg, edits: PlanEdits, context?: PlanContext): FusionPlan {
  const task = taskFor(planningTask(ecg, context), edits.device);
  const { constraining, repairing, ignored } = splitEdits(edits);
  let plan = planFrom(task, edits.planner, constraining);
  for (const override of repairing) plan = planStep(task, plan, override);
  return withIgnored(plan, ignored);
}

/** The overrides that constrain the planner, those applied afterwards, and those over the limit. */
export function splitEdits({ overrides, replannedAt }: PlanEdits): {
  readonly constraining: readonly Override[];
  readonly repairing: readonly Override[];
  readonly ignored: readonly Override[];
} {
  const constraints = Math.min(Math.max(0, replannedAt), MAX_OVERRIDES);
  return {
    constraining: overrides.slice(0, constraints),
    repairing: overrides.slice(constraints, MAX_OVERRIDES),
    ignored: overrides.slice(MAX_OVERRIDES),
  };
}

/** A whole planning under these overrides as constraints. */
export function planFrom(
  task: Task,
  planner: PlannerName,
  overrides: readonly Override[],
): FusionPlan {
  const { draft, outcomes, deferred } = imposeOverrides(task, overrides);
  const free = new Uint8Array(task.ecg.nodes.length).fill(1);
  if (planner === 'pattern') matchPatterns(draft, free);
  else GROWERS[planner]?.(draft, free);
  let plan = verified(task, assemblePlan(draft, planner, outcomes));
  for (const place of deferred) {
    const next = planStep(task, plan, overrides[place]!);
    const results = [...next.overrides];
    results[place] = results.pop()!;
    plan = { ...next, overrides: results };
  }
  return plan;
}

/** One local repair. */
export function planStep(task: Task, previous: FusionPlan, override: Override): FusionPlan {
  return verified(task, applyOverride(task, previous, override));
}

export function withIgnored(plan: FusionPlan, ignored: readonly Override[]): FusionPlan {
  if (ignored.length === 0) return plan;
  const message = `More than ${MAX_OVERRIDES} overrides; this one is ignored.`;
  const outcomes = ignored.map((override): OverrideOutcome => {
    return { override, status: 'refused', message };
  });
  return { ...plan, overrides: [...plan.overrides, ...outcomes] };
}

function verified(task: Task, plan: FusionPlan): FusionPlan {
  verifyPlan(task.ecg, plan);
  return plan;
}
