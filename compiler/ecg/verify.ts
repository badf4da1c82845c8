/**
 * What must hold of every ECG, as named checks; used between passes. An empty list means legal.
 */
import { verifyGraph } from '../graph/verify.ts';
import type { Ecg } from './ecg.ts';

export function verifyEcg(ecg: Ecg): readonly string[] {
  return [...verifyGraph(ecg.graph), ...verifyNodes(ecg), ...verifyEdges(ecg)];
}

function verifyNodes({ graph, nodes }: Ecg): readonly string[] {
  const problems: string[] = [];
  if (nodes.length !== graph.operators.length) problems.push('not one node per operator');
  nodes.forEach((node, index) => {
    const { operator } = node;
    if (node.index !== index || operator !== graph.operators[index]) {
      problems.push(`node ${index} is not operator ${index}`);
    }
    if (node.edgeMappings.length !== operator.inputs.length) {
      problems.push(`node ${index} has ${node.edgeMappings.length} edge mappings`);
    }
    if (!(node.irsEstimate >= 0 && node.flopsEstimate >= 0)) {
      problems.push(`node ${index} has a negative estimate`);
    }
  });
  return problems;
}

function verifyEdges({ graph, nodes, edges, edgesIn, edgesOut }: Ecg): readonly string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  edges.forEach((edge, index) => {
    const key = `${edge.from} ${edge.value} ${edge.to}`;
    if (edge.index !== index || seen.has(key)) problems.push(`edge ${index} is not unique`);
    seen.add(key);
    if (graph.values[edge.value]?.producer !== edge.from) {
      problems.push(`edge ${index} does not start at its value's producer`);
    }
    if (!nodes[edge.to]?.producers.includes(edge.from)) {
      problems.push(`edge ${index} is not among the producers of ${edge.to}`);
    }
    if (!nodes[edge.from]?.consumers.includes(edge.to)) {
      problems.push(`edge ${index} is not among the consumers of ${edge.from}`);
    }
    if (!edgesIn[edge.to]?.includes(index) || !edgesOut[edge.from]?.includes(index)) {
      problems.push(`edge ${index} is missing from its ends`);
    }
  });
  return problems;
}
