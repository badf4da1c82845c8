/**
 * Plans any edits over one ECG and remembers the plan of every prefix of overrides it met: the next edit
 * costs one local repair, undo and redo cost nothing.
 */
import type { Ecg } from '../ecg/ecg.ts';
import type { PlanContext } from './context.ts';
import { planFrom, planStep, splitEdits, withIgnored } from './planGraph.ts';
import type { FusionPlan, PlanEdits } from './plan.ts';
import { planningTask, taskFor } from './task.ts';

export interface Planner {
  /** Equal to `planGraph(ecg, edits, context)`; the same object for the same edits while remembered. */
  plan(edits: PlanEdits): FusionPlan;
}

/** Plans remembered per model; the oldest are forgotten first. */
const REMEMBERED = 256;

export function createPlanner(ecg: Ecg, context?: PlanContext): Planner {
  const general = planningTask(ecg, context);
  const remembered = new Map<string, FusionPlan>();

  const recall = (key: string, compute: () => FusionPlan): FusionPlan => {
    const plan = remembered.get(key) ?? compute();
    remembered.delete(key);
    remembered.set(key, plan);
    if (remembered.size > REMEMBERED) {
      const [oldest] = remembered.keys();
      remembered.delete(oldest!);
    }
    return plan;
  };

  return {
    plan(edits) {
      const { constraining, repairing, ignored } = splitEdits(edits);
      const task = taskFor(general, edits.device);
      const measured =
        edits.device === undefined ? [] : [edits.device, task.context.profile.revision];
      let key = JSON.stringify([edits.planner, measured, ...constraining]);
      let plan = recall(key, () => planFrom(task, edits.planner, constraining));
      for (const override of repairing) {
        const previous = plan;
        key += `\n${JSON.stringify(override)}`;
        plan = recall(key, () => planStep(task, previous, override));
      }
      return withIgnored(plan, ignored);
    },
  };
}
