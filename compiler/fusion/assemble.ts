/**
 * Turns a finished draft into the plan: blocks in topological order, a verdict for every edge, removable values.
 */
import type { MappingType } from '../mapping/mappingTypes.ts';
import { MAPPING_TYPE_NAMES, combine } from '../mapping/mappingTypes.ts';
import { blockMapping } from './blockMapping.ts';
import { cutBetween } from './constraints.ts';
import type { Draft } from './draft.ts';
import { verdict } from './draft.ts';
import { topologicalOrder } from './partition.ts';
import type { FusionBlock, FusionPlan, OverrideOutcome, PlannerName, Verdict } from './plan.ts';
import { removableValues } from './removable.ts';

export function assemblePlan(
  draft: Draft,
  planner: PlannerName,
  overrides: readonly OverrideOutcome[],
): FusionPlan {
  const { ecg } = draft.task;
  const { partition } = draft;
  const order = topologicalOrder(ecg, partition.blockOf, partition.members);
  if (order === undefined) throw new Error('internal: planning made a cycle between blocks');
  const seedOf = new Map<number, number>();
  for (const seed of draft.seeds) {
    const slot = draft.slotOf(seed);
    if (!seedOf.has(slot)) seedOf.set(slot, seed);
  }
  const blockOf = new Int32Array(ecg.nodes.length);
  const blocks = order.map((slot, index): FusionBlock => {
    const operators = draft.members(slot);
    for (const operator of operators) blockOf[operator] = index;
    return {
      index,
      id: ecg.nodes[operators[0]!]!.operator.id,
      operators: [...operators],
      seed: seedOf.get(slot) ?? -1,
      mapping: blockMapping(ecg, operators),
      pinned: draft.isPinned(slot),
    };
  });
  const verdicts = ecg.edges.map((edge) => {
    const [from, to] = [blocks[blockOf[edge.from]!]!, blocks[blockOf[edge.to]!]!];
    const noted = draft.verdicts[edge.index];
    if (from === to) return noted?.fused ? noted : JOINED;
    return borderVerdict(draft, planner, from, to, edge.from, edge.to, noted);
  });
  const removable = removableValues(ecg, blockOf);
  return { planner, blocks, blockOf, verdicts, removable, overrides };
}

const JOINED = verdict(true, 'joined');
const OPAQUE = verdict(false, 'opaque');
const PINNED = verdict(false, 'user-pin-border');
const PLANNER_NONE = verdict(false, 'planner-none');
const NOT_IN_PATTERN = verdict(false, 'not-in-pattern');
const NO_SEED = verdict(false, 'no-seed');
const NOT_REACHED = verdict(false, 'not-reached');

/**
 * The reason of an edge between two blocks: what the user decided first, then what the planner noted, then what
 * holds for the blocks as they are.
 */
function borderVerdict(
  draft: Draft,
  planner: PlannerName,
  from: FusionBlock,
  to: FusionBlock,
  producer: number,
  consumer: number,
  noted: Verdict | undefined,
): Verdict {
  const { nodes } = draft.task.ecg;
  if (nodes[producer]!.mapping === 'opaque' || nodes[consumer]!.mapping === 'opaque') return OPAQUE;
  const { constraints } = draft;
  if (constraints.cuts.size > 0) {
    const cut = cutBetween(constraints, from.operators, to.operators);
    if (cut !== undefined) {
      if (noted?.reason === 'user-cut') return noted;
      if (constraints.cuts.get(producer)?.has(consumer)) return verdict(false, 'user-cut');
      const names = cut.map((operator) => nodes[operator]!.operator.type);
      return verdict(false, 'user-cut', names.join(' | '));
    }
  }
  if (from.pinned || to.pinned) return PINNED;
  if (planner === 'none') return PLANNER_NONE;
  if (noted !== undefined && !noted.fused && !noted.reason.startsWith('user-')) return noted;
  if (planner === 'pattern') return NOT_IN_PATTERN;
  if (combine(from.mapping, to.mapping).colour === 'red') {
    return verdict(false, 'red', pair(from.mapping, to.mapping));
  }
  return from.seed < 0 && to.seed < 0 ? NO_SEED : NOT_REACHED;
}

function pair(first: MappingType, second: MappingType): string {
  return `${MAPPING_TYPE_NAMES[first]} followed by ${MAPPING_TYPE_NAMES[second]}`;
}
