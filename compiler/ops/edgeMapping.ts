/**
 * Mapping rules of operators with parameters beside their data: a type for the operator, one for each of
 * the first edges, and One-to-Many for the rest (biases, scales, zero points and sizes feed many elements).
 */
import type { MappingType } from '../mapping/mappingTypes.ts';
import type { Mapping, OpView } from './define.ts';
import type { MappingRule } from './mappingRules.ts';
import { nodeMapping } from './mappingRules.ts';

/** `node` whatever the edges are; `edges` on the first inputs, One-to-Many on the others. */
export function withEdges(
  node: MappingType,
  edges: readonly MappingType[],
  note?: (op: OpView) => string | undefined,
): MappingRule {
  return (op) => {
    const text = note?.(op);
    const all = edgeList(op, edges);
    return text === undefined ? { node, edges: all } : { node, edges: all, note: text };
  };
}

/** The operator takes the most complex of its runtime edges; `edges` as in `withEdges`. */
export function fromEdges(edges: readonly MappingType[]): MappingRule {
  return (op) => nodeMapping(op, edgeList(op, edges));
}

/** One-to-One from the first input: the operator does nothing but copy in this case. */
export function identityMapping(op: OpView, note: string): Mapping {
  return { node: 'one-to-one', edges: edgeList(op, ['one-to-one']), note };
}

export function edgeList(op: OpView, edges: readonly MappingType[]): MappingType[] {
  return Array.from({ length: op.inputCount }, (_, input) => edges[input] ?? 'one-to-many');
}
