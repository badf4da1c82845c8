/**
 * A graph as GraphProto: nodes in order with the nodes that compute sizes between them, constants as initialisers,
 * bodies inside their nodes.
 */
import type { AttributeValue, Constant, Graph, KnownTensor, Operator } from '../graph/graph.ts';
import { UNKNOWN_TYPE } from '../graph/types.ts';
import { Message } from './message.ts';
import type { FormFacts } from './nodeForm.ts';
import { nodeForm } from './nodeForm.ts';
import type { NodeSink } from './sizeNodes.ts';
import { SizeNodes } from './sizeNodes.ts';
import { typeProto, valueInfo } from './typeProtos.ts';
import { GraphNames } from './valueNames.ts';
import type { ValueNames } from './valueNames.ts';
import type { WeightFile } from './weightFile.ts';

export interface GraphContext {
  readonly names: ValueNames;
  readonly weights: WeightFile;
  readonly opset: number;
  /** Sizes that are written by name. */
  readonly isNamed: (symbol: string) => boolean;
}

interface Around {
  readonly names: GraphNames;
  readonly sizes: SizeNodes;
}

const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, name: 3, type: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = {
  ...{ name: 1, float: 2, int: 3, string: 4, tensor: 5, graph: 6, floats: 7, ints: 8 },
  ...{ strings: 9, tensors: 10, typeProto: 14, type: 20 },
} as const;

export function graphProto(graph: Graph, context: GraphContext, outer?: Around): Message {
  return new GraphWriter(graph, context, outer).write();
}

/** What rules about nodes ask of a graph. */
export function formFacts({ values }: Graph): FormFacts {
  return {
    known: (value) => values[value]?.known,
    type: (value) => values[value]?.type ?? UNKNOWN_TYPE,
  };
}

class GraphWriter {
  private readonly nodes: Message[] = [];
  private readonly initializers: Message[] = [];
  private readonly integers = new Map<string, string>();
  /** Initialisers by name of the value, once written. */
  private readonly constants = new Map<number, string>();
  private readonly computed = new Map<Constant, string>();
  private readonly written = new Set<number>();
  private readonly names: GraphNames;
  private readonly sizes: SizeNodes;

  constructor(
    private readonly graph: Graph,
    private readonly context: GraphContext,
    outer: Around | undefined,
  ) {
    this.names = new GraphNames(graph, context.names, outer?.names);
    this.sizes = new SizeNodes(this.sink(), outer?.sizes);
  }

  write(): Message {
    const { graph, names, sizes } = this;
    const outputNames = graph.outputs.map((value) => names.of(value));
    for (const input of graph.inputs) sizes.offer(names.of(input), graph.values[input]!.type);
    for (const operator of graph.operators) {
      const form = nodeForm(operator, this.context.opset, formFacts(graph));
      const inputs = form.inputs.map((value) => this.read(value));
      for (const value of operator.captures) this.read(value);
      this.nodes.push(this.node(operator, inputs, form.attributes));
      for (const value of operator.outputs) {
        if (value >= 0) sizes.offer(names.of(value), graph.values[value]!.type);
      }
    }
    const outputs = graph.outputs.map((value, i) => this.output(value, outputNames[i]!));
    const proto = new Message();
    for (const node of this.nodes) proto.message(GRAPH.node, node);
    proto.text(GRAPH.name, graph.name === '' ? 'graph' : graph.name);
    for (const initializer of this.initializers) proto.message(GRAPH.initializer, initializer);
    for (const value of graph.inputs) {
      proto.message(GRAPH.input, this.info(names.of(value), value));
    }
    graph.outputs.forEach((value, i) => {
      proto.message(GRAPH.output, this.info(outputs[i]!, value));
    });
    return proto;
  }

  private info(name: string, value: number): Message {
    return valueInfo(name, this.graph.values[value]!.type, this.context.isNamed);
  }

  /** The name under which a node reads a value; what is not there yet is written first. */
  private read(index: number): string {
    if (index < 0) return '';
    const value = this.graph.values[index]!;
    const name = this.names.of(index);
    if (this.names.isOuter(value) || value.isInput || value.producer >= 0) return name;
    if (value.constant !== undefined) return this.constant(index, value.constant, value.known);
    if (value.known !== undefined && !this.written.has(index)) {
      this.written.add(index);
      this.sizes.tensor(name, value.known);
    }
    return name;
  }

  private constant(index: number, constant: Constant, known: KnownTensor | undefined): string {
    const before = this.constants.get(index) ?? this.computed.get(constant);
    if (before !== undefined) return this.named(index, before);
    // An output has to come from a node: the constant gets a name beside it.
    const own = this.names.of(index);
    const { isOutput } = this.graph.values[index]!;
    const name = isOutput ? this.context.names.fresh(`${own}/constant`) : own;
    this.initializers.push(this.context.weights.tensor(name, constant, known));
    if (constant.source.kind === 'operators') this.computed.set(constant, name);
    return this.named(index, name);
  }

