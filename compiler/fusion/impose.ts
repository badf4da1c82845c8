/**
 * Overrides as constraints of a whole planning: checks them in order against those before, merges what `fuse` and
 * `pin` hold together, and says what became of each. Contradictions: see constraints.ts.
 */
import type { Constraints } from './constraints.ts';
import {
  constraintsOf,
  cutBetween,
  inForce,
  missingIds,
  operatorsOf,
  oppositeKey,
  overrideKey,
  replacedOutcome,
} from './constraints.ts';
import { canCompile } from './canCompile.ts';
import { Draft } from './draft.ts';
import { Partition } from './partition.ts';
import type { Override, OverrideOutcome, VerdictReason } from './plan.ts';
import { refusalSentence } from './refusal.ts';
import type { Task } from './task.ts';
import { operatorLabel } from './task.ts';

export interface Imposed {
  /** Constraints of the overrides in force, their operators already merged. */
  readonly draft: Draft;
  readonly outcomes: readonly OverrideOutcome[];
  /**
   * Places of `fuse` overrides whose operators have no kernel by themselves (they read nothing from each
   * other, say) but may have one with others around them: to be tried on the finished plan.
   */
  readonly deferred: readonly number[];
}

export function imposeOverrides(task: Task, overrides: readonly Override[]): Imposed {
  let partition = Partition.singletons(task.ecg);
  const outcomes: OverrideOutcome[] = [];
  const deferred: number[] = [];
  const last = new Map(overrides.map((override, place) => [overrideKey(override), place]));
  overrides.forEach((override, place) => {
    const later = last.get(oppositeKey(override)) ?? -1;
    if (later > place) {
      outcomes.push(replacedOutcome(override, overrides[later]!));
      return;
    }
    const operators = operatorsOf(task, override);
    if (operators === undefined) {
      outcomes.push(unmatched(task, override));
      return;
    }
    const earlier = constraintsOf(task, inForce(outcomes));
    const refused = refusesAtOnce(task, earlier, partition.blockOf, override, operators);
    if (refused !== undefined) {
      outcomes.push({ override, status: 'refused', message: refused });
      return;
    }
    if (override.kind === 'fuse' || override.kind === 'pin') {
      const held = hold(task, earlier, partition, override, operators);
      if (!(held instanceof Partition)) {
        if (override.kind === 'fuse' && held.reason === 'no-kernel') deferred.push(place);
        outcomes.push({ override, status: 'refused', message: held.message });
        return;
      }
      partition = held;
    } else if (override.kind === 'cut') {
      const [a, b] = operators as [number, number];
      if (partition.blockOf[a] === partition.blockOf[b]) {
        outcomes.push({ override, status: 'refused', message: heldTogether(task, a, b) });
        return;
      }
    }
    outcomes.push({ override, status: 'applied' });
  });
  const constraints = constraintsOf(task, inForce(outcomes));
  const draft = new Draft(task, constraints, partition);
  noteHeldEdges(draft);
  return { draft, outcomes, deferred };
}

export function heldTogether({ ecg }: Task, a: number, b: number): string {
  const names = `${operatorLabel(ecg, a)} and ${operatorLabel(ecg, b)}`;
  return `Not possible: ${names} are held together by operators fused by hand.`;
}

export function unmatched(task: Task, override: Override): OverrideOutcome {
  const missing = missingIds(task, override).map((id) => `"${id.slice(0, 60)}"`);
  const shown =
    missing.length > 3 ? [...missing.slice(0, 3), `${missing.length - 3} more`] : missing;
  const message =
    missing.length === 1
      ? `The model has no operator ${shown[0]}.`
      : `The model has no operators ${shown.join(', ')}.`;
  return { override, status: 'unmatched', message };
}

