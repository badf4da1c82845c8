/**
 * Planner `extended`: Table 3 as in `dnnfusion`, but a light operator (any that is not Many-to-Many) joins what
 * computes its operands before it joins what reads its result. `dnnfusion` grows forward first, so whatever stands
 * between two convolutions becomes the prologue of the second, where it is stored or computed again for every
 * element of the window; as the epilogue of the first it is computed once, on accumulators in registers.
 *
 *   1. Blocks of `seed` overrides grow as in `dnnfusion`. Then reductions of the same rows, with what is between them,
 *      become one block each: a normalisation (joinRows.ts).
 *   2. In topological order every light operator joins the block of a Many-to-Many operator that it reads from, the
 *      latest where it reads from several (a residual Add). Not where most of its operands come from
 *      elsewhere (Concat): the block would write more than it does now.
 *   3. What is left grows from seeds as in `dnnfusion`, into the consumer first: One-to-One operators, then all
 *      other light ones.
 *   4. Blocks without any Many-to-Many operator join each other.
 *   5. Scores, Softmax and values of attention join where one kernel of them is cheaper (attentionChain.ts).
 *
 * Two things are seen more closely than Table 3 sees them: operators that broadcast one operand and read
 * another element by element compute like One-to-One (a gate in front of a convolution), and results are not
 * stored with gaps between them (memoryOrder.ts).
 */
import type { Ecg } from '../ecg/ecg.ts';
import type { MappingType } from '../mapping/mappingTypes.ts';
import { combine } from '../mapping/mappingTypes.ts';
import { blockMapping } from './blockMapping.ts';
import { repeatsWholeAxes } from './cost.ts';
import { blockTypes, growFrom, seedsOf } from './dnnfusion.ts';
import type { Draft } from './draft.ts';
import { joinAttention, joinReductions } from './joinRows.ts';
import { scattersResults } from './memoryOrder.ts';
import type { Ask } from './tableThree.ts';
import { askTable } from './tableThree.ts';

/** Parameters as of `growBlocks`. */
export function growFromProducers(
  draft: Draft,
  free: Uint8Array,
  seeds: readonly number[] = draft.constraints.seeds,
): void {
  const { nodes } = draft.task.ecg;
  const types = blockTypes(draft, computedAs);
  const movable = nodes.map(({ index }) => free[draft.slotOf(index)] === 1);
  growFrom(draft, free, types, seeds, ask);
  const onMerged = (slot: number, seed: number): void => {
    types[slot] = computedAs(draft.task.ecg, draft.members(slot));
    draft.growsFrom(slot, seed);
  };
  joinReductions(draft, (slot) => free[slot] === 1, onMerged);
  const anchors = new Set<number>();
  for (const { index } of nodes) {
    const anchor = joinProducer(draft, free, types, index);
    if (anchor !== undefined) anchors.add(anchor);
  }
  draft.seeds.push(...anchors);
  for (const wanted of [['one-to-one'], ['one-to-many', 'shuffle', 'reorganize']] as const) {
    growFrom(draft, free, types, seedsOf(draft, free, types, wanted), ask);
  }
  joinLight(draft, types, movable);
  joinAttention(draft, (slot) => movable[draft.members(slot)[0]!]!, onMerged);
}

/**
 * Step 2 for the block that starts with this operator.
 *
 * @returns the Many-to-Many operator of the block that it joined.
 */
function joinProducer(
  draft: Draft,
  free: Uint8Array,
  types: MappingType[],
  operator: number,
): number | undefined {
  const { edges, nodes } = draft.task.ecg;
  const slot = draft.slotOf(operator);
  if (draft.members(slot)[0] !== operator || free[slot] === 0 || !isLight(types[slot]!)) return;
  const incoming = edgesInto(draft, slot);
  const sources = new Set(incoming.map((edge) => draft.slotOf(edges[edge]!.from)));
  const written = draft.members(slot).reduce((sum, o) => sum + nodes[o]!.irsEstimate, 0);
  const asked = new Set<number>();
  for (const index of incoming.sort((a, b) => edges[b]!.from - edges[a]!.from)) {
    const { from, bytesEstimate } = edges[index]!;
    const source = draft.slotOf(from);
    const anchor = draft
      .members(source)
      .find((o) => nodes[o]!.mapping === 'many-to-many' && !draft.constraints.noSeeds.has(o));
    if (asked.has(source) || free[source] === 0 || anchor === undefined) continue;
    asked.add(source);
    if (sources.size > 1 && written > bytesEstimate) continue;
    const merged = join(draft, types, index);
    if (merged < 0) continue;
    free[source] = 0;
    free[slot] = 0;
    free[merged] = 1;
    return anchor;
  }
  return undefined;
}

