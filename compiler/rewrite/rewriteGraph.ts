/**
 * A graph while it is rewritten: the inferred graph with mutable operators, facts that grow with new values, and
 * costs of every operator. Operators and values keep their numbers; dead ones are marked and left out when
 * `finishGraph` writes the result.
 */
import { isSymbolic, symbolsOf } from '../graph/dim.ts';
import type { Constant, Graph, KnownTensor, Model, Operator } from '../graph/graph.ts';
import type { ValueType } from '../graph/types.ts';
import { UNKNOWN_TYPE } from '../graph/types.ts';
import type { MappingType } from '../mapping/mappingTypes.ts';
import { findConstantValues } from '../ecg/constantValues.ts';
import type { Estimator } from '../ecg/estimate.ts';
import { bytesOf } from '../ecg/tensorBytes.ts';
import type { OperatorEntry } from '../ops/define.ts';
import { lookupOperator } from '../ops/index.ts';
import { isNumeric } from '../ops/known.ts';
import type { ValueFacts } from '../ops/operatorView.ts';
import { OperatorView } from '../ops/operatorView.ts';
import { costOf } from './cost.ts';
import type { Cost } from './cost.ts';
import { structureKey } from './structureKey.ts';

/** A value that is being rewritten; `producer` is the number of a `Node`, -1 for what no operator makes. */
export interface Cell {
  readonly index: number;
  /** Empty until an attempt that makes it is carried out. */
  name: string;
  producer: number;
  slot: number;
  /** Input slots and captures that read it, over all live operators. */
  uses: number;
  readonly readers: Set<number>;
  readonly isInput: boolean;
  isOutput: boolean;
  /** Read by name from a subgraph: the name has to stay. */
  readonly isCaptured: boolean;
  readonly outer?: string;
  constant?: Constant;
}

export interface Node {
  readonly index: number;
  operator: Operator;
  readonly entry: OperatorEntry | undefined;
  cost: Cost;
  /** Key of its type, attributes and inputs; undefined for operators that are never shared. */
  key: string | undefined;
  isLive: boolean;
  /** Counts changes of its inputs, so that an older match shows. */
  version: number;
  /** Place in the original order; new operators stand where the one they replace stood. */
  readonly order: number;
  /** Never removed: sizes in use are named after its results, or it has effects. */
  readonly isKept: boolean;
}

export class RewriteGraph implements ValueFacts {
  readonly types: ValueType[];
  readonly known: (KnownTensor | undefined)[];
  readonly constant: boolean[];
  readonly cells: Cell[];
  readonly nodes: Node[] = [];
  /** Cells of the graph's outputs, in order. */
  readonly outputs: number[];
  /** Live operators by structure: the first of those that compute the same. */
  readonly byKey = new Map<string, number>();
  /** By value: the first constant with the same few elements, else the value itself. */
  readonly canonical: number[] = [];
  private readonly names: Set<string>;
  private readonly mappings = new Map<Operator, MappingType | undefined>();
  /** By value, once somebody asked. */
  private readonly bytes: (number | undefined)[] = [];
  private readonly constantsByKey = new Map<string, number>();
  /** By value, for small constants. */
  private readonly constantKeys: (string | undefined)[] = [];

  constructor(
    readonly model: Model,
    readonly graph: Graph,
    readonly estimator: Estimator,
  ) {
    const { values, operators } = graph;
    this.types = values.map(({ type }) => type);
    this.known = values.map(({ known }) => known);
    this.constant = [...findConstantValues(graph)];
    this.outputs = [...graph.outputs];
    for (const { index } of values) this.canonical.push(this.canonicalOf(index));
    this.names = new Set(values.map(({ name }) => name));
    const captured = new Set(operators.flatMap(({ captures }) => captures));
    this.cells = values.map((value) => ({
      index: value.index,
      name: value.name,
      producer: value.producer,
      slot: value.slot,
      uses: 0,
      readers: new Set<number>(),
      isInput: value.isInput,
      isOutput: value.isOutput,
      isCaptured: captured.has(value.index),
      ...(value.outer !== undefined && { outer: value.outer }),
      ...(value.constant && { constant: value.constant }),
    }));
    for (const operator of operators) this.addNode(operator, operator.index);
  }