  private named(index: number, name: string): string {
    this.constants.set(index, name);
    this.names.rename(index, name);
    return name;
  }

  private output(index: number, name: string): string {
    const { producer, isInput, constant } = this.graph.values[index]!;
    const isOuter = this.names.isOuter(this.graph.values[index]!);
    if (producer >= 0 || (isInput && !isOuter)) return name;
    const from = this.read(index);
    if (constant === undefined && !isOuter) return from;
    // Bodies may give the same value of the graph around several times.
    const output = isOuter || this.written.has(index) ? this.context.names.fresh(name) : name;
    this.written.add(index);
    this.sink().node('Identity', [from], output);
    return output;
  }

  private node(
    { type, domain, name, outputs, subgraphs }: Operator,
    inputs: readonly string[],
    attributes: ReadonlyMap<string, AttributeValue>,
  ): Message {
    const proto = new Message();
    for (const input of inputs) proto.text(NODE.input, input);
    const given = outputs.map((value) => this.names.of(value));
    while (given.length > 0 && given.at(-1) === '') given.pop();
    for (const output of given) proto.text(NODE.output, output);
    if (name !== '') proto.text(NODE.name, name);
    proto.text(NODE.type, type);
    for (const [key, value] of attributes) {
      if (value.kind !== 'graph') proto.message(NODE.attribute, this.attribute(key, value));
    }
    for (const [key, body] of subgraphs) {
      const around = { names: this.names, sizes: this.sizes };
      const graph = graphProto(body, this.context, around);
      const attribute = new Message().text(ATTRIBUTE.name, key).message(ATTRIBUTE.graph, graph);
      proto.message(NODE.attribute, attribute.int(ATTRIBUTE.type, 5));
    }
    if (domain !== '') proto.text(NODE.domain, domain);
    return proto;
  }

  private attribute(name: string, value: Exclude<AttributeValue, { kind: 'graph' }>): Message {
    const proto = new Message().text(ATTRIBUTE.name, name);
    const tensor = (constant: Constant, known?: KnownTensor): Message =>
      this.context.weights.tensor('', constant, known, false);
    switch (value.kind) {
      case 'float':
        return proto.float(ATTRIBUTE.float, value.value).int(ATTRIBUTE.type, 1);
      case 'int':
        return proto.int(ATTRIBUTE.int, value.value).int(ATTRIBUTE.type, 2);
      case 'string':
        return proto.text(ATTRIBUTE.string, value.value).int(ATTRIBUTE.type, 3);
      case 'tensor':
        proto.message(ATTRIBUTE.tensor, tensor(value.value, value.known));
        return proto.int(ATTRIBUTE.type, 4);
      case 'floats':
        for (const each of value.value) proto.float(ATTRIBUTE.floats, each);
        return proto.int(ATTRIBUTE.type, 6);
      case 'ints':
        for (const each of value.value) proto.int(ATTRIBUTE.ints, each);
        return proto.int(ATTRIBUTE.type, 7);
      case 'strings':
        for (const each of value.value) proto.text(ATTRIBUTE.strings, each);
        return proto.int(ATTRIBUTE.type, 8);
      case 'tensors':
        for (const each of value.value) proto.message(ATTRIBUTE.tensors, tensor(each));
        return proto.int(ATTRIBUTE.type, 9);
      case 'type':
        proto.message(ATTRIBUTE.typeProto, typeProto(value.value, this.context.isNamed));
        return proto.int(ATTRIBUTE.type, 13);
    }
  }

  /** Nodes that no operator stands for. */
  private sink(): NodeSink {
    return {
      fresh: (wanted) => this.context.names.fresh(wanted),
      node: (type, inputs, output, attributes = {}) => {
        const proto = new Message();
        for (const input of inputs) proto.text(NODE.input, input);
        proto.text(NODE.output, output).text(NODE.type, type);
        for (const [key, value] of Object.entries(attributes)) {
          proto.message(NODE.attribute, this.attribute(key, { kind: 'int', value }));
        }
        this.nodes.push(proto);
      },
      integers: (data, dims) => {
        const key = `${data.join()}:${dims.join()}`;
        const known = this.integers.get(key);
        if (known !== undefined) return known;
        const name = this.context.names.fresh('integers');
        const constant: Constant = { dtype: 'int64', dims, source: { kind: 'computed' } };
        const tensor = { dtype: 'int64', dims, data } as const;
        this.initializers.push(this.context.weights.tensor(name, constant, tensor));
        this.integers.set(key, name);
        return name;
      },
    };
  }
}
