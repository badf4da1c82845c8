/** Small operator graphs in one line: 'x=Conv(in) y=Relu(x)'. */
import type { OperatorGraph } from '../../../compiler/sidecar/neighbourhood.ts';

export function operatorGraph(text: string): OperatorGraph {
  const ids: string[] = [];
  const types: string[] = [];
  const edges: number[] = [];
  for (const line of text.trim().split(/\s+/)) {
    const [, id = '', type = '', inputs = ''] = /^(.+?)=([\w.]+)\((.*)\)$/.exec(line) ?? [];
    for (const input of inputs.split(',')) {
      const from = ids.indexOf(input);
      if (from >= 0) edges.push(from, ids.length);
    }
    ids.push(id);
    types.push(type);
  }
  const operatorTypes = [...new Set(types)];
  return {
    ids,
    operatorTypes,
    typeOf: Uint16Array.from(types, (type) => operatorTypes.indexOf(type)),
    edges: Int32Array.from(edges),
  };
}

/** The same graph under other names. */
export function renamed(graph: OperatorGraph, name: (id: string) => string): OperatorGraph {
  return { ...graph, ids: graph.ids.map(name) };
}
