/**
 * What must hold of every ECG, as named checks; used between passes. An empty list means legal.
 */
import type { Graph } from '../graph/graph.ts';
import type { Ecg } from './ecg.ts';

export function verifyEcg(ecg: Ecg): readonly string[] {
  return [...verifyGraph(ecg.graph), ...verifyNodes(ecg), ...verifyEdges(ecg)];
}

/** Indices, single assignment, topological order, consumers. */
export function verifyGraph(graph: Graph): readonly string[] {
  const problems: string[] = [];
  const check = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem);
  };
  graph.values.forEach((value, index) => {
    check(value.index === index, `value ${index} says it is ${value.index}`);
    if (value.producer >= 0) {
      const output = graph.operators[value.producer]?.outputs[value.slot];
      check(output === index, `value ${index} is not output ${value.slot} of ${value.producer}`);
    }
    const readers = readersOf(graph, index, value.consumers);
    check(readers, `consumers of value ${index} are not its readers`);
  });
  const ids = new Set(graph.operators.map((operator) => operator.id));
  check(ids.size === graph.operators.length, 'two operators share an id');
  graph.operators.forEach((operator, index) => {
    check(operator.index === index, `operator ${index} says it is ${operator.index}`);
    for (const value of [...operator.inputs, ...operator.captures]) {
      if (value === -1) continue;
      const producer = graph.values[value]?.producer;
      check(producer !== undefined, `operator ${index} reads value ${value}, which is absent`);
      check((producer ?? -1) < index, `operator ${index} reads the later operator ${producer}`);
      const consumers = graph.values[value]?.consumers ?? [];
      check(consumers.includes(index), `value ${value} does not list its reader ${index}`);
    }
    operator.outputs.forEach((value, slot) => {
      if (value === -1) return;
      const made = graph.values[value];
      check(
        made?.producer === index && made.slot === slot,
        `output ${slot} of ${index} is not its own`,
      );
    });
  });
  for (const index of graph.inputs) check(!!graph.values[index]?.isInput, `input ${index} is none`);
  for (const index of graph.outputs)
    check(!!graph.values[index]?.isOutput, `output ${index} is none`);
  return problems;
}

function readersOf(graph: Graph, value: number, consumers: readonly number[]): boolean {
  return consumers.every((index, i) => {
    const operator = graph.operators[index];
    const reads = operator?.inputs.includes(value) || operator?.captures.includes(value);
    return reads === true && (i === 0 || index > (consumers[i - 1] as number));
  });
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
