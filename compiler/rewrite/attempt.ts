/**
 * The right side of a rule put in place as an attempt: new cells and operators that nothing reads yet, shared with what
 * computes the same already, and what the graph would save. An attempt is carried out or forgotten whole.
 */
import type { AttributeValue, Operator } from '../graph/graph.ts';
import { shapesEqual } from '../graph/dim.ts';
import type { ValueType } from '../graph/types.ts';
import { lookupOperator } from '../ops/index.ts';
import type { OperatorEntry } from '../ops/define.ts';
import { storeAs } from '../ops/arithmetic.ts';
import { addCost, costOf, isSaving, NO_COST, subtractCost } from './cost.ts';
import type { Cost } from './cost.ts';
import { evaluateLocally, inferLocally } from './localInference.ts';
import type { Match } from './match.ts';
import type { OperatorPattern, Pattern } from './pattern.ts';
import type { Cell, Node, RewriteGraph } from './rewriteGraph.ts';
import type { Given, GivenRule } from './rule.ts';
import { structureKey } from './structureKey.ts';

export interface NewNode {
  readonly operator: Operator;
  readonly cost: Cost;
}

export interface Attempt {
  /** Cells up to here existed before. */
  readonly firstCell: number;
  /** What stands for the result. */
  readonly value: number;
  /** In topological order. */
  readonly added: readonly NewNode[];
  readonly dead: readonly Node[];
  readonly saves: Cost;
}

/**
 * Tries to put `after` in the place of the match's result. Undefined where it does not fit or saves nothing; then the
 * graph is as before.
 */
export function attempt(
  match: Match,
  after: Pattern,
  given: Readonly<Record<string, GivenRule>>,
): Attempt | undefined {
  const { graph, result } = match;
  const firstCell = graph.cells.length;
  const builder = new Builder(match, given);
  const value = builder.build(after);
  const made = value === undefined ? undefined : finish(match, value, builder.added, firstCell);
  if (made === undefined || !fitsInPlace(graph, result, made)) {
    graph.truncate(firstCell);
    return undefined;
  }
  return made;
}

/** Forgets what an attempt made. */
export function forget(graph: RewriteGraph, { firstCell }: Attempt): void {
  graph.truncate(firstCell);
}

function finish(
  match: Match,
  value: number,
  added: readonly NewNode[],
  firstCell: number,
): Attempt | undefined {
  const { graph, root, result } = match;
  if (value === result.index) return undefined;
  if (!sameType(graph.types[value], graph.types[result.index])) return undefined;
  const dead = deadNodes(graph, root, added, value);
  const before = dead.reduce((sum, node) => addCost(sum, node.cost), NO_COST);
  const after = added.reduce((sum, { cost }) => addCost(sum, cost), NO_COST);
  const saves = subtractCost(before, after);
  return isSaving(saves) ? { firstCell, value, added, dead, saves } : undefined;
}

/** A result with a name that is read from outside needs an operator that makes it. */
function fitsInPlace(graph: RewriteGraph, result: Cell, { value, firstCell }: Attempt): boolean {
  if (!result.isOutput && !result.isCaptured) return true;
  if (value >= firstCell) return graph.cells[value]?.constant === undefined;
  const cell = graph.cells[value] as Cell;
  // The output's name moves to the value that stands for it.
  return result.isCaptured ? false : cell.producer >= 0 && !cell.isOutput && !cell.isCaptured;
}

/** Operators whose results nobody reads once `root` is gone and `added` reads what it reads. */
function deadNodes(
  graph: RewriteGraph,
  root: Node,
  added: readonly NewNode[],
  value: number,
): readonly Node[] {
  const kept = new Set<number>([value]);
  for (const { operator } of added) for (const input of operator.inputs) kept.add(input);
  const left = new Map<number, number>();
  const dead: Node[] = [];
  const pending: Node[] = [root];
  const isDying = new Set<number>([root.index]);
  for (let node = pending.pop(); node; node = pending.pop()) {
    dead.push(node);
    const { inputs, captures } = node.operator;
    for (const input of [...inputs, ...captures]) {
      const cell = graph.cells[input];
      if (!cell) continue;
      left.set(input, (left.get(input) ?? cell.uses) - 1);
      const producer = graph.producerOf(input);
      if (!producer || producer.isKept || isDying.has(producer.index)) continue;
      const isNeeded = producer.operator.outputs.some((output) => {
        const made = graph.cells[output];
        if (!made) return false;
        return made.isOutput || kept.has(output) || (left.get(output) ?? made.uses) > 0;
      });
      if (isNeeded) continue;
      isDying.add(producer.index);
      pending.push(producer);
    }
  }
  return dead;
}

