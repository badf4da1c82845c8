/**
 * What lowering knows of a graph's values, in the form that operator views read.
 */
import { findConstantValues } from '../ecg/constantValues.ts';
import type { Graph } from '../graph/graph.ts';
import type { ValueFacts } from '../ops/operatorView.ts';

export function valueFacts(graph: Graph): ValueFacts {
  return {
    types: graph.values.map(({ type }) => type),
    known: graph.values.map(({ known }) => known),
    constant: findConstantValues(graph),
  };
}
