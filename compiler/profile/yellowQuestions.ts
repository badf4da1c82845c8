/**
 * What has to be measured before the profile database can answer the yellow cells of a plan: for each, the time of the two
 * parts and of both as one block. Variants of the plan measure many at a time: planner `none` times single operators,
 * pinned blocks everything else.
 */
import type { Ecg } from '../ecg/ecg.ts';
import { blockKey } from '../fusion/blockKey.ts';
import type { PlanContext, YellowQuestion } from '../fusion/context.ts';
import type { Override, PlanEdits } from '../fusion/plan.ts';
import { planGraph } from '../fusion/planGraph.ts';

export interface MissingMeasurement extends YellowQuestion {
  /** Sets of operators whose time is not known: of the first, the second, both. */
  readonly unknown: readonly (readonly number[])[];
}

/** Every different yellow cell that planning `edits` meets, as the database answers now. */
export function yellowQuestions(
  ecg: Ecg,
  edits: PlanEdits,
  context: PlanContext,
): readonly YellowQuestion[] {
  const found = new Map<string, YellowQuestion>();
  planGraph(ecg, edits, {
    ...context,
    onYellow: (question) => {
      const key = `${blockKey(ecg, question.first)}\n${blockKey(ecg, question.second)}`;
      if (!found.has(key)) found.set(key, question);
    },
  });
  return [...found.values()];
}

/** Those that the database cannot answer for the device of the edits. */
export function missingMeasurements(
  ecg: Ecg,
  edits: PlanEdits,
  context: PlanContext,
): readonly MissingMeasurement[] {
  const device = edits.device ?? context.device;
  const isKnown = (operators: readonly number[]): boolean =>
    context.profile.lookup(device, blockKey(ecg, operators)) !== undefined;
  return yellowQuestions(ecg, edits, context).flatMap((question) => {
    const { first, second } = question;
    const together = [...first, ...second].sort((a, b) => a - b);
    const unknown = [together, first, second].filter((operators) => !isKnown(operators));
    return unknown.length === 0 ? [] : [{ ...question, unknown }];
  });
}

/**
 * A plan that measures as many of them as fit side by side: unknown sets of several operators are pinned, largest first,
 * everything else stays alone. Sets in `tried` (keys) are left out: they would not be blocks this time either.
 *
 * @returns undefined when nothing is left to measure
 */
export function measuringVariant(
  ecg: Ecg,
  edits: PlanEdits,
  missing: readonly MissingMeasurement[],
  tried: Set<string>,
): PlanEdits | undefined {
  const wanted = new Map<string, readonly number[]>();
  for (const { unknown } of missing) {
    for (const operators of unknown) {
      const key = blockKey(ecg, operators);
      if (!tried.has(key)) wanted.set(key, operators);
    }
  }
  const taken = new Set<number>();
  const pins: Override[] = [];
  const sets = [...wanted].sort(([, x], [, y]) => y.length - x.length);
  for (const [key, operators] of sets) {
    if (operators.some((operator) => taken.has(operator))) continue;
    for (const operator of operators) taken.add(operator);
    tried.add(key);
    if (operators.length > 1) {
      pins.push({ kind: 'pin', ops: operators.map((index) => ecg.nodes[index]!.operator.id) });
    }
  }
  if (taken.size === 0) return undefined;
  const { device: _, ...rest } = edits;
  return { ...rest, planner: 'none', overrides: pins, replannedAt: pins.length };
}
