/**
 * The view that operator rules have of one operator: attributes and input facts by position. Reads through
 * to the graph's facts, so it shows whatever is known at the time of the call.
 */
import type { AttributeValue, Graph, KnownTensor, Operator } from '../graph/graph.ts';
import type { DataType, Shape, ValueType } from '../graph/types.ts';
import { UNKNOWN_TYPE } from '../graph/types.ts';
import type { OpView } from './define.ts';

/** What is known of the values of one graph, by value index. */
export interface ValueFacts {
  readonly types: readonly ValueType[];
  readonly known: readonly (KnownTensor | undefined)[];
  /** Initialisers and everything computed from them alone. */
  readonly constant: readonly boolean[];
}

export class OperatorView implements OpView {
  readonly inputCount: number;
  readonly outputCount: number;

  constructor(
    protected readonly operator: Operator,
    protected readonly facts: ValueFacts,
  ) {
    this.inputCount = operator.inputs.length;
    this.outputCount = operator.outputs.length;
  }

  get id(): string {
    return this.operator.id;
  }
  get type(): string {
    return this.operator.type;
  }
  get domain(): string {
    return this.operator.domain;
  }
  get opset(): number {
    return this.operator.opset;
  }

  has(input: number): boolean {
    return (this.operator.inputs[input] ?? -1) >= 0;
  }

  hasOutput(slot: number): boolean {
    return (this.operator.outputs[slot] ?? -1) >= 0;
  }

  inputType(input: number): ValueType {
    return this.facts.types[this.operator.inputs[input] ?? -1] ?? UNKNOWN_TYPE;
  }

  dtype(input: number): DataType {
    const type = this.inputType(input);
    return type.kind === 'tensor' ? type.dtype : 'undefined';
  }

  shape(input: number): Shape {
    const type = this.inputType(input);
    return type.kind === 'tensor' ? type.shape : null;
  }

  outputType(slot: number): ValueType {
    return this.facts.types[this.operator.outputs[slot] ?? -1] ?? UNKNOWN_TYPE;
  }

  outputShape(slot: number): Shape {
    const type = this.outputType(slot);
    return type.kind === 'tensor' ? type.shape : null;
  }

  isConstant(input: number): boolean {
    return this.facts.constant[this.operator.inputs[input] ?? -1] ?? false;
  }

  known(input: number): KnownTensor | undefined {
    return this.facts.known[this.operator.inputs[input] ?? -1];
  }

  numbers(input: number): readonly number[] | undefined {
    const data = this.known(input)?.data;
    if (!data?.every((element) => typeof element === 'number')) return undefined;
    return data as readonly number[];
  }

  attribute(name: string): AttributeValue | undefined {
    return this.operator.attributes.get(name);
  }

  int(name: string, fallback: number): number {
    const attribute = this.operator.attributes.get(name);
    return attribute?.kind === 'int' ? attribute.value : fallback;
  }

  float(name: string, fallback: number): number {
    const attribute = this.operator.attributes.get(name);
    return attribute?.kind === 'float' ? attribute.value : fallback;
  }

  string(name: string, fallback: string): string {
    const attribute = this.operator.attributes.get(name);
    return attribute?.kind === 'string' ? attribute.value : fallback;
  }

  ints(name: string): readonly number[] | undefined {
    const attribute = this.operator.attributes.get(name);
    return attribute?.kind === 'ints' ? attribute.value : undefined;
  }

  subgraph(name: string): Graph | undefined {
    return this.operator.subgraphs.get(name);
  }
}
