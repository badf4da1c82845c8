/**
 * Finds the places where the left side of a rule fits: a walk from its root towards the inputs that binds names as it
 * goes and takes both orders of commutative operands. Nothing is changed here.
 */
import type { OperatorEntry } from '../ops/define.ts';
import { OperatorView } from '../ops/operatorView.ts';
import { chainKinds } from './chains.ts';
import { splatOf } from './constants.ts';
import type { OperatorPattern, Pattern } from './pattern.ts';
import type { Cell, Node, RewriteGraph } from './rewriteGraph.ts';
import type { Condition } from './rule.ts';
import { sameAttributes } from './structureKey.ts';

/** Matches of one form at one operator that are looked at; symmetric patterns repeat themselves. */
const MOST_MATCHES = 8;
/** Operators of one chain. */
const LONGEST_CHAIN = 16;

/** One way to read a pattern. */
export class Match {
  constructor(
    readonly graph: RewriteGraph,
    readonly root: Node,
    /** Value numbers by variable; -1 for an absent optional input. */
    readonly variables: ReadonlyMap<string, number>,
    readonly rests: ReadonlyMap<string, readonly number[]>,
    readonly labels: ReadonlyMap<string, Node>,
    /** Operators of chains, the last one first. */
    readonly chains: ReadonlyMap<string, readonly Node[]>,
    /** All operators it stands on, root first, each once. */
    readonly nodes: readonly Node[],
  ) {}

  /** A copy that does not change when matching goes on. */
  kept(): Match {
    const { graph, root, variables, rests, labels, chains, nodes } = this;
    return new Match(
      graph,
      root,
      new Map(variables),
      new Map(rests),
      new Map(labels),
      new Map(chains),
      [...new Set(nodes)],
    );
  }

  value(name: string): number {
    return this.variables.get(name) ?? -1;
  }

  has(name: string): boolean {
    return this.value(name) >= 0;
  }

  rest(name: string): readonly number[] {
    return this.rests.get(name) ?? [];
  }

  node(label: string): Node {
    const node = this.labels.get(label);
    if (!node) throw new Error(`no operator of the rule is labelled ${label}`);
    return node;
  }

  view(label: string): OperatorView {
    return new OperatorView(this.node(label).operator, this.graph);
  }

  /** The value that the rule replaces. */
  get result(): Cell {
    return this.graph.cells[this.root.operator.outputs[0] ?? -1] as Cell;
  }
}

/** Looks for patterns in one graph; made once, since most patterns fit nowhere. */
export class Matcher {
  private found: Match[] = [];
  private readonly variables = new Map<string, number>();
  private readonly rests = new Map<string, readonly number[]>();
  private readonly labels = new Map<string, Node>();
  private readonly chains = new Map<string, readonly Node[]>();
  private readonly stack: Node[] = [];
  private readonly seen = new Set<string>();
  /** What is bound at the moment. */
  private current: Match | undefined;
  private conditions: readonly Condition[] = [];

  constructor(private readonly graph: RewriteGraph) {}

  /**
   * Matches of a pattern whose root operator is `root`, in a fixed order: of the first few those that fulfil all
   * conditions.
   */
  find(
    pattern: OperatorPattern,
    root: Node,
    conditions: readonly Condition[] = [],
  ): readonly Match[] {
    const { graph, variables, rests, labels, chains, stack } = this;
    this.current = new Match(graph, root, variables, rests, labels, chains, stack);
    this.conditions = conditions;
    this.found = [];
    this.matchNode(pattern, root, this.record);
    if (this.seen.size > 0) this.seen.clear();
    return this.found;
  }

  /** The same value, or constants with the same elements. */
  private readonly same = (a: number, b: number): boolean =>
    a === b || (this.graph.canonical[a] ?? a) === (this.graph.canonical[b] ?? b);

  private readonly sameValues = (a: readonly number[], b: readonly number[]): boolean =>
    a.length === b.length && a.every((value, i) => this.same(value, b[i] as number));

  private readonly record = (): void => {
    const { seen, variables, rests, current } = this;
    if (!current || seen.size >= MOST_MATCHES) return;
    const key = [...variables.values(), ...rests.values()].join();
    if (seen.has(key)) return;
    seen.add(key);
    if (this.conditions.every((condition) => condition(current))) this.found.push(current.kept());
  };

  /** Calls `then` once for every way to match; bindings hold while it runs. */
  private matchNode(pattern: OperatorPattern, node: Node, then: () => void): void {
    if (!this.fits(pattern, node)) return;
    const { label, operands } = pattern;
    const { inputs } = node.operator;
    const known = label === undefined ? undefined : this.labels.get(label);
    if (label !== undefined) this.labels.set(label, node);
    this.stack.push(node);
    this.matchOperands(operands, inputs, then);
    if (swaps(node.entry, operands, inputs)) {
      this.matchOperands(operands, [inputs[1] as number, inputs[0] as number], then);
    }
    this.stack.pop();
    if (label !== undefined) restore(this.labels, label, known);
  }

