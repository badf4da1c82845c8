/** A graph without some of its operators, whose results have become constants; values that nobody reads go with them. */
import type { Graph, Value } from '../graph/graph.ts';

/** @param values by index, those that take the place of the graph's. */
export function withoutOperators(
  graph: Graph,
  gone: ReadonlySet<number>,
  values: readonly Value[],
): Graph {
  const kept = graph.operators.filter(({ index }) => !gone.has(index));
  const used = new Set([...graph.inputs, ...graph.outputs]);
  for (const { inputs, outputs, captures } of kept) {
    for (const value of [...inputs, ...outputs, ...captures]) used.add(value);
  }
  const left = values.filter(({ index }) => used.has(index));
  const valueAt = new Map(left.map(({ index }, at) => [index, at]));
  const operatorAt = new Map(kept.map(({ index }, at) => [index, at]));
  const renumber = (indices: readonly number[]): number[] =>
    indices.map((index) => valueAt.get(index) ?? -1);
  const consumers: number[][] = left.map(() => []);
  const operators = kept.map((operator, index) => {
    const inputs = renumber(operator.inputs);
    const captures = renumber(operator.captures);
    for (const value of new Set([...inputs, ...captures])) consumers[value]?.push(index);
    return { ...operator, index, inputs, captures, outputs: renumber(operator.outputs) };
  });
  return {
    ...graph,
    values: left.map((value, index) => ({
      ...value,
      index,
      producer: operatorAt.get(value.producer) ?? -1,
      consumers: consumers[index]!,
    })),
    operators,
    inputs: renumber(graph.inputs),
    outputs: renumber(graph.outputs),
  };
}
