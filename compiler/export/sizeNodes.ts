/**
 * Sizes that inference settled as expressions (`Shape`, `Gather`, `Concat` … are gone from the graph) as operators
 * again: every symbol is read from a tensor that has it as a size, the rest is integer arithmetic.
 */
import type { Dim, SymbolicDim } from '../graph/dim.ts';
import type { KnownTensor } from '../graph/graph.ts';
import { DATA_TYPES } from '../graph/types.ts';
import type { ValueType } from '../graph/types.ts';
import { quoted } from '../onnx/names.ts';
import { ExportError } from './exportError.ts';
import { symbolOf } from './typeProtos.ts';

/** Where the nodes go. */
export interface NodeSink {
  readonly fresh: (wanted: string) => string;
  readonly node: (
    type: string,
    inputs: readonly string[],
    output: string,
    attributes?: Readonly<Record<string, number>>,
  ) => void;
  /** Name of an int64 constant. */
  readonly integers: (data: readonly number[], dims: readonly number[]) => string;
}

type Atom = SymbolicDim['terms'][number]['atoms'][number];

export class SizeNodes {
  private readonly places = new Map<string, readonly [value: string, axis: number]>();
  /** int64 [1] values by the expression that they hold. */
  private readonly made = new Map<string, string>();

  constructor(
    private readonly sink: NodeSink,
    private readonly outer?: SizeNodes,
  ) {}

  /** The value can be read from here on. */
  offer(name: string, type: ValueType): void {
    if (type.kind !== 'tensor' || type.shape === null) return;
    type.shape.forEach((dim, axis) => {
      const symbol = symbolOf(dim);
      if (symbol !== undefined && !this.places.has(symbol)) this.places.set(symbol, [name, axis]);
    });
  }

  /** Writes a tensor of sizes under the given name. Throws ExportError where a size cannot be read anywhere. */
  tensor(name: string, { dtype, dims, data }: KnownTensor): void {
    const elements = data.map((element) => {
      if (element === undefined)
        throw new ExportError(`An element of ${quoted(name)} is not known.`);
      return this.size(element);
    });
    const steps: ((input: string, output: string) => void)[] = [];
    if (dims.length !== 1) {
      const shape = this.sink.integers(dims, [dims.length]);
      steps.push((input, output) => this.sink.node('Reshape', [input, shape], output));
    }
    if (dtype !== 'int64') {
      const to = DATA_TYPES[dtype].code;
      steps.push((input, output) => this.sink.node('Cast', [input], output, { to }));
    }
    let current = steps.length === 0 ? name : this.sink.fresh(`${name}/sizes`);
    this.sink.node('Concat', elements, current, { axis: 0 });
    steps.forEach((step, i) => {
      const output = i === steps.length - 1 ? name : this.sink.fresh(`${name}/sizes`);
      step(current, output);
      current = output;
    });
  }

  private size(dim: Dim): string {
    if (typeof dim === 'number') return this.sink.integers([dim], [1]);
    const known = this.find(dim.key);
    if (known !== undefined) return known;
    const terms = dim.terms.map(({ coefficient, atoms }) => {
      const factors = atoms.map((atom) => this.atom(atom));
      if (coefficient !== 1 || factors.length === 0) factors.push(this.size(coefficient));
      return factors.reduce((a, b) => this.binary('Mul', a, b));
    });
    const sum = terms.reduce((a, b) => this.binary('Add', a, b));
    this.made.set(dim.key, sum);
    return sum;
  }

  private find(key: string): string | undefined {
    return this.made.get(key) ?? this.outer?.find(key);
  }

  private atom(atom: Atom): string {
    const known = this.find(atom.key);
    if (known !== undefined) return known;
    const value = atom.kind === 'symbol' ? this.symbol(atom.name) : this.call(atom);
    this.made.set(atom.key, value);
    return value;
  }

  private symbol(name: string): string {
    const place = this.placeOf(name);
    if (place === undefined) throw new ExportError(`No tensor has the size ${quoted(name)}.`);
    const [value, axis] = place;
    const shape = this.sink.fresh(`${value}/shape`);
    this.sink.node('Shape', [value], shape);
    return this.binary('Gather', shape, this.sink.integers([axis], [1]));
  }

  private placeOf(symbol: string): readonly [string, number] | undefined {
    return this.places.get(symbol) ?? this.outer?.placeOf(symbol);
  }

  private call({ fn, args }: Extract<Atom, { kind: 'call' }>): string {
    const [a, b] = args.map((arg) => this.size(arg)) as [string, string];
    switch (fn) {
      case 'max':
        return this.binary('Max', a, b);
      case 'min':
        return this.binary('Min', a, b);
      case 'mod':
        return this.binary('Mod', a, b);
      case 'floordiv':
        // Div cuts off towards zero; the difference divides exactly.
        return this.binary('Div', this.binary('Sub', a, this.binary('Mod', a, b)), b);
      case 'broadcast': {
        const isOne = this.binary('Equal', a, this.size(1));
        const chosen = this.sink.fresh('size');
        this.sink.node('Where', [isOne, b, a], chosen);
        return chosen;
      }
    }
  }

  private binary(type: string, a: string, b: string): string {
    const output = this.sink.fresh('size');
    this.sink.node(type, [a, b], output);
    return output;
  }
}
