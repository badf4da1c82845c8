/**
 * What of the user's view survives a new plan: expanded blocks and the selection, by the operators in them,
 * since blocks come and go with every edit.
 */
import type {
  DocumentState,
  GraphSnapshot,
  PlanSnapshot,
  Selection,
} from '../../compiler/protocol.ts';
import { graphIndex } from './graphIndex.ts';

type Shown = Pick<DocumentState, 'graph' | 'plan'>;

/** Blocks of `next` that hold an operator whose block was expanded in `previous`. */
export function carryExpanded(
  expanded: ReadonlySet<string>,
  previous: Shown,
  next: Shown,
): ReadonlySet<string> {
  if (expanded.size === 0) return expanded;
  const result = new Set<string>();
  const sameIds = previous.graph.ids === next.graph.ids;
  const place = sameIds ? undefined : graphIndex(next.graph).operatorOfId;
  previous.plan.blockOf.forEach((block, operator) => {
    if (!expanded.has(previous.plan.blockIds[block]!)) return;
    const now = place ? place.get(previous.graph.ids[operator]!) : operator;
    const id = now === undefined ? undefined : blockIdOf(next.plan, now);
    if (id !== undefined) result.add(id);
  });
  return result;
}

/** Restored ids, checked against what is there: each names an operator, hence a block. */
export function validExpanded(ids: readonly string[], { graph, plan }: Shown): ReadonlySet<string> {
  const { operatorOfId } = graphIndex(graph);
  const result = new Set<string>();
  for (const id of ids) {
    const operator = operatorOfId.get(id);
    const block = operator === undefined ? undefined : blockIdOf(plan, operator);
    if (block !== undefined) result.add(block);
  }
  return result;
}

/** The same selection in another plan; a block's id is an operator's id and finds its block of today. */
export function carrySelection(
  selection: Selection | null,
  { graph, plan }: Shown,
): Selection | null {
  if (!selection) return null;
  const { operatorOfId } = graphIndex(graph);
  if (selection.kind === 'edge') {
    const there = operatorOfId.has(selection.from) && operatorOfId.has(selection.to);
    return there ? selection : null;
  }
  const operator = operatorOfId.get(selection.id);
  if (operator === undefined) return null;
  if (selection.kind === 'operator') return selection;
  const id = blockIdOf(plan, operator);
  if (id === undefined) return null;
  return id === selection.id ? selection : { kind: 'block', id };
}

export function multiOperatorBlocks(plan: PlanSnapshot): string[] {
  const size = new Int32Array(plan.blockIds.length);
  for (const block of plan.blockOf) size[block]!++;
  return plan.blockIds.filter((_, block) => size[block]! > 1);
}

export function operatorOf(graph: GraphSnapshot, id: string): number | undefined {
  return graphIndex(graph).operatorOfId.get(id);
}

function blockIdOf(plan: PlanSnapshot, operator: number): string | undefined {
  return plan.blockIds[plan.blockOf[operator] ?? -1];
}
