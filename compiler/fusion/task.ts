/**
 * One planning task: the ECG, its context, and what is computed once for every plan of it.
 */
import type { Ecg } from '../ecg/ecg.ts';
import type { PlanContext } from './context.ts';
import { DEFAULT_CONTEXT } from './context.ts';

export interface Task {
  readonly ecg: Ecg;
  readonly context: PlanContext;
  /** Operator index by stable id. */
  readonly indexOf: ReadonlyMap<string, number>;
}

export function planningTask(ecg: Ecg, context: PlanContext = DEFAULT_CONTEXT): Task {
  const indexOf = new Map<string, number>();
  for (const { operator, index } of ecg.nodes) {
    if (!indexOf.has(operator.id)) indexOf.set(operator.id, index);
  }
  return { ecg, context, indexOf };
}

/** The same for plans of one device; undefined: as the context says. */
export function taskFor(task: Task, device: string | undefined): Task {
  return device === undefined ? task : { ...task, context: { ...task.context, device } };
}

/** 'Conv "conv1_out"': how messages name an operator. Plain text from the model. */
export function operatorLabel(ecg: Ecg, operator: number): string {
  const { type, id } = ecg.nodes[operator]!.operator;
  return `${type} "${id.length > 60 ? `${id.slice(0, 59)}…` : id}"`;
}
