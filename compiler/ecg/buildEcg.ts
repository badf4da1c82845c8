/**
 * Builds the Extended Computational Graph (DNNFusion section 4.1) of an inferred model's main graph, or of
 * one of its subgraphs: mapping types per operator and input edge, algebraic properties, FLOPs and
 * intermediate result sizes, exact (symbolic) and estimated under the bindings.
 */
import type { Bindings, Dim } from '../graph/dim.ts';
import { dimAdd } from '../graph/dim.ts';
import type { Graph, Model, Operator } from '../graph/graph.ts';
import type { MappingType } from '../mapping/mappingTypes.ts';
import { maxMappingType } from '../mapping/mappingTypes.ts';
import type { Mapping, OperatorEntry } from '../ops/define.ts';
import { lookupOperator } from '../ops/index.ts';
import type { ValueFacts } from '../ops/operatorView.ts';
import { OperatorView } from '../ops/operatorView.ts';
import { findConstantValues } from './constantValues.ts';
import type { Ecg, EcgEdge, EcgNode } from './ecg.ts';
import { Estimator } from './estimate.ts';
import type { SizeRead } from './sizeReads.ts';
import { findSizeReads } from './sizeReads.ts';
import { bytesOf } from './tensorBytes.ts';

/** `model` after `inferModel` with the same bindings. */
export function buildEcg(model: Model, bindings: Bindings, graph: Graph = model.graph): Ecg {
  const estimator = new Estimator(model.symbols, bindings);
  const facts: ValueFacts = {
    types: graph.values.map((value) => value.type),
    known: graph.values.map((value) => value.known),
    constant: findConstantValues(graph),
  };
  const plain = graph.operators.map((operator) => buildNode(graph, operator, facts, estimator));
  const decides = (operator: number): boolean => plain[operator]?.mapping === 'opaque';
  const sizeReads = findSizeReads(graph, model.symbols, decides);
  const nodes = withSizeReads(plain, sizeReads);
  const edges = buildEdges(graph, nodes, sizeReads, estimator);
  const edgesIn: number[][] = nodes.map(() => []);
  const edgesOut: number[][] = nodes.map(() => []);
  for (const edge of edges) {
    edgesOut[edge.from]?.push(edge.index);
    edgesIn[edge.to]?.push(edge.index);
  }
  return { graph, nodes, edges, edgesIn, edgesOut };
}

function buildNode(
  graph: Graph,
  operator: Operator,
  facts: ValueFacts,
  estimator: Estimator,
): EcgNode {
  const entry = lookupOperator(operator.domain, operator.type);
  const view = new OperatorView(operator, facts);
  const mapping = mappingOf(entry, view);
  const flops = attempt(() => entry?.flops(view), 0);
  const outputs = operator.outputs.filter((value) => value >= 0);
  const irs = outputs.reduce<Dim>(
    (sum, value) => dimAdd(sum, bytesOf(facts.types[value] as ValueFacts['types'][number])),
    0,
  );
  const isConstant = outputs.length > 0 && outputs.every((value) => facts.constant[value]);
  return {
    index: operator.index,
    operator,
    mapping: mapping.node,
    edgeMappings: mapping.edges,
    ...(mapping.note !== undefined && { mappingNote: mapping.note }),
    properties: entry?.properties ?? [],
    flops,
    flopsEstimate: estimator.value(flops),
    irs,
    irsEstimate: estimator.value(irs),
    producers: producersOf(graph, operator),
    consumers: consumersOf(graph, operator),
    isGraphOutput: outputs.some((value) => graph.values[value]?.isOutput),
    isConstant,
  };
}

/** Opaque for operators without an entry, and where a rule cannot cope with what the file says. */
function mappingOf(entry: OperatorEntry | undefined, view: OperatorView): Mapping {
  const opaque = (note: string): Mapping => ({
    node: 'opaque',
    edges: new Array<MappingType>(view.inputCount).fill('opaque'),
    note,
  });
  if (!entry) return opaque('unknown operator');
  const mapping = attempt(() => entry.mapping(view), opaque('its mapping rule failed'));
  // One type per input whatever the rule returned: readers index by input.
  if (mapping.edges.length === view.inputCount) return mapping;
  const edges = Array.from(
    { length: view.inputCount },
    (_, input) => mapping.edges[input] ?? 'one-to-one',
  );
  return { ...mapping, edges };
}

/** Rules run on operators whose inference failed too: an exception must not lose the whole picture. */
function attempt<T>(rule: () => T | undefined, otherwise: T): T {
  try {
    return rule() ?? otherwise;
  } catch {
    return otherwise;
  }
}

function producersOf(graph: Graph, operator: Operator): readonly number[] {
  const read = [...operator.inputs, ...operator.captures];
  return ascending(read.map((value) => graph.values[value]?.producer ?? -1));
}

function consumersOf(graph: Graph, operator: Operator): readonly number[] {
  return ascending(operator.outputs.flatMap((value) => graph.values[value]?.consumers ?? []));
}

function ascending(indices: readonly number[]): readonly number[] {
  return [...new Set(indices.filter((index) => index >= 0))].sort((a, b) => a - b);
}

function withSizeReads(nodes: readonly EcgNode[], reads: readonly SizeRead[]): readonly EcgNode[] {
  if (reads.length === 0) return nodes;
  return nodes.map((node) => {
    const from = reads.flatMap((read) => (read.to === node.index ? [read.from] : []));
    const to = reads.flatMap((read) => (read.from === node.index ? [read.to] : []));
    if (from.length + to.length === 0) return node;
    const producers = ascending([...node.producers, ...from]);
    return { ...node, producers, consumers: ascending([...node.consumers, ...to]) };
  });
}

/** In the order of the consumers, then of the values. */
function buildEdges(
  graph: Graph,
  nodes: readonly EcgNode[],
  sizeReads: readonly SizeRead[],
  estimator: Estimator,
): readonly EcgEdge[] {
  const edges: EcgEdge[] = [];
  const readsOf = new Map<number, SizeRead[]>();
  for (const read of sizeReads) readsOf.set(read.to, [...(readsOf.get(read.to) ?? []), read]);
  for (const node of nodes) {
    const { inputs, captures } = node.operator;
    const values = new Set([...inputs, ...captures].filter((value) => value >= 0));
    for (const value of [...values].sort((a, b) => a - b)) {
      const from = graph.values[value]?.producer ?? -1;
      if (from < 0) continue;
      const slots = inputs.flatMap((input, slot) => (input === value ? [slot] : []));
      const mappings = slots.map((slot) => node.edgeMappings[slot] as MappingType);
      const bytes = bytesOf(graph.values[value]!.type);
      edges.push({
        index: edges.length,
        from,
        to: node.index,
        value,
        slots,
        // Read by a subgraph only: nothing is known about how.
        mapping: slots.length === 0 ? 'opaque' : maxMappingType(mappings),
        bytes,
        bytesEstimate: estimator.value(bytes),
      });
    }
    for (const { from, value } of readsOf.get(node.index) ?? []) {
      if (values.has(value)) continue;
      // No element flows: only the size is read.
      const nothing = { slots: [], mapping: 'opaque', bytes: 0, bytesEstimate: 0 } as const;
      edges.push({ index: edges.length, from, to: node.index, value, ...nothing });
    }
  }
  return edges;
}
