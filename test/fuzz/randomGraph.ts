// Random small graphs over most operators that have kernels: shapes and element types tracked, weights as constants,
// numbers tame. The same seed gives the same graph on every machine. Used by the interpreter, WebAssembly and native.
import type { DataType } from '../../compiler/graph/types.ts';
import type { AttributeSpec, Bytes, ModelSpec } from '../compiler/onnx/protoWriter.ts';
import { input, node, tensor } from '../compiler/onnx/protoWriter.ts';
import { OPERATORS } from './graphOperators.ts';
import { Random } from './random.ts';

export interface GraphValue {
  readonly name: string;
  readonly dtype: DataType;
  readonly dims: readonly number[];
}

export interface RandomGraph {
  readonly spec: ModelSpec;
  /** In the order of the graph's inputs. */
  readonly inputs: readonly GraphValue[];
}

export interface RandomGraphOptions {
  /** Default 3 to 14. */
  readonly operators?: number;
  /**
   * No operators whose result jumps (Floor, ArgMax, comparisons ...): what targets that round otherwise can be
   * compared within a tolerance.
   */
  readonly continuous?: boolean;
}

/** Elements of one tensor: small enough for the interpreter. */
const MOST_ELEMENTS = 400;

export function randomGraph(seed: number, options: RandomGraphOptions = {}): RandomGraph {
  const random = new Random(seed);
  const graph = new GraphBuilder(random, options.continuous ?? false);
  return graph.build(options.operators ?? 3 + random.below(12));
}

/** Elements of an input, uniform in [-2, 2] or small whole numbers. */
export function randomElements({ dtype, dims }: GraphValue, random: Random): readonly number[] {
  return Array.from({ length: countOf(dims) }, () =>
    dtype === 'float32' ? Math.fround(random.below(4001) / 1000 - 2) : random.below(9) - 4,
  );
}

export function countOf(dims: readonly number[]): number {
  return dims.reduce((a, b) => a * b, 1);
}

export class GraphBuilder {
  private readonly nodes: Bytes[] = [];
  private readonly initializers: Bytes[] = [];
  private readonly inputs: GraphValue[] = [];
  private readonly made: GraphValue[] = [];
  private readonly read = new Set<string>();
  private count = 0;

  constructor(
    readonly random: Random,
    private readonly continuous: boolean,
  ) {}

  build(operators: number): RandomGraph {
    const { random } = this;
    this.addInput(random.chance(0.4) ? this.image() : this.shape());
    if (random.chance(0.5)) this.addInput(this.shape());
    for (let tries = 0; this.nodes.length < operators && tries < 20 * operators; tries++) {
      const { apply } = random.pick(this.continuous ? SMOOTH : OPERATORS);
      apply(this, this.pick());
    }
    const outputs = this.made.filter(({ name }) => !this.read.has(name) || random.chance(0.1));
    return {
      spec: {
        opset: 17,
        inputs: this.inputs.map(({ name, dtype, dims }) => input(name, dtype, dims)),
        nodes: this.nodes,
        outputs: outputs.map(({ name }) => name),
        initializers: this.initializers,
      },
      inputs: this.inputs,
    };
  }

  /** Recent values more often: deep graphs. */
  pick(fits: (value: GraphValue) => boolean = () => true): GraphValue {
    const all = [...this.inputs, ...this.made].filter(fits);
    const recent = all.slice(-3);
    return this.random.pick(this.random.chance(0.35) || recent.length === 0 ? all : recent);
  }

  some(fits: (value: GraphValue) => boolean): GraphValue | undefined {
    const found = [...this.inputs, ...this.made].filter(fits);
    return found.length === 0 ? undefined : this.random.pick(found);
  }

  shape(): number[] {
    return Array.from({ length: 1 + this.random.below(3) }, () => 1 + this.random.below(5));
  }

  /** Batch, channels, height, width. */
  image(): number[] {
    const { random } = this;
    return [1, 2 * (1 + random.below(2)), 3 + random.below(5), 3 + random.below(5)];
  }

  addInput(dims: readonly number[]): GraphValue {
    const value = { name: `x${this.inputs.length}`, dtype: 'float32', dims } as const;
    this.inputs.push(value);
    return value;
  }

  /** A constant of random or given elements. */
  constant(dims: readonly number[], data?: readonly number[], dtype: DataType = 'float32'): string {
    const name = `c${this.initializers.length}`;
    const elements = data ?? randomElements({ name, dtype, dims }, this.random);
    this.initializers.push(tensor(name, dtype, dims, elements));
    return name;
  }

  ints(...data: readonly number[]): string {
    return this.constant([data.length], data, 'int64');
  }

  /** Adds an operator unless a result would be too large or empty. */
  add(
    type: string,
    inputs: readonly string[],
    outputs: readonly Pick<GraphValue, 'dtype' | 'dims'>[],
    attributes: Readonly<Record<string, AttributeSpec>> = {},
  ): void {
    const fits = ({ dims }: Pick<GraphValue, 'dims'>): boolean =>
      countOf(dims) <= MOST_ELEMENTS && dims.length <= 5 && dims.every((dim) => dim > 0);
    if (!outputs.every(fits)) return;
    const values = outputs.map((output) => ({ ...output, name: `v${this.count++}` }));
    inputs.forEach((name) => this.read.add(name));
    this.nodes.push(
      node(
        type,
        inputs,
        values.map(({ name }) => name),
        attributes,
      ),
    );
    this.made.push(...values);
  }
}

const SMOOTH = OPERATORS.filter(({ jumps }) => !jumps);