function sameType(a: ValueType | undefined, b: ValueType | undefined): boolean {
  if (a?.kind !== 'tensor' || b?.kind !== 'tensor') return false;
  if (a.dtype !== b.dtype || a.shape === null || b.shape === null) return false;
  return shapesEqual(a.shape, b.shape);
}

class Builder {
  readonly added: NewNode[] = [];
  private readonly keys = new Map<string, readonly number[]>();
  private readonly computed = new Map<string, Given | undefined>();

  constructor(
    private readonly match: Match,
    private readonly given: Readonly<Record<string, GivenRule>>,
  ) {}

  /** The value of a pattern; -1 for what is absent; undefined where it cannot be built. */
  build(pattern: Pattern): number | undefined {
    const { match } = this;
    switch (pattern.kind) {
      case 'variable':
        return match.value(pattern.name);
      case 'given':
        return this.valueOf(this.givenOf(pattern.name));
      case 'number':
        return this.numberLike(pattern.value, match.result.index);
      case 'rest':
        return undefined;
      case 'operator':
        return pattern.chain === undefined ? this.operator(pattern) : this.chain(pattern);
    }
  }

  private givenOf(name: string): Given | undefined {
    if (!this.computed.has(name)) this.computed.set(name, this.given[name]?.(this.match));
    return this.computed.get(name);
  }

  private valueOf(given: Given | undefined): number | undefined {
    if (given === undefined) return undefined;
    if (given === 'absent') return -1;
    if ('value' in given) return given.value;
    return 'data' in given ? this.match.graph.constantCell(given) : undefined;
  }

  /** A scalar of the element type that `beside` has. */
  private numberLike(value: number, beside: number): number | undefined {
    const type = this.match.graph.types[beside];
    if (type?.kind !== 'tensor') return undefined;
    const stored = storeAs(type.dtype, value);
    if (stored === undefined) return undefined;
    return this.match.graph.constantCell({ dtype: type.dtype, dims: [], data: [stored] });
  }

  private operator(pattern: OperatorPattern): number | undefined {
    const inputs = this.operands(pattern.operands);
    if (!inputs) return undefined;
    const origin = pattern.same === undefined ? undefined : this.match.node(pattern.same).operator;
    const attributes = this.attributes(pattern, origin);
    if (!attributes) return undefined;
    const name = pattern.types[0] ?? '';
    const dot = name.lastIndexOf('.');
    const domain = origin ? origin.domain : name.slice(0, Math.max(dot, 0));
    const type = origin ? origin.type : name.slice(dot + 1);
    return this.emit(domain, type, inputs, attributes, pattern);
  }

  private operands(patterns: readonly Pattern[]): readonly number[] | undefined {
    const inputs: number[] = [];
    const literals: [at: number, value: number][] = [];
    for (const pattern of patterns) {
      if (pattern.kind === 'rest') inputs.push(...this.match.rest(pattern.name));
      else if (pattern.kind === 'number') literals.push([inputs.push(-1) - 1, pattern.value]);
      else {
        const given = pattern.kind === 'given' ? this.givenOf(pattern.name) : undefined;
        if (given !== undefined && given !== 'absent' && 'values' in given) {
          inputs.push(...given.values);
          continue;
        }
        const value = this.build(pattern);
        if (value === undefined) return undefined;
        inputs.push(value);
      }
    }
    // Numbers take the element type of what they are combined with.
    for (const [at, number] of literals) {
      const beside = inputs.find((value, i) => value >= 0 && !literals.some(([l]) => l === i));
      const value = this.numberLike(number, beside ?? this.match.result.index);
      if (value === undefined) return undefined;
      inputs[at] = value;
    }
    while (inputs.at(-1) === -1) inputs.pop();
    return inputs;
  }

  private attributes(
    pattern: OperatorPattern,
    origin: Operator | undefined,
  ): ReadonlyMap<string, AttributeValue> | undefined {
    if (pattern.attributes.length === 0) return origin?.attributes ?? new Map();
    const attributes = new Map(origin?.attributes);
    for (const [name, source] of pattern.attributes) {
      if (/^-?\d/.test(source)) {
        attributes.set(name, { kind: 'int', value: Number(source) });
        continue;
      }
      const given = this.givenOf(source);
      if (given === 'absent') attributes.delete(name);
      else if (given !== undefined && 'attribute' in given) attributes.set(name, given.attribute);
      else return undefined;
    }
    return attributes;
  }