/** Reasons that need no trial. */
export function refusesAtOnce(
  task: Task,
  earlier: Constraints,
  blockOf: Int32Array,
  override: Override,
  operators: readonly number[],
): string | undefined {
  const { ecg } = task;
  const label = (operator: number): string => operatorLabel(ecg, operator);
  const [a, b] = operators as [number, number];
  switch (override.kind) {
    case 'seed':
    case 'noSeed':
      if (ecg.nodes[a]!.mapping === 'opaque') return refusalSentence('opaque', label(a));
      return undefined;
    case 'cut':
      if (a === b) return 'An operator cannot be cut from itself.';
      if (blockOf[a] !== blockOf[b]) return undefined;
      return earlier.pinned.has(a)
        ? `${label(a)} and ${label(b)} are pinned together; unpin the block first.`
        : undefined;
    case 'fuse': {
      if (a === b) return 'An operator cannot be fused with itself.';
      const pin = earlier.pins.find((ops) => ops.includes(a) !== ops.includes(b));
      if (pin === undefined) return undefined;
      return `${label(pin.includes(a) ? a : b)} is in a pinned block; unpin it first.`;
    }
    case 'pin': {
      if (operators.length === 0) return 'A pin names no operator.';
      const inside = new Set(operators);
      const taken = operators.find((operator) => earlier.pinned.has(operator));
      if (taken !== undefined) return `${label(taken)} is in another pinned block; unpin it first.`;
      const fuse = earlier.fuses.find(([p, q]) => inside.has(p) !== inside.has(q));
      if (fuse !== undefined) {
        return `${label(fuse[0])} was fused by hand with ${label(fuse[1])}, which the pin leaves out.`;
      }
      const cut = cutBetween(earlier, operators, operators);
      if (cut === undefined) return undefined;
      return `${label(cut[0])} and ${label(cut[1])} were cut apart by hand.`;
    }
  }
}

/** The partition with the operators held together, or why not. */
function hold(
  task: Task,
  earlier: Constraints,
  partition: Partition,
  override: Override,
  operators: readonly number[],
): Partition | { readonly reason: VerdictReason; readonly message: string } {
  const { ecg, context } = task;
  const [a, b] = operators as [number, number];
  if (override.kind === 'fuse' && partition.blockOf[a] === partition.blockOf[b]) return partition;
  const slots =
    override.kind === 'fuse'
      ? partition.closure(partition.blockOf[a]!, partition.blockOf[b]!)
      : operators.map((operator) => partition.blockOf[operator]!);
  const together = [...new Set(slots)].flatMap((slot) => partition.members[slot]!);
  together.sort((x, y) => x - y);
  const refuse = (reason: VerdictReason, detail?: string) => {
    const types = together.map((operator) => ecg.nodes[operator]!.operator.type);
    return { reason, message: refusalSentence(reason, types.join(', '), detail) };
  };
  const cut = cutBetween(earlier, together, together);
  if (cut !== undefined) {
    return refuse('user-cut', cut.map((operator) => operatorLabel(ecg, operator)).join(' | '));
  }
  if (override.kind === 'fuse' && together.some((o) => earlier.pinned.has(o))) {
    return refuse('user-pin-border');
  }
  if (override.kind === 'pin' && together.length !== operators.length) {
    const outside = together.find((operator) => !operators.includes(operator))!;
    return { reason: 'user-fuse', message: heldTogether(task, operators[0]!, outside) };
  }
  const convex = canCompile(ecg, together);
  const answer = convex.ok ? context.canCompile(ecg, together) : convex;
  if (!answer.ok) return refuse(answer.reason, answer.detail);
  if (override.kind === 'fuse') {
    // A closure merges in topological order without cycles.
    slots.reduce((merged, slot) => partition.tryMerge(merged, slot));
    return partition;
  }
  const groups = Int32Array.from(partition.blockOf);
  for (const operator of together) groups[operator] = together[0]!;
  try {
    return Partition.of(ecg, groups);
  } catch {
    return refuse('cycle');
  }
}

/** Verdicts of the edges inside what overrides hold together. */
export function noteHeldEdges(draft: Draft): void {
  const { ecg } = draft.task;
  const { fuses, pins } = draft.constraints;
  for (const pin of pins) {
    const inside = new Set(pin);
    for (const operator of pin) {
      for (const edge of ecg.edgesOut[operator]!) {
        if (inside.has(ecg.edges[edge]!.to)) draft.accept(edge, 'user-pin');
      }
    }
  }
  for (const [a, b] of fuses) {
    for (const edge of [...ecg.edgesOut[a]!, ...ecg.edgesOut[b]!]) {
      const { to } = ecg.edges[edge]!;
      if (to === a || to === b) draft.accept(edge, 'user-fuse');
    }
  }
}
