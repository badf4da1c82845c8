/**
 * One override applied to a plan as a local repair: blocks that it does not touch keep their members.
 *
 *   fuse    touches the two blocks: they merge, or, where that has no kernel, parts of them (localFuse.ts).
 *   cut     touches the block that holds both: it falls into the largest parts that keep the two apart.
 *   pin     touches the blocks that the operators come from; what is left of those stays together.
 *   seed    touches the operator's block and the blocks next to it: the planner plans them again,
 *           growing from the operator first.
 *   noSeed  touches the block that grew from the operator: the planner plans it again.
 */
import { canCompile } from './canCompile.ts';
import { assemblePlan } from './assemble.ts';
import type { Constraints } from './constraints.ts';
import {
  constraintsOf,
  inForce,
  oppositeKey,
  operatorsOf,
  overrideKey,
  replacedOutcome,
} from './constraints.ts';
import { GROWERS } from './growers.ts';
import { heldTogether, refusesAtOnce, unmatched } from './impose.ts';
import { fuseLocally } from './localFuse.ts';
import type { FusionPlan, Override, OverrideOutcome } from './plan.ts';
import { refusalSentence } from './refusal.ts';
import type { Repair } from './region.ts';
import { Region } from './region.ts';
import type { Task } from './task.ts';
import { operatorLabel } from './task.ts';

/** The plan after one more override. The previous plan is not changed. */
export function applyOverride(task: Task, previous: FusionPlan, override: Override): FusionPlan {
  const report = (
    outcomes: readonly OverrideOutcome[],
    status: OverrideOutcome['status'],
    message?: string,
  ): OverrideOutcome[] => [
    ...outcomes,
    message === undefined ? { override, status } : { override, status, message },
  ];
  const operators = operatorsOf(task, override);
  if (operators === undefined) {
    return { ...previous, overrides: [...previous.overrides, unmatched(task, override)] };
  }
  const opposite = oppositeKey(override);
  const outcomes = previous.overrides.map((outcome) =>
    outcome.status === 'applied' && overrideKey(outcome.override) === opposite
      ? replacedOutcome(outcome.override, override)
      : outcome,
  );
  const earlier = constraintsOf(task, inForce(outcomes));
  const constraints = constraintsOf(task, [...inForce(outcomes), override]);
  const repair = repairPlan(task, previous, earlier, constraints, override, operators);
  if (!repair.ok) {
    return { ...previous, overrides: report(previous.overrides, 'refused', repair.message) };
  }
  const torn = repair.region?.torn();
  if (torn !== undefined) {
    const message = heldTogether(task, torn[0]!, torn[torn.length - 1]!);
    return { ...previous, overrides: report(previous.overrides, 'refused', message) };
  }
  const applied = report(outcomes, 'applied', repair.message);
  const region = repair.region ?? new Region(task, previous, constraints, []);
  return assemblePlan(region.finish(), previous.planner, applied);
}

function repairPlan(
  task: Task,
  previous: FusionPlan,
  earlier: Constraints,
  constraints: Constraints,
  override: Override,
  operators: readonly number[],
): Repair {
  const refused = refusesAtOnce(task, earlier, previous.blockOf, override, operators);
  if (refused !== undefined) return { ok: false, message: refused };
  const [a, b] = operators as [number, number];
  switch (override.kind) {
    case 'fuse':
      return fuseLocally(task, previous, constraints, a, b);
    case 'cut':
      return cutLocally(task, previous, constraints, a, b);
    case 'pin':
      return pinLocally(task, previous, constraints, operators);
    case 'seed':
      return seedLocally(task, previous, constraints, a);
    case 'noSeed':
      return noSeedLocally(task, previous, constraints, a);
  }
}

function cutLocally(
  task: Task,
  previous: FusionPlan,
  constraints: Constraints,
  a: number,
  b: number,
): Repair {
  const block = previous.blockOf[a]!;
  if (block !== previous.blockOf[b]) return { ok: true };
  const region = new Region(task, previous, constraints, [block]);
  region.regroup();
  return region.slotOf(a) === region.slotOf(b)
    ? { ok: false, message: heldTogether(task, a, b) }
    : { ok: true, region };
}

function pinLocally(
  task: Task,
  previous: FusionPlan,
  constraints: Constraints,
  operators: readonly number[],
): Repair {
  const { ecg, context } = task;
  const names = operators.map((operator) => ecg.nodes[operator]!.operator.type).join(', ');
  const convex = canCompile(ecg, operators);
  const answer = convex.ok ? context.canCompile(ecg, operators) : convex;
  if (!answer.ok) {
    return { ok: false, message: refusalSentence(answer.reason, names, answer.detail) };
  }
  const touched = new Set(operators.map((operator) => previous.blockOf[operator]!));
  const region = new Region(task, previous, constraints, [...touched]);
  const held = operators.flatMap((operator) => region.draft.members(region.slotOf(operator)));
  const outside = held.find((operator) => !operators.includes(operator));
  if (outside !== undefined)
    return { ok: false, message: heldTogether(task, operators[0]!, outside) };
  if (!region.unite(operators)) return { ok: false, message: refusalSentence('cycle', names) };
  region.regroup();
  return { ok: true, region };
}

function seedLocally(
  task: Task,
  previous: FusionPlan,
  constraints: Constraints,
  operator: number,
): Repair {
  const label = operatorLabel(task.ecg, operator);
  if (GROWERS[previous.planner] === undefined) {
    return { ok: true, message: noSeeds(previous, label) };
  }
  const block = previous.blocks[previous.blockOf[operator]!]!;
  if (block.pinned)
    return { ok: true, message: `${label} is in a pinned block, which does not grow.` };
  if (block.seed === operator) return { ok: true };
  const touched = new Set([block.index]);
  for (const member of block.operators) {
    const { producers, consumers } = task.ecg.nodes[member]!;
    for (const next of [...producers, ...consumers]) {
      const neighbour = previous.blocks[previous.blockOf[next]!]!;
      if (!neighbour.pinned) touched.add(neighbour.index);
    }
  }
  return replanned(task, previous, constraints, [...touched], [operator]);
}

function noSeedLocally(
  task: Task,
  previous: FusionPlan,
  constraints: Constraints,
  operator: number,
): Repair {
  if (GROWERS[previous.planner] === undefined) {
    return { ok: true, message: noSeeds(previous, operatorLabel(task.ecg, operator)) };
  }
  const block = previous.blocks[previous.blockOf[operator]!]!;
  if (block.pinned || block.seed !== operator) return { ok: true };
  return replanned(task, previous, constraints, [block.index], []);
}

/** The planner over the operators of the touched blocks alone. */
function replanned(
  task: Task,
  previous: FusionPlan,
  constraints: Constraints,
  touched: readonly number[],
  seeds: readonly number[],
): Repair {
  const region = new Region(task, previous, constraints, touched);
  region.forgetReasons();
  GROWERS[previous.planner]?.(region.draft, region.free(), seeds);
  return { ok: true, region };
}

function noSeeds({ planner }: FusionPlan, label: string): string {
  return `The planner "${planner}" grows no blocks from seeds: ${label} keeps its place.`;
}
