/**
 * Which values of an inferred graph do not depend on its inputs: constants, and results of pure operators
 * over such values (too large to be folded, computed once when the model is packaged).
 */
import type { Graph } from '../graph/graph.ts';
import { lookupOperator } from '../ops/index.ts';

/** By value index. */
export function findConstantValues(graph: Graph): readonly boolean[] {
  const constant = graph.values.map((value) => value.constant !== undefined);
  for (const operator of graph.operators) {
    const entry = lookupOperator(operator.domain, operator.type);
    if (!entry || entry.properties.includes('impure')) continue;
    const read = [...operator.inputs, ...operator.captures].filter((value) => value >= 0);
    const all = read.length > 0 ? read.every((value) => constant[value]) : entry.source === true;
    if (all) for (const output of operator.outputs) if (output >= 0) constant[output] = true;
  }
  return constant;
}
