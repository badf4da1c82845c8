/**
 * Carries an attempt out: new operators enter the graph, the value that the root made keeps its number and its name,
 * and what nobody needs any more goes. Says which operators are worth another look.
 */
import type { Operator } from '../graph/graph.ts';
import type { Attempt } from './attempt.ts';
import type { Match } from './match.ts';
import type { Cell, Node, RewriteGraph } from './rewriteGraph.ts';

export interface Carried {
  readonly added: readonly Node[];
  readonly originalIds: readonly string[];
  /** Operators whose surroundings changed: new ones, readers, those that share a value with what went. */
  readonly touched: ReadonlySet<number>;
}

export function carryOut(match: Match, attempt: Attempt): Carried {
  const { graph, root, result } = match;
  const { value, added, dead, firstCell } = attempt;
  graph.nameCells(firstCell, result.name);
  const originalIds = collectOriginals([...dead, ...match.nodes]);
  const touched = new Set<number>();
  const isNewOperator = value >= firstCell && graph.cells[value]?.constant === undefined;
  const wasConstant = graph.constant[result.index] === true;

  for (const node of dead) graph.removeNode(node);
  const nodes = added.map(({ operator }) => {
    const outputs = operator.outputs.map((output) =>
      isNewOperator && output === value ? result.index : output,
    );
    const isResult = outputs.includes(result.index);
    const id = isResult ? root.operator.id : nameOf(graph, outputs);
    const entered: Operator = {
      ...operator,
      id,
      name: isResult ? root.operator.name : '',
      outputs,
      originalIds,
    };
    return graph.nodes[graph.addNode(entered, root.order)] as Node;
  });
  if (isNewOperator) {
    for (const reader of result.readers) touched.add(reader);
    if (graph.constant[value] && !wasConstant) graph.markConstant(result.index);
  } else {
    takeTheirPlace(match, graph.cells[value] as Cell, originalIds, touched);
  }
  for (const { index } of nodes) touched.add(index);
  for (const { operator } of dead) {
    for (const input of operator.inputs) touchReaders(graph, input, touched);
  }
  return { added: nodes, originalIds, touched };
}

/** Readers of the result read a value that was there, or a constant. */
function takeTheirPlace(
  { graph, result }: Match,
  cell: Cell,
  originalIds: readonly string[],
  touched: Set<number>,
): void {
  for (const reader of graph.redirect(result, cell)) touched.add(reader);
  if (result.isOutput) graph.moveOutput(result, cell);
  const producer = graph.producerOf(cell.index);
  if (producer) {
    const ids = [...new Set([...producer.operator.originalIds, ...originalIds])];
    producer.operator = { ...producer.operator, originalIds: ids };
  }
  if (graph.constant[cell.index]) graph.markConstant(cell.index);
}

/** Whoever is left alone with a value may save more than before. */
function touchReaders(graph: RewriteGraph, value: number, touched: Set<number>): void {
  const readers = graph.cells[value]?.readers;
  if (graph.constant[value] || !readers || readers.size > FEW_READERS) return;
  for (const reader of readers) touched.add(reader);
}

const FEW_READERS = 2;

function nameOf(graph: RewriteGraph, outputs: readonly number[]): string {
  const first = outputs.find((output) => output >= 0) ?? -1;
  const name = graph.cells[first]?.name ?? '';
  return graph.graph.path === '' ? name : `${graph.graph.path}/${name}`;
}

/** Ids of the ONNX nodes of several operators, in graph order. */
function collectOriginals(nodes: readonly Node[]): readonly string[] {
  const sorted = [...new Set(nodes)].sort((a, b) => a.order - b.order || a.index - b.index);
  return [...new Set(sorted.flatMap(({ operator }) => operator.originalIds))];
}
