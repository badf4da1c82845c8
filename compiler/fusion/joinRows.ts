/**
 * Blocks whose Many-to-Many operators one kernel takes row after row through, though Table 3 knows Many-to-Many after
 * Many-to-Many as red only: the reductions of a normalisation, which read the row once instead of twice, and
 * attention, whose scores are then never stored (attentionChain.ts says where). Both join whole blocks, what grew
 * onto their operators before included.
 */
import { attentionChain } from './attentionChain.ts';
import type { Draft, Refusal } from './draft.ts';
import { reducedRow } from './rowReductions.ts';
import { formatBytes } from './yellow.ts';

/** Light operators looked at between two reductions. */
const MOST_BETWEEN = 16;

/** Whether a block may join others, by slot. */
export type Movable = (slot: number) => boolean;
/** Told of every merge: the block of all, and what it grew from. */
export type Merged = (slot: number, seed: number) => void;

/** Reductions of the same rows, with what lies between them. */
export function joinReductions(draft: Draft, mayJoin: Movable, onMerged: Merged): void {
  const { nodes } = draft.task.ecg;
  for (const node of nodes) {
    const row = reducedRow(draft.task.ecg, node);
    if (row === undefined || draft.constraints.noSeeds.has(node.index)) continue;
    for (const earlier of reductionsBefore(draft, node.index, row)) {
      const slots = slotsBetween(draft, earlier, node.index);
      if (slots.length < 2 || !slots.every(mayJoin) || refusalOf(draft, slots)) continue;
      onMerged(merge(draft, slots, 'both reduce the same rows'), node.index);
    }
  }
}

/** Reductions of the same rows that an operator reads from through light operators alone; nearest first. */
function reductionsBefore({ task: { ecg } }: Draft, reduction: number, row: string): number[] {
  const found: number[] = [];
  const seen = new Set([reduction]);
  for (const operator of seen) {
    if (seen.size > MOST_BETWEEN) break;
    for (const producer of ecg.nodes[operator]!.producers) {
      const { mapping } = ecg.nodes[producer]!;
      if (seen.has(producer) || mapping === 'opaque') continue;
      if (mapping !== 'many-to-many') seen.add(producer);
      else if (reducedRow(ecg, ecg.nodes[producer]!) === row) found.push(producer);
    }
  }
  return [...new Set(found)];
}

/** Attention that is cheaper as one kernel. The rest is told why not, edge by edge. */
export function joinAttention(draft: Draft, mayJoin: Movable, onMerged: Merged): void {
  const { ecg, context } = draft.task;
  for (const { index } of ecg.nodes) {
    if (draft.constraints.noSeeds.has(index)) continue;
    const chain = attentionChain(ecg, index, context.limits.cache);
    if (chain === undefined) continue;
    const slots = slotsBetween(draft, chain.scores, chain.values);
    if (slots.length < 2 || !slots.every(mayJoin)) continue;
    const refusal = chain.refusal ?? refusalOf(draft, slots);
    if (refusal === undefined) {
      const detail = `attention: ${formatBytes(chain.bytes)} of scores stay on chip`;
      onMerged(merge(draft, slots, detail), index);
      continue;
    }
    for (const edge of chain.edges) {
      const { from, to } = ecg.edges[edge]!;
      if (draft.slotOf(from) !== draft.slotOf(to))
        draft.refuse(edge, refusal.reason, refusal.detail);
    }
  }
}

/** What every block of two operators has to hold. */
function slotsBetween(draft: Draft, from: number, to: number): readonly number[] {
  return draft.partition.closure(draft.slotOf(from), draft.slotOf(to));
}

function refusalOf(draft: Draft, slots: readonly number[]): Refusal | undefined {
  for (const [place, slot] of slots.entries()) {
    for (const other of slots.slice(0, place)) {
      const refusal = draft.userRefusal(other, slot);
      if (refusal !== undefined) return refusal;
    }
  }
  const operators = slots.flatMap((slot) => draft.members(slot));
  return draft.blockRefusal(operators.sort((a, b) => a - b));
}

/** @param slots in topological order, and all that lies between them: no merge closes a cycle. */
function merge(draft: Draft, slots: readonly number[], detail: string): number {
  const { edges, edgesOut } = draft.task.ecg;
  const inside = new Set(slots);
  for (const edge of slots.flatMap((s) => draft.members(s).flatMap((o) => edgesOut[o]!))) {
    const { from, to } = edges[edge]!;
    const [first, second] = [draft.slotOf(from), draft.slotOf(to)];
    if (first !== second && inside.has(second)) draft.accept(edge, 'row-kernel', detail);
  }
  return slots.reduce((merged, slot) => {
    const next = draft.partition.tryMerge(merged, slot);
    if (next < 0) throw new Error('internal: a path leaves what lies between two operators');
    return next;
  });
}