  /** The operators of a chain anew, over another start. */
  private chain(pattern: OperatorPattern): number | undefined {
    const links = this.match.chains.get(pattern.chain ?? '') ?? [];
    let value = this.build(pattern.operands[0] as Pattern);
    for (const { operator } of [...links].reverse()) {
      if (value === undefined) return undefined;
      const start = value;
      const through = this.throughOf(operator, links);
      const inputs = operator.inputs.map((input, slot) => (slot === through ? start : input));
      value = this.emit(operator.domain, operator.type, inputs, operator.attributes, pattern);
    }
    return value;
  }

  /** The input of a link that the chain goes through: the one that is no constant. */
  private throughOf({ inputs }: Operator, links: readonly Node[]): number {
    const { graph } = this.match;
    const made = new Set(links.flatMap(({ operator }) => operator.outputs));
    const inside = inputs.findIndex((input) => made.has(input));
    if (inside >= 0) return inside;
    const varying = inputs.findIndex((input) => input >= 0 && graph.constant[input] !== true);
    return Math.max(varying, 0);
  }

  private emit(
    domain: string,
    type: string,
    inputs: readonly number[],
    attributes: ReadonlyMap<string, AttributeValue>,
    { slot }: OperatorPattern,
  ): number | undefined {
    const { graph } = this.match;
    const entry = lookupOperator(domain, type);
    if (!entry) return undefined;
    const root = this.match.root.operator;
    const draft: Operator = {
      ...root,
      domain,
      type,
      opset: domain === root.domain ? root.opset : (graph.model.opsets.get(domain) ?? 1),
      name: '',
      attributes,
      inputs,
      outputs: outputsOf(type, inputs, attributes, graph),
      captures: [],
      subgraphs: new Map(),
    };
    const key = structureKey(draft, graph.canonical);
    const existing = key === undefined ? undefined : this.existing(key);
    if (existing) return existing[slot];
    return this.enter(draft, entry, key)?.[slot];
  }

  /** Outputs of an operator that computes the same, here or in the graph. */
  private existing(key: string): readonly number[] | undefined {
    const { graph, root } = this.match;
    const here = this.keys.get(key);
    if (here) return here;
    const node = graph.nodes[graph.byKey.get(key) ?? -1];
    return node && node.isLive && node !== root ? node.operator.outputs : undefined;
  }

  private enter(
    draft: Operator,
    entry: OperatorEntry,
    key: string | undefined,
  ): readonly number[] | undefined {
    const { graph } = this.match;
    const inferred = inferLocally(draft, entry, graph);
    if (!inferred) return undefined;
    const outputs = inferred.types.map((type) => graph.addCell(type));
    const operator: Operator = { ...draft, outputs };
    if (key !== undefined) this.keys.set(key, outputs);
    if (inferred.isConstant) {
      for (const output of outputs) graph.constant[output] = true;
      if (this.settle(operator, entry)) return outputs;
      // In bodies of control flow nothing is computed ahead of time.
      if (graph.graph.path !== '') return undefined;
    }
    const cost = costOf(operator, entry, graph);
    this.added.push({ operator, cost });
    return outputs;
  }

  /** Small constants are there at once, without an operator. */
  private settle(operator: Operator, entry: OperatorEntry): boolean {
    const { graph } = this.match;
    const known = evaluateLocally(operator, entry, graph);
    if (operator.outputs.some((_, slot) => known[slot] === undefined)) return false;
    operator.outputs.forEach((output, slot) => {
      const value = known[slot];
      const cell = graph.cells[output];
      if (!value || !cell) return;
      graph.known[output] = value;
      cell.constant = { dtype: value.dtype, dims: value.dims, source: { kind: 'computed' } };
    });
    return true;
  }
}

/** As many outputs as an operator of that type has here; only Split makes several. */
function outputsOf(
  type: string,
  inputs: readonly number[],
  attributes: ReadonlyMap<string, AttributeValue>,
  graph: RewriteGraph,
): number[] {
  if (type !== 'Split') return [-1];
  const count = attributes.get('num_outputs');
  const sizes = graph.known[inputs[1] ?? -1]?.data.length;
  return new Array<number>(count?.kind === 'int' ? count.value : (sizes ?? 1)).fill(-1);
}
