/** Small graphs of what an application found and of what it put in its place, for people to look at. */
import { formatShape } from '../graph/dim.ts';
import type { Operator } from '../graph/graph.ts';
import type { RewriteSketch } from './rewrite.ts';
import type { RewriteGraph } from './rewriteGraph.ts';
import { shapeOf } from './constants.ts';

/** The operators and every value that they read from elsewhere. */
export function sketchOf(graph: RewriteGraph, operators: readonly Operator[]): RewriteSketch {
  const nodes: RewriteSketch['nodes'][number][] = [];
  const edges: [number, number][] = [];
  const places = new Map<number, number>();
  for (const { id, type, outputs } of operators) {
    const place = nodes.push({ id, role: 'operator', label: type }) - 1;
    for (const output of outputs) places.set(output, place);
  }
  operators.forEach(({ inputs }, to) => {
    for (const input of new Set(inputs)) {
      const cell = graph.cells[input];
      if (!cell) continue;
      let from = places.get(input);
      if (from === undefined) {
        const role = graph.constant[input] ? 'constant' : 'input';
        const label = formatShape(shapeOf(graph, input));
        from = nodes.push({ id: cell.name, role, label }) - 1;
        places.set(input, from);
      }
      edges.push([from, to]);
    }
  });
  return { nodes, edges };
}