  private fits({ types, same, property }: OperatorPattern, { operator, entry }: Node): boolean {
    if (operator.subgraphs.size > 0) return false;
    if (property !== undefined) return entry?.properties.includes(property) === true;
    if (same !== undefined) {
      const other = this.labels.get(same)?.operator;
      if (other?.type !== operator.type || other.domain !== operator.domain) return false;
      return sameAttributes(other.attributes, operator.attributes);
    }
    if (types[0] === '*') return operator.outputs.length === 1;
    const name = operator.domain === '' ? operator.type : `${operator.domain}.${operator.type}`;
    return types.includes(name);
  }

  private matchOperands(
    operands: readonly Pattern[],
    inputs: readonly number[],
    then: () => void,
    at = 0,
  ): void {
    const operand = operands[at];
    if (operand === undefined) {
      for (let i = at; i < inputs.length; i++) if (inputs[i] !== -1) return;
      return then();
    }
    if (operand.kind === 'rest') {
      const rest = inputs.slice(at);
      if (operand.constant && !rest.every((value) => value < 0 || this.graph.constant[value])) {
        return;
      }
      return this.bind(this.rests, operand.name, rest, this.sameValues, then);
    }
    this.matchValue(operand, inputs[at] ?? -1, () =>
      this.matchOperands(operands, inputs, then, at + 1),
    );
  }

  private matchValue(pattern: Pattern, value: number, then: () => void): void {
    switch (pattern.kind) {
      case 'variable':
        if (value < 0 ? !pattern.optional : pattern.constant && !this.graph.constant[value]) return;
        return this.bind(this.variables, pattern.name, value, this.same, then);
      case 'number':
        if (value >= 0 && isNumber(this.graph, value, pattern.value)) then();
        return;
      case 'operator':
        if (pattern.chain !== undefined) return this.matchChain(pattern, value, then);
        return this.matchProducer(pattern, value, then);
      default:
        return;
    }
  }

  private matchProducer(pattern: OperatorPattern, value: number, then: () => void): void {
    const node = this.graph.producerOf(value);
    if (node && this.graph.cells[value]?.slot === pattern.slot) this.matchNode(pattern, node, then);
  }

  /** The longest chain first, then shorter ones. */
  private matchChain(pattern: OperatorPattern, value: number, then: () => void): void {
    const { chain = '', label = chain, operands } = pattern;
    const inner = operands[0] as Pattern;
    const isLink = chainKinds[chain];
    if (!isLink) throw new Error(`no chain of operators is called ${chain}`);
    const links: Node[] = [];
    const bottoms = [value];
    for (let node = this.graph.producerOf(value); node && links.length < LONGEST_CHAIN;) {
      const input = isLink(this.graph, node);
      if (input === undefined) break;
      const bottom = node.operator.inputs[input] as number;
      links.push(node);
      bottoms.push(bottom);
      node = this.graph.producerOf(bottom);
    }
    for (let length = links.length; length >= 0; length--) {
      const taken = links.slice(0, length);
      this.stack.push(...taken);
      this.bind(this.chains, label, taken, Object.is, () =>
        this.matchValue(inner, bottoms[length] as number, then),
      );
      this.stack.length -= length;
    }
  }

  /** Binds a name, or checks that it is bound to the same already. */
  private bind<T>(
    map: Map<string, T>,
    name: string,
    value: T,
    equal: (a: T, b: T) => boolean,
    then: () => void,
  ): void {
    const bound = map.get(name);
    if (bound !== undefined) {
      if (equal(bound, value)) then();
      return;
    }
    map.set(name, value);
    then();
    map.delete(name);
  }
}

function restore<T>(map: Map<string, T>, name: string, value: T | undefined): void {
  if (value === undefined) map.delete(name);
  else map.set(name, value);
}

/** Commutativity is said once, in the operator table. */
function swaps(
  entry: OperatorEntry | undefined,
  operands: readonly Pattern[],
  inputs: readonly number[],
): boolean {
  if (operands.length !== 2 || inputs.length !== 2 || inputs[0] === inputs[1]) return false;
  if (operands.some(({ kind }) => kind === 'rest')) return false;
  return entry?.properties.includes('commutative') === true;
}

/** Whole numbers are compared exactly, others as closely as exporters print them. */
function isNumber(graph: RewriteGraph, value: number, wanted: number): boolean {
  const found = splatOf(graph, value);
  if (found === undefined) return false;
  if (Number.isInteger(wanted * 2)) return found === wanted;
  return Math.abs(found - wanted) <= 2e-6 * Math.abs(wanted);
}
