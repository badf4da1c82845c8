/**
 * `fuse(a, b)` on a finished plan. The two blocks merge; where the whole has no kernel or would close a
 * cycle, as much of them as possible does: b with what follows it in its block moves to a's block, or a with what
 * leads to it moves to b's, or one operator alone. What is left of a block stays together.
 */
import { combine } from '../mapping/mappingTypes.ts';
import { blockMapping } from './blockMapping.ts';
import { canCompile } from './canCompile.ts';
import type { Constraints } from './constraints.ts';
import { cutBetween } from './constraints.ts';
import type { FusionPlan, VerdictReason } from './plan.ts';
import { refusalSentence } from './refusal.ts';
import type { Repair } from './region.ts';
import { Region } from './region.ts';
import type { Task } from './task.ts';
import { operatorLabel } from './task.ts';

export function fuseLocally(
  task: Task,
  previous: FusionPlan,
  constraints: Constraints,
  a: number,
  b: number,
): Repair {
  const { ecg } = task;
  const [first, second] = [previous.blockOf[a]!, previous.blockOf[b]!];
  if (first === second) return { ok: true };
  const subject = `${operatorLabel(ecg, a)} and ${operatorLabel(ecg, b)}`;
  const blocks = [previous.blocks[first]!, previous.blocks[second]!];
  if (blocks.some(({ pinned }) => pinned)) {
    return { ok: false, message: refusalSentence('user-pin-border', subject) };
  }
  // From here on `a` is in the block that comes first in topological order.
  const [front, back] = first < second ? [a, b] : [b, a];
  const [low, high] = first < second ? blocks : [blocks[1]!, blocks[0]!];
  const downstream = reachable(task, high!.operators, back, 'consumers');
  const upstream = reachable(task, low!.operators, front, 'producers');
  const candidates: readonly (readonly number[])[] = [
    [...low!.operators, ...high!.operators],
    [...low!.operators, ...downstream],
    [...upstream, ...high!.operators],
    [...low!.operators, back],
    [front, ...high!.operators],
    [front, back],
  ];
  let refusal = '';
  const tried = new Set<string>();
  for (const candidate of candidates) {
    const whole = withHeld(constraints, previous, candidate);
    const key = whole.join();
    if (tried.has(key)) continue;
    tried.add(key);
    const result = attempt(task, previous, constraints, [first, second], whole);
    if (typeof result !== 'string') {
      const message = warning(task, previous, a, b, whole);
      return message === undefined
        ? { ok: true, region: result }
        : { ok: true, region: result, message };
    }
    refusal = refusalSentenceFor(result, subject);
  }
  return { ok: false, message: refusal };
}

type Failure = `${VerdictReason}|${string}`;

function refusalSentenceFor(failure: Failure, subject: string): string {
  const split = failure.indexOf('|');
  const reason = failure.slice(0, split) as VerdictReason;
  const detail = failure.slice(split + 1);
  return refusalSentence(reason, subject, detail === '' ? undefined : detail);
}

function attempt(
  task: Task,
  previous: FusionPlan,
  constraints: Constraints,
  touched: readonly number[],
  operators: readonly number[],
): Region | Failure {
  const { ecg, context } = task;
  const cut = cutBetween(constraints, operators, operators);
  if (cut !== undefined) {
    return `user-cut|${operatorLabel(ecg, cut[0])} | ${operatorLabel(ecg, cut[1])}`;
  }
  const convex = canCompile(ecg, operators);
  const answer = convex.ok ? context.canCompile(ecg, operators) : convex;
  if (!answer.ok) return `${answer.reason}|${answer.detail}`;
  const region = new Region(task, previous, constraints, touched);
  if (!region.unite(operators)) return 'cycle|';
  region.regroup();
  return region;
}

/** With the operators that earlier overrides hold to them, ascending. */
function withHeld(
  { fuses }: Constraints,
  previous: FusionPlan,
  operators: readonly number[],
): number[] {
  const result = new Set(operators);
  for (let size = -1; size !== result.size;) {
    size = result.size;
    for (const [a, b] of fuses) {
      if (previous.blockOf[a] !== previous.blockOf[b]) continue;
      if (result.has(a)) result.add(b);
      else if (result.has(b)) result.add(a);
    }
  }
  return [...result].sort((x, y) => x - y);
}

function reachable(
  { ecg }: Task,
  block: readonly number[],
  start: number,
  along: 'consumers' | 'producers',
): number[] {
  const inside = new Set(block);
  const reached = new Set([start]);
  for (const operator of reached) {
    for (const next of ecg.nodes[operator]![along]) if (inside.has(next)) reached.add(next);
  }
  return [...reached];
}

/** What the user should know about a fusion that the planner would not have made. */
function warning(
  task: Task,
  previous: FusionPlan,
  a: number,
  b: number,
  operators: readonly number[],
): string | undefined {
  const { ecg } = task;
  const notes: string[] = [];
  const [x, y] = [previous.blockOf[a]!, previous.blockOf[b]!].sort((p, q) => p - q);
  const [low, high] = [previous.blocks[x!]!, previous.blocks[y!]!];
  // Of what fuses, not of the whole blocks: parts may have stayed outside.
  const [first, second] = [low, high].map((block) =>
    blockMapping(
      ecg,
      block.operators.filter((operator) => operators.includes(operator)),
    ),
  );
  if (combine(first!, second!).colour === 'red') {
    notes.push('Table 3 marks this pair red: the fused kernel may be slower than two');
  }
  const left = [...low.operators, ...high.operators].filter((o) => !operators.includes(o));
  if (left.length > 0) {
    const names = [...new Set(left.map((operator) => ecg.nodes[operator]!.operator.type))];
    const shown = names.length > 3 ? [...names.slice(0, 3), '…'] : names;
    notes.push(
      `${left.length} operator${left.length === 1 ? '' : 's'} (${shown.join(', ')}) cannot join and ` +
        'stay outside',
    );
  }
  return notes.length === 0 ? undefined : `${notes.join('; ')}.`;
}