  /** Enters an operator whose outputs are cells already. Returns its number. */
  addNode(operator: Operator, order: number): number {
    const index = this.nodes.length;
    const node: Node = {
      index,
      operator: { ...operator, index },
      entry: lookupOperator(operator.domain, operator.type),
      cost: { flops: 0, bytes: 0, operators: 0 },
      key: undefined,
      isLive: true,
      version: 0,
      order,
      isKept: this.ownsSizes(operator),
    };
    this.nodes.push(node);
    for (const value of [...operator.inputs, ...operator.captures]) this.addUse(value, index);
    operator.outputs.forEach((value, slot) => {
      const cell = this.cells[value];
      if (cell) Object.assign(cell, { producer: index, slot });
    });
    this.refresh(node);
    return index;
  }

  /** Computes cost and key anew after something about the operator changed. */
  refresh(node: Node): void {
    if (node.key !== undefined && this.byKey.get(node.key) === node.index) {
      this.byKey.delete(node.key);
    }
    node.cost = costOf(node.operator, node.entry, this);
    node.key = isShareable(node) ? structureKey(node.operator, this.canonical) : undefined;
    if (node.key !== undefined && !this.byKey.has(node.key)) this.byKey.set(node.key, node.index);
  }

  removeNode(node: Node): void {
    node.isLive = false;
    if (node.key !== undefined && this.byKey.get(node.key) === node.index) {
      this.byKey.delete(node.key);
    }
    const { inputs, captures } = node.operator;
    for (const value of [...inputs, ...captures]) this.dropUse(value, node.index);
  }

  private addUse(value: number, node: number): void {
    const cell = this.cells[value];
    if (!cell) return;
    cell.uses++;
    cell.readers.add(node);
  }

  private dropUse(value: number, node: number): void {
    const cell = this.cells[value];
    if (!cell) return;
    cell.uses--;
    cell.readers.delete(node);
  }

  /** Makes all readers of `from` read `to`. Returns the readers. */
  redirect(from: Cell, to: Cell): readonly number[] {
    const readers = [...from.readers];
    for (const reader of readers) {
      const node = this.nodes[reader] as Node;
      const { inputs } = node.operator;
      const moved = inputs.filter((value) => value === from.index).length;
      node.operator = {
        ...node.operator,
        inputs: inputs.map((value) => (value === from.index ? to.index : value)),
      };
      from.uses -= moved;
      from.readers.delete(reader);
      to.uses += moved;
      to.readers.add(reader);
      node.version++;
      this.refresh(node);
    }
    return readers;
  }

  /** The graph's output `from` is `to` from now on, under the same name. */
  moveOutput(from: Cell, to: Cell): void {
    [from.name, to.name] = [to.name, from.name];
    [from.isOutput, to.isOutput] = [false, true];
    this.outputs.forEach((output, i) => {
      if (output === from.index) this.outputs[i] = to.index;
    });
  }

  /** Marks a value as computed from weights alone, and what follows from that. */
  markConstant(value: number): void {
    this.constant[value] = true;
    for (const reader of this.cells[value]?.readers ?? []) {
      const node = this.nodes[reader] as Node;
      const { inputs, captures, outputs } = node.operator;
      const read = [...inputs, ...captures].filter((input) => input >= 0);
      const isConstant =
        node.entry !== undefined &&
        !node.entry.properties.includes('impure') &&
        read.every((input) => this.constant[input] === true);
      if (isConstant) {
        for (const output of outputs) {
          if (output >= 0 && this.constant[output] !== true) this.markConstant(output);
        }
      }
      this.refresh(node);
    }
  }

  /** How an operator maps its inputs; undefined where the table cannot say. */
  mappingOf({ operator, entry }: Node): MappingType | undefined {
    if (this.mappings.has(operator)) return this.mappings.get(operator);
    let mapping: MappingType | undefined;
    try {
      mapping = entry?.mapping(new OperatorView(operator, this)).node;
    } catch {
      mapping = undefined;
    }
    this.mappings.set(operator, mapping);
    return mapping;
  }

  /** Estimated bytes of a value. */
  bytesOf(value: number): number {
    return (this.bytes[value] ??= this.estimator.value(bytesOf(this.types[value] ?? UNKNOWN_TYPE)));
  }

