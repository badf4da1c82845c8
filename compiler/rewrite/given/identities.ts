/** What rules about identities compute from their matches. */
import { countOf } from '../../ops/known.ts';
import { dimsOf, scalarOf } from '../constants.ts';
import type { Match } from '../match.ts';
import type { GivenRule } from '../rule.ts';

/** The result of another operator that computes the same as the one labelled. */
export function sameComputation(label: string): GivenRule {
  return ({ graph, labels }) => {
    const node = labels.get(label);
    const other = graph.nodes[graph.byKey.get(node?.key ?? '') ?? -1];
    if (!node || !other || other === node || !other.isLive) return undefined;
    return { value: other.operator.outputs[0] ?? -1 };
  };
}

/** Largest tensor of equal elements that is made: beyond, it is cheaper to compute than to keep. */
const MOST_FILLED = 4096;

/** The match's result with all elements `value`. */
export function filled(value: number): GivenRule {
  return ({ graph, result }) => {
    const type = graph.types[result.index];
    const dims = dimsOf(graph, result.index);
    if (!dims || type?.kind !== 'tensor' || countOf(dims) > MOST_FILLED) return undefined;
    return { dtype: type.dtype, dims, data: new Array<number>(countOf(dims)).fill(value) };
  };
}

/**
 * A bound (input 1 or 2 of Clip) of `outer(inner(x))`, each a Clip with constant bounds or a Relu: what `outer` makes
 * of the inner bound, which is right as long as the inner bounds are in order.
 */
export function clipBound(which: 1 | 2): GivenRule {
  return (match) => {
    const inner = boundsOf(match, 'inner');
    const outer = boundsOf(match, 'outer');
    if (!inner || !outer || inner[0] > inner[1] || outer[0] > outer[1]) return undefined;
    const bound = Math.min(Math.max(inner[which - 1] as number, outer[0]), outer[1]);
    if (!Number.isFinite(bound)) return 'absent';
    const type = match.graph.types[match.result.index];
    if (type?.kind !== 'tensor') return undefined;
    return { dtype: type.dtype, dims: [], data: [bound] };
  };
}

function boundsOf(match: Match, label: string): readonly [number, number] | undefined {
  const { type, inputs } = match.node(label).operator;
  if (type === 'Relu') return [0, Infinity];
  const [, low = -1, high = -1] = inputs;
  const from = low < 0 ? -Infinity : scalarOf(match.graph, low);
  const to = high < 0 ? Infinity : scalarOf(match.graph, high);
  return from === undefined || to === undefined ? undefined : [from, to];
}
