// Random small models for differential tests: chains and diamonds of operators of every mapping type, shapes
// tracked, numbers tame. The same seed gives the same model.
import type { Bytes, ModelSpec } from '../onnx/protoWriter.ts';
import { input, node, tensor } from '../onnx/protoWriter.ts';
import type { AttributeSpec } from '../onnx/protoWriter.ts';

export class Random {
  constructor(private state: number) {}

  /** A whole number in [0, below). */
  below(below: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  real(): number {
    return this.below(4001) / 1000 - 2;
  }
}

interface Known {
  readonly name: string;
  readonly dims: readonly number[];
}

export interface RandomModel {
  readonly spec: ModelSpec;
  readonly inputs: readonly Known[];
}

const UNARY = ['Relu', 'Sigmoid', 'Abs', 'Neg', 'Tanh', 'HardSwish', 'Floor', 'Erf'];
const BINARY = ['Add', 'Sub', 'Mul', 'Max', 'Min'];
const REDUCTIONS = ['ReduceSum', 'ReduceMax', 'ReduceMean', 'ReduceL2'];

export function randomModel(seed: number, operators = 3 + (seed % 9)): RandomModel {
  const random = new Random(seed);
  return new Builder(random).build(operators);
}

class Builder {
  private readonly nodes: Bytes[] = [];
  private readonly initializers: Bytes[] = [];
  private readonly values: Known[] = [];
  private readonly read = new Set<string>();
  private readonly inputs: Known[] = [];

  constructor(private readonly random: Random) {}

  build(operators: number): RandomModel {
    for (let i = 0; i < 2; i++) this.addInput(this.shape());
    for (let i = 0; i < operators; i++) this.step();
    const leaves = this.values.filter(
      ({ name }) => name.startsWith('v') && (!this.read.has(name) || this.random.below(8) === 0),
    );
    return {
      spec: {
        opset: 17,
        inputs: this.inputs.map(({ name, dims }) => input(name, 'float32', dims)),
        nodes: this.nodes,
        outputs: leaves.map(({ name }) => name),
        initializers: this.initializers,
      },
      inputs: this.inputs,
    };
  }

  private shape(): number[] {
    return Array.from({ length: 1 + this.random.below(3) }, () => 1 + this.random.below(4));
  }

  private addInput(dims: readonly number[]): Known {
    const known = { name: `x${this.inputs.length}`, dims };
    this.inputs.push(known);
    this.values.push(known);
    return known;
  }

  private ints(data: readonly number[]): string {
    const name = `c${this.initializers.length}`;
    this.initializers.push(tensor(name, 'int64', [data.length], data));
    return name;
  }

  private add(
    type: string,
    inputs: readonly string[],
    dims: readonly number[],
    attributes: Record<string, AttributeSpec> = {},
  ): void {
    const name = `v${this.values.length}`;
    inputs.forEach((used) => this.read.add(used));
    this.nodes.push(node(type, inputs, [name], attributes));
    this.values.push({ name, dims });
  }

  private step(): void {
    const { random } = this;
    // Recent values more often: deep graphs.
    const recent = this.values.slice(-3);
    const x = random.below(3) === 0 ? random.pick(this.values) : random.pick(recent);
    const { name, dims } = x;
    const axis = random.below(Math.max(dims.length, 1));
    const count = dims.reduce((a, b) => a * b, 1);
    switch (random.below(14)) {
      case 0:
      case 1:
        return this.add(random.pick(UNARY), [name], dims);
      case 2:
      case 3:
        return this.binary(x);
      case 4:
        return this.transpose(x);
      case 5: {
        const target = random.pick(factorings(count));
        return this.add('Reshape', [name, this.ints(target)], target);
      }
      case 6: {
        const other = random.pick(this.values.filter((v) => joins(v.dims, dims, axis)));
        const sum = dims.map((dim, i) => (i === axis ? dim + other.dims[axis]! : dim));
        if (sum.reduce((a, b) => a * b, 1) > 300) return this.add('Relu', [name], dims);
        return this.add('Concat', [name, other.name], sum, { axis });
      }
      case 7: {
        const start = random.below(dims[axis]!);
        const length = 1 + random.below(dims[axis]! - start);
        const result = dims.map((dim, i) => (i === axis ? length : dim));
        const [from, to] = [this.ints([start]), this.ints([start + length])];
        return this.add('Slice', [name, from, to, this.ints([axis])], result);
      }
      case 8: {
        const [before, after] = [random.below(3), random.below(2)];
        const pads = [...dims, ...dims].map((_, i) =>
          i === axis ? before : i === axis + dims.length ? after : 0,
        );
        const result = dims.map((dim, i) => (i === axis ? dim + before + after : dim));
        return this.add('Pad', [name, this.ints(pads)], result, { mode: 'constant' });
      }
      case 9:
        return this.add('Softmax', [name], dims, { axis });
      case 10:
      case 11: {
        const type = random.pick(REDUCTIONS);
        const result = dims.map((dim, i) => (i === axis ? 1 : dim));
        if (type === 'ReduceSum') return this.add(type, [name, this.ints([axis])], result);
        return this.add(type, [name], result, { axes: [axis] });
      }
      case 12:
        return this.matmul(x);
      default: {
        const picks = Array.from({ length: 1 + random.below(3) }, () => random.below(dims[axis]!));
        const result = dims.map((dim, i) => (i === axis ? picks.length : dim));
        return this.add('Gather', [name, this.ints(picks)], result, { axis });
      }
    }
  }

  private binary({ name, dims }: Known): void {
    const partners = this.values.filter((other) => broadcasts(other.dims, dims));
    const other = this.random.pick(partners);
    const [long, short] = other.dims.length > dims.length ? [other.dims, dims] : [dims, other.dims];
    const result = long.map((dim, i) =>
      Math.max(dim, short[i - (long.length - short.length)] ?? 1),
    );
    this.add(this.random.pick(BINARY), [name, other.name], result);
  }

  private transpose({ name, dims }: Known): void {
    const perm = dims.map((_, i) => i);
    for (let i = perm.length - 1; i > 0; i--) {
      const j = this.random.below(i + 1);
      [perm[i], perm[j]] = [perm[j]!, perm[i]!];
    }
    this.add(
      'Transpose',
      [name],
      perm.map((i) => dims[i]!),
      { perm },
    );
  }

  private matmul({ name, dims }: Known): void {
    if (dims.length < 2) return this.add('Relu', [name], dims);
    const weights = this.addInput([dims.at(-1)!, 1 + this.random.below(4)]);
    this.add('MatMul', [name, weights.name], [...dims.slice(0, -1), weights.dims[1]!]);
  }
}

function joins(a: readonly number[], b: readonly number[], axis: number): boolean {
  return a.length === b.length && a.every((dim, i) => i === axis || dim === b[i]);
}

function broadcasts(a: readonly number[], b: readonly number[]): boolean {
  const rank = Math.min(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => [a.at(-1 - i)!, b.at(-1 - i)!]).every(
    ([x, y]) => x === y || x === 1 || y === 1,
  );
}

/** Shapes of up to three axes with a given element count. */
function factorings(count: number): number[][] {
  const found = [[count]];
  for (let a = 1; a <= count; a++) {
    if (count % a !== 0) continue;
    found.push([a, count / a]);
    for (let b = 2; b <= count / a; b++)
      if ((count / a) % b === 0) found.push([a, b, count / a / b]);
  }
  return found;
}
