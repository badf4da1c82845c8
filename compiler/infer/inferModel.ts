/**
 * Shape and type inference of a whole model: dim bindings applied, every value typed as far as the model
 * tells, shape arithmetic evaluated, constants folded, dead operators removed. Works on a canonical model
 * (`onnx/importModel`) and returns a new one; never throws because of what a file says.
 */
import type { Diagnostic } from '../diagnostics.ts';
import { diagnostic } from '../diagnostics.ts';
import type { Bindings } from '../graph/dim.ts';
import { symbolsOf } from '../graph/dim.ts';
import type { Graph, Model, SymbolInfo } from '../graph/graph.ts';
import type { ValueType } from '../graph/types.ts';
import type { GraphFacts } from './facts.ts';
import { inferGraph, InferSession } from './inferGraph.ts';
import { rebuildGraph } from './rebuild.ts';

export interface InferOptions {
  /** Values of symbols; the rest stays symbolic. */
  readonly bindings: Bindings;
}

const MOST_DIAGNOSTICS = 1000;

export function inferModel(model: Model, { bindings }: InferOptions): Model {
  const session = new InferSession(model, bindings);
  const facts = inferGraph(session, model.graph, [], undefined);
  const factsOf = (graph: Graph): GraphFacts | undefined => session.inferred.get(graph);
  const graph = rebuildGraph(facts, factsOf);
  return {
    ...model,
    graph,
    symbols: usedSymbols(model, session, graph),
    diagnostics: [...model.diagnostics, ...collectDiagnostics(facts, factsOf)],
  };
}

/** Of the last run over every graph, in the order of the operators. */
function collectDiagnostics(
  facts: GraphFacts,
  factsOf: (graph: Graph) => GraphFacts | undefined,
): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const collect = ({ graph, diagnostics }: GraphFacts, mayNotRun: boolean): void => {
    // Of alternative bodies, one that does not fit the shapes is a guard of the exporter: never taken.
    found.push(...diagnostics.filter(({ code }) => !mayNotRun || code !== 'shape/mismatch'));
    for (const { subgraphs } of graph.operators) {
      for (const body of subgraphs.values()) {
        const inner = factsOf(body);
        if (inner && found.length < MOST_DIAGNOSTICS)
          collect(inner, mayNotRun || subgraphs.size > 1);
      }
    }
  };
  collect(facts, false);
  if (found.length <= MOST_DIAGNOSTICS) return found;
  const rest = found.length - MOST_DIAGNOSTICS;
  const note = diagnostic('model/unsupported', `${rest} more messages about shapes are not shown.`);
  return [...found.slice(0, MOST_DIAGNOSTICS), note];
}

/** All sizes that inputs leave open, and those data-dependent ones that are still in use. */
function usedSymbols(
  model: Model,
  session: InferSession,
  graph: Graph,
): ReadonlyMap<string, SymbolInfo> {
  const used = new Set<string>();
  collectSymbols(graph, used);
  // Bounds may name sizes that nothing else has any more; a set grows while it is walked.
  for (const name of used) {
    const bound = session.symbols.all.get(name)?.upperBound;
    if (bound !== undefined) symbolsOf(bound, used);
  }
  const symbols = new Map<string, SymbolInfo>();
  for (const [name, info] of model.symbols) {
    if (info.origin === 'input' || used.has(name)) symbols.set(name, info);
  }
  for (const [name, info] of session.symbols.all) if (used.has(name)) symbols.set(name, info);
  return symbols;
}

function collectSymbols(graph: Graph, into: Set<string>): void {
  for (const { type, known } of graph.values) {
    symbolsOfType(type, into);
    for (const element of known?.data ?? []) if (element !== undefined) symbolsOf(element, into);
  }
  for (const operator of graph.operators) {
    for (const body of operator.subgraphs.values()) collectSymbols(body, into);
  }
}

function symbolsOfType(type: ValueType, into: Set<string>): void {
  if (type.kind === 'tensor') type.shape?.forEach((dim) => symbolsOf(dim, into));
  else if (type.kind === 'sequence' || type.kind === 'optional') symbolsOfType(type.element, into);
}
