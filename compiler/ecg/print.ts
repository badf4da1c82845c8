/**
 * An ECG as text for dumps and golden files: one line per operator with its mapping type, FLOPs,
 * intermediate result size and outputs; inputs show the mapping type where it differs from the operator's.
 */
import { formatDim } from '../graph/dim.ts';
import type { Graph } from '../graph/graph.ts';
import { printName, printType } from '../graph/print.ts';
import type { Ecg, EcgNode } from './ecg.ts';

export function printEcg(ecg: Ecg): string {
  const { graph } = ecg;
  const header = [
    `inputs  ${graph.inputs.map((value) => printValue(graph, value)).join(', ')}`,
    `outputs ${graph.outputs.map((value) => printValue(graph, value)).join(', ')}`,
  ];
  return [...header, ...ecg.nodes.map((node) => printNode(graph, node))].join('\n') + '\n';
}

function printNode(graph: Graph, node: EcgNode): string {
  const { operator } = node;
  const inputs = operator.inputs.map((value, slot) => {
    const mapping = node.edgeMappings[slot];
    const marked = mapping === node.mapping || value < 0 ? '' : ` (${mapping})`;
    return nameOf(graph, value) + marked;
  });
  const outputs = operator.outputs.map((value) => (value < 0 ? '_' : printValue(graph, value)));
  const facts = [
    node.mapping,
    `flops ${formatDim(node.flops)}`,
    `irs ${formatDim(node.irs)}`,
    ...(node.mappingNote === undefined ? [] : [node.mappingNote]),
    ...(node.isGraphOutput ? ['output'] : []),
    ...(node.isConstant ? ['constant'] : []),
  ];
  const call = `${printName(operator.type)}(${inputs.join(', ')})`;
  return `#${node.index} ${outputs.join(', ')} = ${call}  [${facts.join('; ')}]`;
}

function nameOf(graph: Graph, value: number): string {
  const found = graph.values[value];
  if (!found) return '_';
  return `${found.constant ? 'const ' : ''}${printName(found.name)}`;
}

function printValue(graph: Graph, value: number): string {
  const type = graph.values[value]?.type;
  return `${nameOf(graph, value)}: ${type ? printType(type) : '?'}`;
}
