/**
 * Which operator finds out which data-dependent size: the first one in topological order whose results have it.
 */
import { symbolsOf } from '../graph/dim.ts';
import type { Graph, Value } from '../graph/graph.ts';

const answers = new WeakMap<Graph, ReadonlyMap<number, readonly string[]>>();

/** Symbols by the operator of this graph that brings them in. */
export function sizesFoundIn(graph: Graph): ReadonlyMap<number, readonly string[]> {
  let known = answers.get(graph);
  if (known === undefined) {
    known = findSizes(graph);
    answers.set(graph, known);
  }
  return known;
}

function findSizes(graph: Graph): ReadonlyMap<number, readonly string[]> {
  const seen = new Set<string>();
  // What is bound around the graph; size expressions mention only what is found in it or around it.
  for (const value of graph.values) {
    if (value.isInput || value.outer !== undefined) symbolsIn(value, seen);
  }
  const found = new Map<number, readonly string[]>();
  for (const { index, outputs } of graph.operators) {
    const own = new Set<string>();
    for (const output of outputs) if (output >= 0) symbolsIn(graph.values[output]!, own);
    const fresh = [...own].filter((symbol) => !seen.has(symbol));
    if (fresh.length > 0) found.set(index, fresh);
    for (const symbol of fresh) seen.add(symbol);
  }
  return found;
}

function symbolsIn({ type, known }: Value, into: Set<string>): void {
  if (type.kind === 'tensor') type.shape?.forEach((dim) => symbolsOf(dim, into));
  known?.data.forEach((element) => element !== undefined && symbolsOf(element, into));
}
