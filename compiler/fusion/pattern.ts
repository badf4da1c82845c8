/**
 * Planner `pattern`: fixed patterns (patterns.ts), matched greedily in topological order, as converters and
 * run-times with a list of known combinations do. The baseline that `dnnfusion` is compared with.
 */
import type { EcgEdge } from '../ecg/ecg.ts';
import { cutBetween } from './constraints.ts';
import type { Draft } from './draft.ts';
import type { ChainPattern, ChainStep, CompositePattern } from './patterns.ts';
import { CHAINS, COMPOSITES } from './patterns.ts';

/** @param free by slot, as for `growBlocks`; operators that matched a pattern are no longer free. */
export function matchPatterns(draft: Draft, free: Uint8Array): void {
  const { nodes } = draft.task.ecg;
  // Composites first: their operators would otherwise be eaten by elementwise chains.
  for (const { index } of nodes) {
    for (const pattern of COMPOSITES) if (matchComposite(draft, free, pattern, index)) break;
  }
  for (const pattern of CHAINS) {
    for (const { index } of nodes) matchChain(draft, free, pattern, index);
  }
}

function isFree(draft: Draft, free: Uint8Array, operator: number): boolean {
  return free[draft.slotOf(operator)] === 1 && draft.members(draft.slotOf(operator)).length === 1;
}

function typeOf(draft: Draft, operator: number): string {
  const { type, domain } = draft.task.ecg.nodes[operator]!.operator;
  return domain === '' ? type : `${domain}.${type}`;
}

/** The only edge that leaves an operator, if its single result is read once and is no output of the graph. */
function onlyEdge(draft: Draft, operator: number): EcgEdge | undefined {
  const { ecg } = draft.task;
  const edges = ecg.edgesOut[operator]!;
  if (edges.length !== 1 || ecg.nodes[operator]!.isGraphOutput) return undefined;
  const edge = ecg.edges[edges[0]!]!;
  return edge.slots.length === 1 ? edge : undefined;
}

function matchChain(draft: Draft, free: Uint8Array, pattern: ChainPattern, anchor: number): void {
  if (!pattern.anchor.has(typeOf(draft, anchor)) || !isFree(draft, free, anchor)) return;
  if (pattern.elementwise && draft.task.ecg.nodes[anchor]!.mapping !== 'one-to-one') return;
  let last = anchor;
  for (const step of pattern.steps) {
    for (let taken = 0; taken < (step.most ?? 1); taken++) {
      const next = nextOf(draft, free, last, step);
      if (next === undefined) break;
      last = next;
    }
  }
}

/** Joins the consumer of `last` when the step describes it. */
function nextOf(draft: Draft, free: Uint8Array, last: number, step: ChainStep): number | undefined {
  const { ecg } = draft.task;
  const edge = onlyEdge(draft, last);
  if (edge === undefined || !isFree(draft, free, edge.to)) return undefined;
  const node = ecg.nodes[edge.to]!;
  if (!step.types.has(typeOf(draft, edge.to))) return undefined;
  if (step.sameShape && node.mapping !== 'one-to-one') return undefined;
  if (step.constantOperand && ecg.edgesIn[edge.to]!.length > 1) return undefined;
  const slots = [draft.slotOf(last), draft.slotOf(edge.to)] as const;
  if (!join(draft, slots, edge.index)) return undefined;
  free[draft.slotOf(last)] = 0;
  return edge.to;
}

function join(draft: Draft, [a, b]: readonly [number, number], edge: number): boolean {
  const refusal = draft.refusal(a, b);
  if (refusal !== undefined) {
    draft.refuse(edge, refusal.reason, refusal.detail);
    return false;
  }
  if (draft.partition.tryMerge(a, b) < 0) {
    draft.refuse(edge, 'cycle');
    return false;
  }
  draft.accept(edge, 'pattern');
  return true;
}

/**
 * A composite is a list of operators in topological order, each reading from earlier ones; the match starts
 * at the first. No result inside may be needed outside, except that of the last.
 */
function matchComposite(
  draft: Draft,
  free: Uint8Array,
  pattern: CompositePattern,
  first: number,
): boolean {
  const bound = bindComposite(draft, free, pattern, first);
  if (bound === undefined) return false;
  const { ecg } = draft.task;
  const inside = new Set(bound);
  const last = bound[bound.length - 1]!;
  for (const operator of bound) {
    if (operator === last) continue;
    const { isGraphOutput, consumers } = ecg.nodes[operator]!;
    if (isGraphOutput || consumers.some((consumer) => !inside.has(consumer))) return false;
  }
  const ascending = [...bound].sort((x, y) => x - y);
  if (!draft.task.context.canCompile(ecg, ascending).ok) return false;
  // All or nothing: nothing inside is read outside, so only constraints can refuse.
  if (ascending.some((operator) => draft.isPinned(draft.slotOf(operator)))) return false;
  if (cutBetween(draft.constraints, ascending, ascending) !== undefined) {
    return false;
  }
  for (const operator of ascending) {
    for (const edge of ecg.edgesOut[operator]!) {
      const { to } = ecg.edges[edge]!;
      if (!inside.has(to)) continue;
      const merged = draft.partition.tryMerge(draft.slotOf(operator), draft.slotOf(to));
      if (merged >= 0) draft.accept(edge, 'pattern');
    }
  }
  for (const operator of ascending) free[operator] = 0;
  return true;
}

function bindComposite(
  draft: Draft,
  free: Uint8Array,
  pattern: CompositePattern,
  first: number,
): readonly number[] | undefined {
  const { ecg } = draft.task;
  const bind = (bound: readonly number[]): readonly number[] | undefined => {
    const step = pattern.operators[bound.length];
    if (step === undefined) return bound;
    const reads = step.reads.map((place) => bound[place]!);
    // Without reads inside, a sibling: it reads what the first operator reads.
    const candidates =
      reads.length > 0
        ? ecg.nodes[reads[0]!]!.consumers
        : ecg.nodes[first]!.producers.flatMap((producer) => ecg.nodes[producer]!.consumers);
    for (const candidate of candidates) {
      if (bound.includes(candidate) || !step.types.has(typeOf(draft, candidate))) continue;
      if (!isFree(draft, free, candidate)) continue;
      const { producers } = ecg.nodes[candidate]!;
      if (!reads.every((read) => producers.includes(read))) continue;
      const result = bind([...bound, candidate]);
      if (result !== undefined) return result;
    }
    return undefined;
  };
  const [start] = pattern.operators;
  if (!start!.types.has(typeOf(draft, first)) || !isFree(draft, free, first)) return undefined;
  return bind([first]);
}
