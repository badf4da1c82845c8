/**
 * Names of values in a written model: as in the file they came from, unique over the graph and everything inside it,
 * so that no name of a body hides one of the graph around.
 */
import type { Graph, Value } from '../graph/graph.ts';

export class ValueNames {
  private readonly taken = new Set<string>();

  /** The graph's own inputs and outputs keep their names whatever comes. */
  constructor(main: Graph) {
    for (const value of [...main.inputs, ...main.outputs]) {
      this.taken.add(main.values[value]!.name);
    }
  }

  /** A name that nothing has yet, like the one that is wanted. */
  fresh(wanted: string): string {
    const base = wanted === '' ? 'value' : wanted;
    let name = base;
    for (let i = 1; this.taken.has(name); i++) name = `${base}#${i}`;
    this.taken.add(name);
    return name;
  }
}

/** The names of one graph's values, by index. */
export class GraphNames {
  private readonly names: string[];
  private readonly byName = new Map<string, string>();

  constructor(
    readonly graph: Graph,
    all: ValueNames,
    private readonly outer?: GraphNames,
  ) {
    const kept = new Set(outer === undefined ? [...graph.inputs, ...graph.outputs] : []);
    this.names = graph.values.map((value) => {
      const around = value.outer === undefined ? undefined : this.outer?.find(value.outer);
      if (around !== undefined) return around;
      return kept.has(value.index) ? value.name : all.fresh(value.name);
    });
    graph.values.forEach(({ name }, i) => this.byName.set(name, this.names[i]!));
  }

  of(value: number): string {
    return value < 0 ? '' : this.names[value]!;
  }

  /** From here on, bodies included, a value is read under another name. */
  rename(value: number, name: string): void {
    this.names[value] = name;
    this.byName.set(this.graph.values[value]!.name, name);
  }

  /** Whether a value stands for one of the graph around. */
  isOuter({ outer }: Value): boolean {
    return outer !== undefined && this.outer?.find(outer) !== undefined;
  }

  private find(name: string): string | undefined {
    return this.byName.get(name) ?? this.outer?.find(name);
  }
}
