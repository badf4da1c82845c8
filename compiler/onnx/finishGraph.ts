/**
 * DraftGraph -> Graph: sorts the operators, drops unused constants, resolves removed copies and records
 * what subgraphs read from the graphs around them.
 */
import { ModelError } from '../diagnostics.ts';
import { GraphBuilder } from '../graph/build.ts';
import type { Graph } from '../graph/graph.ts';
import { resolve } from './draft.ts';
import type { DraftGraph, DraftNode, DraftValue } from './draft.ts';
import { shown, quoted, UniqueNames } from './names.ts';
import { topologicalOrder } from './topologicalOrder.ts';

interface FinishedGraph {
  readonly graph: Graph;
  /** Values of enclosing graphs that it reads, in order of first use. */
  readonly outers: ReadonlySet<DraftValue>;
}

export function finishGraph(draft: DraftGraph): Graph {
  return new Finisher().finish(draft).graph;
}

/** An operator with its finished subgraphs and everything that it reads. */
interface ReadyNode {
  readonly node: DraftNode;
  readonly inputs: readonly (DraftValue | undefined)[];
  readonly captures: readonly DraftValue[];
  readonly subgraphs: ReadonlyMap<string, Graph>;
}

class Finisher {
  /** Names under which a graph knows values of the graphs around it. */
  private readonly standIns = new Map<DraftGraph, Map<DraftValue, string>>();
  private readonly names = new Map<DraftGraph, UniqueNames>();

  finish(draft: DraftGraph): FinishedGraph {
    const ready = sorted(draft.nodes.map((node) => this.ready(node)));
    const builder = new GraphBuilder(draft.path, draft.name);
    const indices = new Map<DraftValue, number>();
    const outers = new Set<DraftValue>();

    const indexOf = (value: DraftValue): number => {
      const before = indices.get(value);
      if (before !== undefined) return before;
      const { name, type, constant, known } = value;
      let index: number;
      if (value.graph !== draft) {
        outers.add(value);
        const outer = draft.parent ? this.nameIn(draft.parent, value) : name;
        index = builder.outer(this.nameIn(draft, value), outer, type, constant, known);
      } else if (constant !== undefined) index = builder.constant(name, type, constant, known);
      else throw new Error(`value ${name} is read before it is there`);
      indices.set(value, index);
      return index;
    };

    for (const input of draft.inputs) indices.set(input, builder.input(input.name, input.type));
    for (const { node, inputs, captures, subgraphs } of ready) {
      const made = builder.operator({
        ...node,
        inputs: inputs.map((input) => (input === undefined ? -1 : indexOf(input))),
        captures: captures.map(indexOf),
        outputs: trimmed(node.outputs),
        subgraphs,
      });
      node.outputs.forEach((output, slot) => {
        const index = made[slot];
        if (output !== undefined && index !== undefined) indices.set(output, index);
      });
    }
    for (const output of draft.outputs) builder.output(indexOf(resolve(output)));
    return { graph: builder.finish(), outers };
  }

  private ready(node: DraftNode): ReadyNode {
    const inputs = node.inputs.map((input) => input && resolve(input));
    const captures = new Set<DraftValue>();
    const subgraphs = new Map<string, Graph>();
    for (const [name, subgraph] of node.subgraphs) {
      const { graph, outers } = this.finish(subgraph);
      subgraphs.set(name, graph);
      for (const outer of outers) captures.add(outer);
    }
    return { node, inputs, captures: [...captures], subgraphs };
  }

  /** The name of a value in a graph that may be inside the value's own. */
  private nameIn(graph: DraftGraph, value: DraftValue): string {
    if (value.graph === graph) return value.name;
    const known = this.standIns.get(graph) ?? new Map<DraftValue, string>();
    this.standIns.set(graph, known);
    let name = known.get(value);
    if (name === undefined) {
      name = this.namesOf(graph).take(value.name);
      known.set(value, name);
    }
    return name;
  }

  private namesOf(graph: DraftGraph): UniqueNames {
    let names = this.names.get(graph);
    if (names === undefined) {
      names = new UniqueNames();
      for (const input of graph.inputs) names.take(input.name);
      for (const node of graph.nodes) {
        for (const value of [...node.inputs, ...node.outputs]) {
          if (value?.graph === graph && !names.has(value.name)) names.take(value.name);
        }
      }
      this.names.set(graph, names);
    }
    return names;
  }
}

/** Trailing outputs that nobody named do not exist. */
function trimmed(outputs: readonly (DraftValue | undefined)[]): (DraftValue | undefined)[] {
  const result = [...outputs];
  while (result.length > 0 && result.at(-1) === undefined) result.pop();
  return result;
}

function sorted(ready: readonly ReadyNode[]): readonly ReadyNode[] {
  const places = new Map<DraftNode, number>();
  ready.forEach(({ node }, index) => places.set(node, index));
  const order = topologicalOrder(ready.length, (index) => {
    const { inputs, captures } = ready[index] as ReadyNode;
    const before: number[] = [];
    for (const value of [...inputs, ...captures]) {
      const place = value?.producer && places.get(value.producer);
      if (place !== undefined) before.push(place);
    }
    return before;
  });
  if ('cycle' in order) {
    const { node } = ready[order.cycle] as ReadyNode;
    const message = `Node ${quoted(node.name || node.id)} (${shown(node.type)}) depends on its own result.`;
    throw new ModelError('model/cycle', message, node.id);
  }
  return order.order.map((index) => ready[index] as ReadyNode);
}
