/**
 * Writes inferred facts into a new graph: types and known elements on every value, folded constants in the
 * place of the operators that computed them, dead operators and unused values gone. Ids and names stay.
 */
import type { Graph, Operator, Value } from '../graph/graph.ts';
import { UNKNOWN_TYPE } from '../graph/types.ts';
import { isNumeric } from '../ops/known.ts';
import type { GraphFacts } from './facts.ts';
import type { Liveness } from './liveness.ts';
import { findLive } from './liveness.ts';

/** `factsOf`: facts of every subgraph. */
export function rebuildGraph(
  facts: GraphFacts,
  factsOf: (graph: Graph) => GraphFacts | undefined,
): Graph {
  const { graph } = facts;
  const bodies = new Map<Operator, ReadonlyMap<string, Graph>>();
  const captures = new Map<Operator, readonly number[]>();
  for (const operator of graph.operators) {
    if (operator.subgraphs.size === 0) continue;
    const rebuilt = new Map(
      [...operator.subgraphs].map(([name, body]) => {
        const found = factsOf(body);
        return [name, found ? rebuildGraph(found, factsOf) : body] as const;
      }),
    );
    bodies.set(operator, rebuilt);
    const read = outerNames(rebuilt.values());
    captures.set(
      operator,
      operator.captures.filter((value) => read.has(graph.values[value]?.name ?? '')),
    );
  }
  const capturesOf = (operator: Operator): readonly number[] => captures.get(operator) ?? [];
  const bodiesOf = (operator: Operator): Iterable<Graph> => bodies.get(operator)?.values() ?? [];
  const live = findLive(facts, capturesOf, bodiesOf);
  return assemble(facts, live, capturesOf, bodies);
}

/** Names of values of the enclosing graph that the bodies read (bodies inside them read through them). */
function outerNames(bodies: Iterable<Graph>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const body of bodies) {
    for (const { outer } of body.values) if (outer !== undefined) names.add(outer);
  }
  return names;
}

function assemble(
  facts: GraphFacts,
  live: Liveness,
  capturesOf: (operator: Operator) => readonly number[],
  bodies: ReadonlyMap<Operator, ReadonlyMap<string, Graph>>,
): Graph {
  const { graph } = facts;
  const kept = graph.operators.filter((operator) => live.operators[operator.index]);
  const used = new Set<number>([...graph.inputs, ...graph.outputs]);
  for (const operator of kept) {
    for (const value of operator.inputs) used.add(value);
    for (const value of operator.outputs) used.add(value);
    for (const value of capturesOf(operator)) used.add(value);
  }
  const values = graph.values.filter((value) => used.has(value.index));
  const valueIndex = new Map(values.map((value, index) => [value.index, index]));
  const operatorIndex = new Map(kept.map((operator, index) => [operator.index, index]));
  const renumber = (indices: readonly number[]): number[] =>
    indices.map((index) => valueIndex.get(index) ?? -1);

  const consumers: number[][] = values.map(() => []);
  const operators = kept.map((operator, index): Operator => {
    const inputs = renumber(operator.inputs);
    const captures = renumber(capturesOf(operator));
    for (const value of new Set([...inputs, ...captures])) consumers[value]?.push(index);
    return {
      ...operator,
      index,
      inputs,
      outputs: renumber(operator.outputs),
      captures,
      subgraphs: bodies.get(operator) ?? operator.subgraphs,
    };
  });
  return {
    ...graph,
    values: values.map((value, index) => ({
      ...describeValue(facts, value, operatorIndex.get(value.producer)),
      index,
      consumers: consumers[index] as number[],
    })),
    operators,
    inputs: renumber(graph.inputs),
    outputs: renumber(graph.outputs),
  };
}

/** A value whose producer is gone becomes a constant, or a size expression that only `known` holds. */
function describeValue(facts: GraphFacts, value: Value, producer: number | undefined): Value {
  const known = facts.known[value.index];
  const type = facts.types[value.index] ?? UNKNOWN_TYPE;
  const described: Value = { ...value, type, ...(known && { known }) };
  if (producer !== undefined) return { ...described, producer };
  if (value.producer < 0 || !known) return described;
  const settled: Value = { ...described, producer: -1, slot: 0 };
  if (!isNumeric(known)) return settled;
  const { dtype, dims } = known;
  return { ...settled, constant: { dtype, dims, source: { kind: 'computed' } } };
}
