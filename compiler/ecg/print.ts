/**
 * An ECG as text for dumps and golden files: one line per operator with its mapping type, FLOPs,
 * intermediate result size and outputs; inputs show the mapping type where it differs from the operator's.
 */
import { formatDim, formatShape } from '../graph/dim.ts';
import type { Graph } from '../graph/graph.ts';
import type { ValueType } from '../graph/types.ts';
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
    return printName(graph, value) + marked;
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
  const call = `${operator.type}(${inputs.join(', ')})`;
  return `#${node.index} ${outputs.join(', ')} = ${call}  [${facts.join('; ')}]`;
}

function printName(graph: Graph, value: number): string {
  const found = graph.values[value];
  if (!found) return '_';
  return found.constant ? `const ${found.name}` : found.name;
}

function printValue(graph: Graph, value: number): string {
  const type = graph.values[value]?.type;
  return `${printName(graph, value)}: ${type ? printType(type) : '?'}`;
}

/** `float32 1×3×224×224`, `sequence of …`. */
export function printType(type: ValueType): string {
  switch (type.kind) {
    case 'tensor':
      return `${type.dtype === 'undefined' ? '?' : type.dtype} ${formatShape(type.shape)}`;
    case 'sequence':
    case 'optional':
      return `${type.kind} of ${printType(type.element)}`;
    case 'other':
      return type.text;
    case 'unknown':
      return '?';
  }
}