  /** The live operator that makes a value. */
  producerOf(value: number): Node | undefined {
    const node = this.nodes[this.cells[value]?.producer ?? -1];
    return node?.isLive === true ? node : undefined;
  }

  addCell(type: ValueType, known?: KnownTensor, constant?: Constant): number {
    const index = this.cells.length;
    this.cells.push({
      index,
      name: '',
      producer: -1,
      slot: 0,
      uses: 0,
      readers: new Set(),
      isInput: false,
      isOutput: false,
      isCaptured: false,
      ...(constant && { constant }),
    });
    this.types.push(type);
    this.known.push(known);
    this.constant.push(constant !== undefined);
    this.canonical.push(index);
    return index;
  }

  /** Gives the cells from `count` on their names, once they stay. */
  nameCells(count: number, stem: string): void {
    for (let index = count; index < this.cells.length; index++) {
      const cell = this.cells[index] as Cell;
      if (cell.name === '') cell.name = this.freshName(stem);
    }
  }

  /** Forgets the cells from `count` on: an attempt that is not made. */
  truncate(count: number): void {
    this.cells.length = count;
    this.types.length = count;
    this.known.length = count;
    this.constant.length = count;
    this.canonical.length = count;
    this.bytes.length = Math.min(this.bytes.length, count);
    this.constantKeys.length = Math.min(this.constantKeys.length, count);
  }

  private canonicalOf(value: number): number {
    const known = this.known[value];
    if (this.constant[value] !== true || !known || known.data.length > MOST_COMPARED) return value;
    if (!isNumeric(known)) return value;
    const key = constantKey(known);
    this.constantKeys[value] = key;
    const first = this.constantsByKey.get(key);
    if (first === undefined) this.constantsByKey.set(key, value);
    return first ?? value;
  }

  /** The constant with these elements, made once. */
  constantCell(tensor: KnownTensor & { readonly data: readonly number[] }): number {
    const { dtype, dims } = tensor;
    const key = constantKey(tensor);
    const found = this.constantsByKey.get(key);
    // Cells of attempts that were not made are forgotten: the place may be another's now.
    if (found !== undefined && this.constantKeys[found] === key) return found;
    const constant: Constant = { dtype, dims, source: { kind: 'computed' } };
    const cell = this.addCell({ kind: 'tensor', dtype, shape: dims }, tensor, constant);
    this.constantKeys[cell] = key;
    this.constantsByKey.set(key, cell);
    return cell;
  }

  /** A name that no value of the graph has. */
  freshName(stem: string): string {
    for (let i = 1; ; i++) {
      const name = `${stem}~${i}`;
      if (this.names.has(name)) continue;
      this.names.add(name);
      return name;
    }
  }

  /** Sizes that only a run knows are named after the operator that finds them: it must stay. */
  private ownsSizes({ inputs, outputs }: Operator): boolean {
    const { symbols } = this.model;
    let read: Set<string> | undefined;
    for (const output of outputs) {
      const type = this.types[output];
      if (type?.kind !== 'tensor' || type.shape === null) continue;
      for (const dim of type.shape) {
        if (!isSymbolic(dim)) continue;
        for (const name of symbolsOf(dim)) {
          if (symbols.get(name)?.origin === 'input') continue;
          read ??= this.symbolsRead(inputs);
          if (!read.has(name)) return true;
        }
      }
    }
    return false;
  }

  private symbolsRead(inputs: readonly number[]): Set<string> {
    const names = new Set<string>();
    for (const input of inputs) {
      const type = this.types[input];
      if (type?.kind === 'tensor') type.shape?.forEach((dim) => symbolsOf(dim, names));
      this.known[input]?.data.forEach((dim) => dim !== undefined && symbolsOf(dim, names));
    }
    return names;
  }
}

/** Constants up to that many elements are compared. */
const MOST_COMPARED = 64;

function constantKey({ dtype, dims, data }: KnownTensor): string {
  return `${dtype}[${dims.join()}]${data.map((x) => (Object.is(x, -0) ? '-0' : String(x))).join()}`;
}

/** Two such operators over the same inputs give the same: no random numbers, nothing unknown, no bodies. */
function isShareable({ entry, operator, isKept }: Node): boolean {
  if (!entry || isKept || operator.subgraphs.size > 0) return false;
  return !entry.properties.includes('impure');
}
