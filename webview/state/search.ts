/** Search by operator name, operator type or tensor name over one graph; an index of lower-case texts. */
import type { GraphSnapshot } from '../../compiler/protocol.ts';
import { graphIndex, typeName } from './graphIndex.ts';

export interface SearchHit {
  readonly operator: number;
  /** What matched: the type, the operator's name, a tensor that it writes, or what the file calls it. */
  readonly field: 'type' | 'name' | 'tensor' | 'original';
  /** The text that matched, as in the model. */
  readonly text: string;
}

export interface SearchResult {
  /** At most LIMIT, in the order of the graph; whole-type matches first. */
  readonly hits: readonly SearchHit[];
  /** Every operator that matches. */
  readonly operators: readonly number[];
  readonly total: number;
}

export const SEARCH_LIMIT = 200;

const NOTHING: SearchResult = { hits: [], operators: [], total: 0 };

interface Texts {
  readonly types: readonly string[];
  readonly names: readonly string[];
  readonly aliases: readonly string[];
  /** Tensor names per operator that writes them. */
  readonly tensors: readonly (readonly [operator: number, tensor: number, lower: string])[];
}

const indexed = new WeakMap<GraphSnapshot, Texts>();

export function search(graph: GraphSnapshot, query: string): SearchResult {
  const wanted = query.trim().toLowerCase();
  if (wanted === '') return NOTHING;
  const texts = textsOf(graph);
  const found = new Map<number, SearchHit>();
  const exactTypes = texts.types.map((type) => type === wanted);
  const partTypes = texts.types.map((type) => type.includes(wanted));
  const add = (operator: number, field: SearchHit['field'], text: string): void => {
    if (!found.has(operator)) found.set(operator, { operator, field, text });
  };
  graph.typeOf.forEach((type, operator) => {
    if (exactTypes[type]) add(operator, 'type', typeName(graph, operator));
  });
  graph.typeOf.forEach((type, operator) => {
    if (partTypes[type]) add(operator, 'type', typeName(graph, operator));
    else if (texts.names[operator]!.includes(wanted))
      add(operator, 'name', nameOf(graph, operator));
  });
  for (const [operator, tensor, lower] of texts.tensors) {
    if (lower.includes(wanted)) add(operator, 'tensor', graph.tensorNames[tensor]!);
  }
  texts.aliases.forEach((lower, at) => {
    if (lower.includes(wanted)) add(graph.aliasOf[at]!, 'original', graph.aliases[at]!);
  });
  const hits = [...found.values()];
  return {
    hits: hits.slice(0, SEARCH_LIMIT),
    operators: hits.map((hit) => hit.operator),
    total: hits.length,
  };
}

function nameOf(graph: GraphSnapshot, operator: number): string {
  return graph.names[operator] || graph.ids[operator]!;
}

function textsOf(graph: GraphSnapshot): Texts {
  let texts = indexed.get(graph);
  if (texts) return texts;
  const tensors: (readonly [number, number, string])[] = [];
  const seen = new Set<number>();
  const { outputTensor } = graphIndex(graph);
  const addTensor = (operator: number, tensor: number): void => {
    if (tensor < 0 || seen.has(tensor)) return;
    seen.add(tensor);
    tensors.push([operator, tensor, graph.tensorNames[tensor]?.toLowerCase() ?? '']);
  };
  outputTensor.forEach((tensor, operator) => addTensor(operator, tensor));
  graph.edgeTensor.forEach((tensor, edge) => addTensor(graph.edges[2 * edge]!, tensor));
  // An input is found through the first operator that reads it.
  for (let i = 0; i + 1 < graph.inputEdges.length; i += 2) {
    addTensor(graph.inputEdges[i + 1]!, graph.inputs[graph.inputEdges[i]!] ?? -1);
  }
  texts = {
    types: graph.operatorTypes.map((type) => type.toLowerCase()),
    names: graph.ids.map((_, operator) => nameOf(graph, operator).toLowerCase()),
    aliases: graph.aliases.map((alias) => alias.toLowerCase()),
    tensors,
  };
  indexed.set(graph, texts);
  return texts;
}
