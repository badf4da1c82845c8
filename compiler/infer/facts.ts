/**
 * What inference finds out about the values of one graph, by value index, and the names under which a
 * subgraph sees the values around it.
 */
import type { Diagnostic } from '../diagnostics.ts';
import type { Graph, KnownTensor } from '../graph/graph.ts';
import type { ValueType } from '../graph/types.ts';
import type { ValueFacts } from '../ops/operatorView.ts';

/** Facts of a graph that was inferred. */
export interface GraphFacts extends ValueFacts {
  readonly graph: Graph;
  readonly types: ValueType[];
  readonly known: (KnownTensor | undefined)[];
  readonly constant: boolean[];
  /** Symbols that operators of this graph brought in, with the operator's index: their value comes from it. */
  readonly symbolOwners: Map<string, number>;
  readonly diagnostics: Diagnostic[];
}

/** A graph's facts and the graphs around it. */
export class FactScope {
  private names: Map<string, number> | undefined;

  constructor(
    readonly facts: GraphFacts,
    readonly outer?: FactScope,
  ) {}

  /** Facts and index of a value of this graph or an enclosing one. */
  find(name: string): { readonly facts: GraphFacts; readonly index: number } | undefined {
    this.names ??= new Map(this.facts.graph.values.map((value) => [value.name, value.index]));
    const index = this.names.get(name);
    return index === undefined ? this.outer?.find(name) : { facts: this.facts, index };
  }
}