/** Edges that bring data from other blocks. */
function edgesInto(draft: Draft, slot: number): number[] {
  const { edges, edgesIn } = draft.task.ecg;
  return draft
    .members(slot)
    .flatMap((operator) => edgesIn[operator]!)
    .filter((index) => {
      const { from, bytesEstimate } = edges[index]!;
      return bytesEstimate > 0 && draft.slotOf(from) !== slot;
    });
}

/** Step 4. @param movable by operator: whether its block may join others. */
function joinLight(draft: Draft, types: MappingType[], movable: readonly boolean[]): void {
  const mayJoin = (slot: number): boolean =>
    movable[draft.members(slot)[0]!]! && isLight(types[slot]!);
  for (const { index, from, to } of draft.task.ecg.edges) {
    const [first, second] = [draft.slotOf(from), draft.slotOf(to)];
    if (first !== second && mayJoin(first) && mayJoin(second)) join(draft, types, index);
  }
}

/** Merges the two blocks of an edge where Table 3 and the graph let it: the slot of both, or -1. */
function join(draft: Draft, types: MappingType[], edge: number): number {
  const { from, to } = draft.task.ecg.edges[edge]!;
  const [first, second] = [draft.slotOf(from), draft.slotOf(to)];
  const answer = ask(draft, first, second, [types[first]!, types[second]!]);
  if (!answer.fuse) {
    draft.refuse(edge, answer.reason, answer.detail);
    return -1;
  }
  const merged = draft.partition.tryMerge(first, second);
  if (merged < 0) {
    draft.refuse(edge, 'cycle');
    return -1;
  }
  draft.accept(edge, answer.reason, answer.detail);
  types[merged] = answer.result;
  return merged;
}

function isLight(type: MappingType): boolean {
  return type !== 'many-to-many' && type !== 'opaque';
}

/** Table 3 for types that `computedAs` gave. */
const ask: Ask = (draft, first, second, types) => {
  const { ecg } = draft.task;
  const answer = askTable(draft, first, second, types);
  if (!answer.fuse || answer.reason === 'yellow-profiled') return answer;
  const [from, to] = [draft.members(first), draft.members(second)];
  const scattering = types[0] === 'many-to-many' ? scattersResults(ecg, from, to) : undefined;
  if (scattering !== undefined) {
    const [pair] = answer.detail.split('; ');
    const why = `${ecg.nodes[scattering]!.operator.type} would store every result apart from its neighbour`;
    return { fuse: false, reason: 'yellow-not-profitable', detail: `${pair}; ${why}` };
  }
  const isAsDeclared = types[0] === blockMapping(ecg, from) && types[1] === blockMapping(ecg, to);
  return isAsDeclared ? answer : { ...answer, detail: `broadcasting aside, ${answer.detail}` };
};

/** Mapping type of a block whose gates count as One-to-One. */
function computedAs(ecg: Ecg, operators: readonly number[]): MappingType {
  const [first, ...rest] = operators.map((operator) =>
    isGate(ecg, operator) ? 'one-to-one' : ecg.nodes[operator]!.mapping,
  );
  return rest.reduce((type, next) => combine(type, next).result, first!);
}

/**
 * Whether an operator gives as many elements as one of its operands, reads that one element by element, and repeats
 * the others along whole axes only: squeeze and excitation, masks, scales.
 */
function isGate(ecg: Ecg, operator: number): boolean {
  const { mapping, irsEstimate, operator: node } = ecg.nodes[operator]!;
  if (mapping !== 'one-to-many') return false;
  const edges = ecg.edgesIn[operator]!.map((edge) => ecg.edges[edge]!);
  const isOneToOne = (edge: (typeof edges)[number]): boolean => edge.mapping === 'one-to-one';
  return (
    edges.some((edge) => isOneToOne(edge) && edge.bytesEstimate === irsEstimate) &&
    edges.every((edge) => isOneToOne(edge) || repeatsWholeAxes(ecg, edge.value, node.outputs[0]!))
  );
}
