/**
 * Builds immutable graphs: hands out indices, records producers and consumers. Used by the importer, by
 * rewriting and by tests. Operators must be added in topological order.
 */
import type { AttributeValue, Constant, Graph, KnownTensor, Operator, Value } from './graph.ts';
import type { ValueType } from './types.ts';
import { UNKNOWN_TYPE } from './types.ts';

export interface NewOutput {
  readonly name: string;
  readonly type?: ValueType;
  readonly known?: KnownTensor;
}

export interface NewOperator {
  readonly id: string;
  readonly type: string;
  /** Indices of values that exist already; -1 for an absent optional input. */
  readonly inputs: readonly number[];
  /** undefined: an optional output that is absent. */
  readonly outputs: readonly (NewOutput | undefined)[];
  readonly name?: string;
  readonly domain?: string;
  readonly opset: number;
  readonly attributes?: ReadonlyMap<string, AttributeValue>;
  readonly captures?: readonly number[];
  readonly subgraphs?: ReadonlyMap<string, Graph>;
  /** Default: its own id. */
  readonly originalIds?: readonly string[];
  readonly metadata?: ReadonlyMap<string, string>;
}

type Growing = Omit<Value, 'consumers'> & { consumers: number[] };

export class GraphBuilder {
  private readonly values: Growing[] = [];
  private readonly operators: Operator[] = [];
  private readonly inputs: number[] = [];
  private readonly outputs: number[] = [];

  constructor(
    private readonly path = '',
    private readonly name = '',
  ) {}

  /** Adds a graph input. Like all adders it returns the index of the value. */
  input(name: string, type: ValueType): number {
    const index = this.add({ name, type, isInput: true });
    this.inputs.push(index);
    return index;
  }

  constant(name: string, type: ValueType, constant: Constant, known?: KnownTensor): number {
    return this.add({ name, type, constant, ...(known && { known }) });
  }

  /** A value of an enclosing graph; constants keep what is known of them. */
  outer(
    name: string,
    outer: string,
    type: ValueType,
    constant?: Constant,
    known?: KnownTensor,
  ): number {
    return this.add({ name, type, outer, ...(constant && { constant }), ...(known && { known }) });
  }

  /** Returns the value indices of its outputs (-1 for absent ones). */
  operator(operator: NewOperator): readonly number[] {
    const index = this.operators.length;
    const { inputs, captures = [] } = operator;
    for (const input of [...inputs, ...captures]) {
      if (input === -1) continue;
      const { consumers } = this.valueAt(input);
      if (consumers.at(-1) !== index) consumers.push(index);
    }
    const outputs = operator.outputs.map((output, slot) => {
      if (output === undefined) return -1;
      const { name, type = UNKNOWN_TYPE, known } = output;
      return this.add({ name, type, producer: index, slot, ...(known && { known }) });
    });
    this.operators.push({
      index,
      id: operator.id,
      name: operator.name ?? '',
      domain: operator.domain ?? '',
      type: operator.type,
      opset: operator.opset,
      attributes: operator.attributes ?? new Map(),
      inputs,
      outputs,
      captures,
      subgraphs: operator.subgraphs ?? new Map(),
      originalIds: operator.originalIds ?? [operator.id],
      ...(operator.metadata && { metadata: operator.metadata }),
    });
    return outputs;
  }

  /** Marks a value as the next output of the graph. */
  output(index: number): void {
    const value = this.valueAt(index);
    this.values[index] = { ...value, isOutput: true };
    this.outputs.push(index);
  }

  finish(): Graph {
    return {
      path: this.path,
      name: this.name,
      values: this.values,
      operators: this.operators,
      inputs: this.inputs,
      outputs: this.outputs,
    };
  }

  private add(facts: Partial<Value> & { name: string; type: ValueType }): number {
    const index = this.values.length;
    this.values.push({
      index,
      producer: -1,
      slot: 0,
      isInput: false,
      isOutput: false,
      ...facts,
      consumers: [],
    });
    return index;
  }

  private valueAt(index: number): Growing {
    const value = this.values[index];
    if (value === undefined) throw new Error(`the graph has no value ${index}`);
    return value;
  }
}
