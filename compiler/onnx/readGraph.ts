/**
 * GraphProto -> DraftGraph: finds the value behind every name, reads constants, attributes and subgraphs,
 * and inlines model-local functions. Names are looked up per scope, so shadowing needs no renaming.
 */
import type { onnx } from 'onnx-proto';
import { ModelError } from '../diagnostics.ts';
import type { AttributeValue } from '../graph/graph.ts';
import { attributeValue } from './attributes.ts';
import { applyConstantNode } from './constantNode.ts';
import { DraftGraph, Scope } from './draft.ts';
import type { DraftNode, DraftValue } from './draft.ts';
import { normalDomain } from './functionTable.ts';
import type { ModelFunction, FunctionTable } from './functionTable.ts';
import { boundedName, shown, quoted, UniqueNames } from './names.ts';
import { canonicalise } from './opsets.ts';
import type { Reporter } from './reporter.ts';
import type { NodeExtras, Scan } from './scan.ts';
import type { Symbols } from './symbols.ts';
import type { TensorReader } from './tensors.ts';
import { valueType } from './valueTypes.ts';

export interface ReadContext {
  readonly tensors: TensorReader;
  readonly symbols: Symbols;
  readonly reporter: Reporter;
  readonly functions: FunctionTable;
  readonly scan: Scan;
}

/** Where a node stands: what its names mean and whose attributes it may refer to. */
interface Place {
  readonly graph: DraftGraph;
  readonly scope: Scope;
  readonly opsets: ReadonlyMap<string, number>;
  /** In a function: what its caller gave for each attribute parameter. */
  readonly parameters?: ReadonlyMap<string, BoundAttribute>;
  /** Put before the names of a function's own values: '<first output of the caller>'. */
  readonly prefix: string;
  /** Functions that are being inlined around it, outermost first, and the ids of their callers. */
  readonly functions: readonly ModelFunction[];
  readonly callers: readonly string[];
}

/** An attribute with the place that its graphs' names belong to. */
interface BoundAttribute {
  readonly proto: onnx.IAttributeProto;
  readonly place: Place;
}

type Types = ReadonlyMap<string, onnx.ITypeProto>;

/** Nodes of all graphs together. */
const MOST_NODES = 250_000;
/** Nodes that inlining adds. Functions that call each other twice grow without end. */
const MOST_INLINED = 50_000;
const MOST_FUNCTION_DEPTH = 64;

export class GraphReader {
  private readonly ids = new UniqueNames();
  private readonly attributeValues = new Map<onnx.IAttributeProto, AttributeValue | undefined>();
  private readonly unknownDomains = new Set<string>();
  private nodeCount = 0;
  private inlinedCount = 0;

  constructor(private readonly context: ReadContext) {}

  /** Throws ModelError for dangling names, endless functions and too many nodes. */
  readMain(proto: onnx.IGraphProto, opsets: ReadonlyMap<string, number>): DraftGraph {
    return this.readGraph(proto, '', undefined, opsets);
  }

  private readGraph(
    proto: onnx.IGraphProto,
    path: string,
    around: Place | undefined,
    opsets: ReadonlyMap<string, number>,
  ): DraftGraph {
    const graph = new DraftGraph(path, boundedName(proto.name ?? ''), around?.graph);
    const scope = new Scope(around?.scope);
    const place: Place = {
      graph,
      scope,
      opsets,
      prefix: '',
      functions: around?.functions ?? [],
      callers: around?.callers ?? [],
      ...(around?.parameters && { parameters: around.parameters }),
    };
    this.readInitializers(proto, place);
    this.readInputs(proto, place);
    const types = typesByName([...(proto.valueInfo ?? []), ...(proto.output ?? [])]);
    this.readNodes(proto.node ?? [], place, types, new Map());
    for (const { name } of proto.output ?? []) {
      const value = scope.find(name ?? '');
      if (value === undefined || value === 'absent') {
        throw new ModelError(
          'model/dangling-input',
          `The graph output ${quoted(name ?? '')} is not produced by any node.`,
          path === '' ? undefined : path,
        );
      }
      value.uses++;
      graph.outputs.push(value);
    }
    return graph;
  }

  private readInitializers(proto: onnx.IGraphProto, { graph, scope }: Place): void {
    const { tensors } = this.context;
    const add = (name: string, read: ReturnType<TensorReader['read']>): void => {
      const value = this.define(name, graph, scope);
      value.type = read.type;
      value.constant = read.constant;
      if (read.known) value.known = read.known;
    };
    for (const tensor of proto.initializer ?? []) {
      const name = tensor.name ?? '';
      add(name, tensors.read(tensor, name));
    }
    for (const tensor of proto.sparseInitializer ?? []) {
      const name = tensor.values?.name ?? '';
      add(name, tensors.readSparse(tensor, name));
    }
  }

