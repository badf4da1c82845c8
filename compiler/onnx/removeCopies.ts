/**
 * Removes `Identity` and inference-mode `Dropout`. Graph outputs keep their names: the value that was
 * copied takes the output's name when an operator of the same graph produces it; otherwise (a graph input,
 * a constant, a second output) the copy stays, as an Identity.
 */
import { ModelError } from '../diagnostics.ts';
import { adoptType, resolve } from './draft.ts';
import type { DraftGraph, DraftNode, DraftValue } from './draft.ts';
import { quoted } from './names.ts';

/** Works on the graph and its subgraphs, in place. Throws 'model/cycle' for copies of each other. */
export function removeCopies(graph: DraftGraph): void {
  const outputs = new Set(graph.outputs);
  graph.nodes = graph.nodes.filter((node) => !removed(node, graph, outputs));
  graph.outputs = graph.outputs.map(resolve);
  for (const node of graph.nodes) {
    for (const subgraph of node.subgraphs.values()) removeCopies(subgraph);
  }
}

function removed(node: DraftNode, graph: DraftGraph, outputs: Set<DraftValue>): boolean {
  const [input] = node.inputs;
  const copy = node.outputs[0];
  if (input === undefined || copy === undefined || !isCopy(node)) return false;
  const original = resolve(input);
  if (original === copy) {
    throw new ModelError('model/cycle', `Node ${quoted(node.id)} depends on itself.`, node.id);
  }
  if (outputs.has(copy)) {
    const renames =
      original.graph === graph && original.producer !== undefined && !outputs.has(original);
    if (!renames) {
      asIdentity(node);
      return false;
    }
    original.name = copy.name;
    outputs.add(original);
  }
  adoptType(original, copy.type);
  copy.alias = original;
  original.producer?.originalIds.push(node.id);
  return true;
}

function asIdentity(node: DraftNode): void {
  node.type = 'Identity';
  node.inputs.length = 1;
  node.outputs.length = 1;
  node.attributes.clear();
}

function isCopy(node: DraftNode): boolean {
  if (node.domain !== '') return false;
  if (node.type === 'Identity') return node.outputs.length === 1;
  if (node.type !== 'Dropout') return false;
  const mask = node.outputs[1];
  if (mask !== undefined && mask.uses > 0) return false;
  if (node.opset < 7) {
    const isTest = node.attributes.get('is_test');
    return isTest?.kind === 'int' && isTest.value !== 0;
  }
  const training = node.inputs[2];
  return training === undefined || training.known?.data[0] === 0;
}
