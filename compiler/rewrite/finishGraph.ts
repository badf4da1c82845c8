/**
 * Writes a rewritten graph back into the immutable form: live operators in topological order, as close to the old
 * order as possible; values in use, renumbered.
 */
import type { Graph, Operator, Value } from '../graph/graph.ts';
import { UNKNOWN_TYPE } from '../graph/types.ts';
import type { Cell, Node, RewriteGraph } from './rewriteGraph.ts';

export function finishGraph(rewritten: RewriteGraph): Graph {
  const { graph, cells } = rewritten;
  const ordered = inOrder(rewritten);
  const used = new Set<number>([...graph.inputs, ...rewritten.outputs]);
  for (const { operator } of ordered) {
    const { inputs, outputs, captures } = operator;
    for (const value of [...inputs, ...outputs, ...captures]) if (value >= 0) used.add(value);
  }
  // A body keeps the values of graphs around it, read or not: its operator's captures name them.
  for (const { index, outer } of cells) if (outer !== undefined) used.add(index);
  const kept = [...used].sort((a, b) => a - b).map((index) => cells[index] as Cell);
  const valueIndex = new Map(kept.map(({ index }, place) => [index, place]));
  const operatorIndex = new Map(ordered.map(({ index }, place) => [index, place]));
  const renumber = (values: readonly number[]): number[] =>
    values.map((value) => valueIndex.get(value) ?? -1);
  const operators = ordered.map(({ operator }, index): Operator => ({
    ...operator,
    index,
    inputs: renumber(operator.inputs),
    outputs: renumber(operator.outputs),
    captures: renumber(operator.captures),
  }));
  const values = kept.map((cell, index): Value => {
    const known = rewritten.known[cell.index];
    return {
      index,
      name: cell.name,
      type: rewritten.types[cell.index] ?? UNKNOWN_TYPE,
      producer: operatorIndex.get(cell.producer) ?? -1,
      slot: cell.slot,
      consumers: [...cell.readers]
        .map((reader) => operatorIndex.get(reader) ?? -1)
        .sort((a, b) => a - b),
      ...(cell.constant && { constant: cell.constant }),
      ...(known && { known }),
      isInput: cell.isInput,
      isOutput: cell.isOutput,
      ...(cell.outer !== undefined && { outer: cell.outer }),
    };
  });
  return {
    ...graph,
    values,
    operators,
    inputs: renumber(graph.inputs),
    outputs: renumber(rewritten.outputs),
  };
}

/** Producers before readers; otherwise in the order that operators had. Without recursion: graphs are deep. */
function inOrder(rewritten: RewriteGraph): readonly Node[] {
  const live = rewritten.nodes.filter(({ isLive }) => isLive);
  live.sort((a, b) => a.order - b.order || a.index - b.index);
  const ordered: Node[] = [];
  const done = new Set<number>();
  for (const node of live) {
    const stack = [node];
    while (stack.length > 0) {
      const top = stack.at(-1) as Node;
      if (done.has(top.index)) {
        stack.pop();
        continue;
      }
      const { inputs, captures } = top.operator;
      const missing = [...inputs, ...captures]
        .map((value) => rewritten.producerOf(value))
        .filter(
          (producer): producer is Node => producer !== undefined && !done.has(producer.index),
        );
      if (missing.length > 0) {
        stack.push(...missing.reverse());
        continue;
      }
      stack.pop();
      done.add(top.index);
      ordered.push(top);
    }
  }
  return ordered;
}