  private readInputs(proto: onnx.IGraphProto, { graph, scope }: Place): void {
    const { symbols } = this.context;
    symbols.origin = graph.path === '' ? 'input' : 'data';
    for (const { name, type } of proto.input ?? []) {
      // An initialiser of that name is its default, and nobody can pass another value here.
      const before = name ? scope.definesItself(name) && scope.find(name) : undefined;
      if (before && before !== 'absent' && before.constant !== undefined) continue;
      const value = this.define(name ?? '', graph, scope);
      value.type = valueType(type, value.name, symbols);
      value.isInput = true;
      graph.inputs.push(value);
    }
    symbols.origin = 'data';
  }

  /** A new value under a name of the file; a second one of that name is reported and stays nameless. */
  private define(name: string, graph: DraftGraph, scope: Scope, prefix = ''): DraftValue {
    const value = graph.value(prefix === '' ? name : `${prefix}/${name}`);
    if (name === '') return value;
    if (scope.definesItself(name)) {
      this.context.reporter.report(
        'model/duplicate-name',
        `The name ${quoted(name)} is given to two values; readers get the first.`,
        graph.idOf(value.name),
      );
    } else scope.define(name, value);
    return value;
  }

  /** `given`: values that exist already for some output names (those of a function's caller). */
  private readNodes(
    protos: readonly onnx.INodeProto[],
    place: Place,
    types: Types,
    given: ReadonlyMap<string, DraftValue>,
  ): void {
    const { graph, scope, prefix } = place;
    const taken = new Set<string>();
    // All outputs first: nodes may stand in any order.
    const outputs = protos.map((proto) =>
      (proto.output ?? []).map((name) => {
        if (name === '') return undefined;
        const before = given.get(name);
        if (before !== undefined && !taken.has(name)) {
          taken.add(name);
          scope.define(name, before);
          return before;
        }
        const value = this.define(name, graph, scope, prefix);
        const type = types.get(name);
        if (type) value.type = valueType(type, value.name, this.context.symbols);
        return value;
      }),
    );
    protos.forEach((proto, index) => this.readNode(proto, outputs[index] ?? [], place));
  }

  private readNode(
    proto: onnx.INodeProto,
    outputs: (DraftValue | undefined)[],
    place: Place,
  ): void {
    this.countNode(place);
    const { graph } = place;
    const { reporter, functions } = this.context;
    const type = proto.opType ?? '';
    const first = outputs.find((output) => output !== undefined);
    if (first === undefined) {
      const label = quoted(proto.name || type);
      reporter.report('model/unsupported', `Node ${label} has no output, so it is left out.`);
      return;
    }
    const extras = this.extrasOf(proto);
    const domain = normalDomain(proto.domain);
    const called = functions.find(domain, type, extras?.overload ?? '');
    const path = graph.idOf(first.name);
    const attributes = this.bind(proto, place, path);
    const inputs = this.findInputs(proto, place, path);
    if (called !== undefined) {
      // The id is left to the node of the body that produces the output.
      this.inline(called, { id: path, first, inputs, outputs, attributes }, place);
      return;
    }
    const id = this.ids.take(path);

    const node: DraftNode = {
      id,
      name: proto.name ?? '',
      domain,
      type,
      opset: this.opsetOf(domain, place),
      attributes: new Map(),
      subgraphs: new Map(),
      inputs,
      outputs,
      originalIds: [...new Set([id, ...place.callers])],
      ...(extras?.metadata.length && { metadata: new Map(extras.metadata) }),
    };
    for (const [name, bound] of attributes) this.addAttribute(node, name, bound);
    if (domain === '' && type === 'Constant' && applyConstantNode(node, reporter)) return;
    for (const output of outputs) if (output) output.producer = node;
    canonicalise(node, graph);
    graph.nodes.push(node);
  }

  private countNode({ functions }: Place): void {
    if (functions.length > 0 && ++this.inlinedCount > MOST_INLINED) {
      const message = `The functions of the model expand to more than ${MOST_INLINED} nodes.`;
      throw new ModelError('model/too-large', message);
    }
    if (++this.nodeCount > MOST_NODES) {
      throw new ModelError('model/too-large', `The model has more than ${MOST_NODES} nodes.`);
    }
  }

  private findInputs(
    proto: onnx.INodeProto,
    { scope }: Place,
    id: string,
  ): (DraftValue | undefined)[] {
    const inputs = (proto.input ?? []).map((name) => {
      if (name === '') return undefined;
      const value = scope.find(name);
      if (value === undefined) {
        throw new ModelError(
          'model/dangling-input',
          `Node ${quoted(proto.name || id)} (${shown(proto.opType ?? '')}) reads ${quoted(name)}, ` +
            'which no node, input or initializer provides.',
          id,
        );
      }
      if (value === 'absent') return undefined;
      value.uses++;
      return value;
    });
    while (inputs.length > 0 && inputs.at(-1) === undefined) inputs.pop();
    return inputs;
  }

  /** Attributes with references to the parameters of the function around them replaced. */
  private bind(proto: onnx.INodeProto, place: Place, id: string): Map<string, BoundAttribute> {
    const result = new Map<string, BoundAttribute>();
    for (const attribute of proto.attribute ?? []) {
      const name = attribute.name ?? '';
      if (result.has(name)) {
        const message = `Attribute ${quoted(name)} is given twice; the first one counts.`;
        this.context.reporter.report('model/bad-attribute', message, id);
        continue;
      }
      if (!attribute.refAttrName) result.set(name, { proto: attribute, place });
      else {
        const bound = place.parameters?.get(attribute.refAttrName);
        if (bound !== undefined) result.set(name, bound);
      }
    }
    return result;
  }

  private addAttribute(node: DraftNode, name: string, { proto, place }: BoundAttribute): void {
    let value = this.attributeValues.get(proto);
    if (!this.attributeValues.has(proto)) {
      value = attributeValue(proto, { ...this.context, node: node.id });
      this.attributeValues.set(proto, value);
    }
    if (value === undefined) return;
    node.attributes.set(name, value);
    if (value.kind !== 'graph') return;
    const graphs = proto.g ? [proto.g] : (proto.graphs ?? []);
    graphs.forEach((graph, index) => {
      const key = proto.g ? name : `${name}[${index}]`;
      const path = boundedName(`${node.id}/${key}`);
      node.subgraphs.set(key, this.readGraph(graph, path, place, place.opsets));
    });
  }

  private inline(called: ModelFunction, call: Call, place: Place): void {
    const { proto, extras } = called;
    const label = quoted(proto.name ?? '');
    if (place.functions.includes(called)) {
      throw new ModelError('model/function', `Function ${label} calls itself.`, call.id);
    }
    if (place.functions.length >= MOST_FUNCTION_DEPTH) {
      const message = `Functions call each other more than ${MOST_FUNCTION_DEPTH} levels deep.`;
      throw new ModelError('model/function', message, call.id);
    }
    const parameters = new Map<string, BoundAttribute>();
    for (const attribute of called.defaults) {
      parameters.set(attribute.name ?? '', { proto: attribute, place });
    }
    for (const [name, bound] of call.attributes) parameters.set(name, bound);

    const scope = new Scope();
    (proto.input ?? []).forEach((name, index) => scope.define(name, call.inputs[index]));
    const given = new Map<string, DraftValue>();
    (proto.output ?? []).forEach((name, index) => {
      const value = call.outputs[index];
      if (value !== undefined && !scope.definesItself(name) && !given.has(name)) {
        given.set(name, value);
      }
    });
    const inner: Place = {
      graph: place.graph,
      scope,
      opsets: called.opsets,
      parameters,
      prefix: call.first.name,
      functions: [...place.functions, called],
      callers: [...place.callers, call.id],
    };
    this.readNodes(proto.node ?? [], inner, typesByName(extras), given);

    (proto.output ?? []).forEach((name, index) => {
      const value = call.outputs[index];
      if (value === undefined || given.get(name) === value) {
        if (value === undefined || value.producer || value.constant) return;
      }
      this.passThrough(value, scope.find(name), label, call, inner);
    });
  }

  /** An output of a function that is also one of its inputs, or an output for the second time. */
  private passThrough(
    output: DraftValue,
    from: DraftValue | 'absent' | undefined,
    label: string,
    call: Call,
    { graph, callers }: Place,
  ): void {
    if (from === undefined || from === 'absent' || from === output) {
      const message = `Function ${label} does not produce all of its outputs.`;
      throw new ModelError('model/function', message, call.id);
    }
    const node: DraftNode = {
      id: this.ids.take(graph.idOf(output.name)),
      name: '',
      domain: '',
      type: 'Identity',
      opset: 1,
      attributes: new Map(),
      subgraphs: new Map(),
      inputs: [from],
      outputs: [output],
      originalIds: [...callers],
    };
    from.uses++;
    output.producer = node;
    graph.nodes.push(node);
  }

  private extrasOf(proto: onnx.INodeProto): NodeExtras | undefined {
    return proto.docString ? this.context.scan.nodes[Number(proto.docString)] : undefined;
  }

  private opsetOf(domain: string, { opsets }: Place): number {
    const version = opsets.get(domain);
    if (version !== undefined) return version;
    if (!this.unknownDomains.has(domain)) {
      this.unknownDomains.add(domain);
      this.context.reporter.report(
        'model/opset',
        `The model does not say which version of the operators of ${quoted(domain || 'ai.onnx')} ` +
          'it uses; version 1 is assumed.',
      );
    }
    return 1;
  }
}

interface Call {
  readonly id: string;
  readonly first: DraftValue;
  readonly inputs: readonly (DraftValue | undefined)[];
  readonly outputs: readonly (DraftValue | undefined)[];
  readonly attributes: ReadonlyMap<string, BoundAttribute>;
}

function typesByName(infos: readonly onnx.IValueInfoProto[]): Types {
  const types = new Map<string, onnx.ITypeProto>();
  for (const { name, type } of infos) if (name && type) types.set(name, type);
  return types;
}
