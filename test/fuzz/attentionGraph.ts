// Random graphs with attention in them: heads split and merged or not, scales, masks, operators on the way that are
// no elementwise work, other axes, results that are read twice. Small enough for the interpreter.
import type { Bytes } from '../compiler/onnx/protoWriter.ts';
import { input, node, tensor } from '../compiler/onnx/protoWriter.ts';
import { Random } from './random.ts';
import type { GraphValue, RandomGraph } from './randomGraph.ts';

export function attentionGraph(seed: number): RandomGraph {
  return new AttentionBuilder(new Random(seed)).build();
}

class AttentionBuilder {
  private readonly nodes: Bytes[] = [];
  private readonly initializers: Bytes[] = [];
  private readonly inputs: GraphValue[] = [];
  private readonly outputs: string[] = [];
  private count = 0;
  private readonly heads: readonly number[];
  private readonly queries: number;
  private readonly keys: number;
  private readonly width: number;

  constructor(private readonly random: Random) {
    this.heads = random.pick([[], [2], [1, 3], [2, 2]]);
    this.queries = random.pick([7, 12, 16, 20, 24]);
    this.keys = random.pick([this.queries, 12, 15, 24]);
    this.width = 4 + random.below(5);
  }

  build(): RandomGraph {
    const { heads, queries, keys, width, random } = this;
    const q = this.operand('q', queries, width);
    const k = this.turned(this.operand('k', keys, width));
    const isShared = heads.length > 0 && random.chance(0.15);
    const v = isShared ? this.given('v', [keys, width]) : this.operand('v', keys, width);
    let scores = this.add('MatMul', [q, k]);
    for (let steps = random.below(4); steps > 0; steps--) scores = this.between(scores);
    const axis = random.chance(0.1) ? -2 : -1;
    const p = this.add('Softmax', [scores], { axis });
    const weights = random.chance(0.2) ? this.add('Relu', [p]) : p;
    const o = this.add('MatMul', [weights, v]);
    this.outputs.push(this.merged(o));
    if (random.chance(0.15)) this.outputs.push(random.pick([scores, p]));
    const unique = [...new Set(this.outputs)];
    return {
      spec: {
        opset: 17,
        inputs: this.inputs.map(({ name, dtype, dims }) => input(name, dtype, dims)),
        nodes: this.nodes,
        outputs: unique,
        initializers: this.initializers,
      },
      inputs: this.inputs,
    };
  }

  private operand(name: string, rows: number, width: number): string {
    const { heads, random } = this;
    if (heads.length !== 2 || random.chance(0.5)) {
      const given = this.given(name, [...heads, rows, width]);
      return random.chance(0.3) ? this.add(random.pick(['Neg', 'Tanh']), [given]) : given;
    }
    // [batch, rows, heads * width] with its heads split.
    const [batch, count] = heads as [number, number];
    const flat = this.given(name, [batch, rows, count * width]);
    const split = this.add('Reshape', [flat, this.ints(batch, rows, count, width)]);
    return this.add('Transpose', [split], { perm: [0, 2, 1, 3] });
  }

  private turned(keys: string): string {
    const rank = this.heads.length + 2;
    const perm = Array.from({ length: rank }, (_, axis) => axis);
    [perm[rank - 1], perm[rank - 2]] = [rank - 2, rank - 1];
    return this.add('Transpose', [keys], { perm });
  }

  private between(scores: string): string {
    const { heads, queries, keys, random } = this;
    switch (random.below(7)) {
      case 0:
      case 1:
        return this.add(random.pick(['Mul', 'Div']), [scores, this.constant([], [1.5])]);
      case 2:
        return this.add('Add', [scores, this.given('mask', [keys])]);
      case 3:
        return this.add('Add', [this.given('bias', [...heads, queries, keys]), scores]);
      case 4:
        return this.add('Where', [this.lower(), scores, this.constant([], [-50])]);
      case 5: {
        // There and back: nothing moves, but who knows.
        const shape = [...heads, queries, keys];
        const rows = shape.slice(0, -1).reduce((a, b) => a * b, 1);
        const flat = this.add('Reshape', [scores, this.ints(rows, keys)]);
        return this.add('Reshape', [flat, this.ints(...shape)]);
      }
      default:
        return this.add('Tanh', [scores]);
    }
  }

  /** Which keys every query may see. */
  private lower(): string {
    const { queries, keys } = this;
    const mask = Array.from({ length: queries * keys }, (_, i) =>
      i % keys <= Math.floor(i / keys) ? 1 : 0,
    );
    return this.constant([queries, keys], mask, 'bool');
  }

  private merged(result: string): string {
    const { heads, queries, width, random } = this;
    if (heads.length !== 2 || random.chance(0.4)) {
      return random.chance(0.3) ? this.add('Add', [result, this.constant([width])]) : result;
    }
    const [batch, count] = heads as [number, number];
    const turned = this.add('Transpose', [result], { perm: [0, 2, 1, 3] });
    return this.add('Reshape', [turned, this.ints(batch, queries, count * width)]);
  }

  private given(name: string, dims: readonly number[]): string {
    const own = `${name}${this.inputs.length}`;
    this.inputs.push({ name: own, dtype: 'float32', dims });
    return own;
  }

  private ints(...data: readonly number[]): string {
    return this.constant([data.length], data, 'int64');
  }

  private constant(
    dims: readonly number[],
    data?: readonly number[],
    dtype: 'float32' | 'int64' | 'bool' = 'float32',
  ): string {
    const name = `c${this.initializers.length}`;
    const count = dims.reduce((a, b) => a * b, 1);
    const elements = data ?? Array.from({ length: count }, () => this.random.below(9) / 4 - 1);
    this.initializers.push(tensor(name, dtype, dims, elements));
    return name;
  }

  private add(type: string, inputs: readonly string[], attributes = {}): string {
    const name = `t${this.count++}`;
    this.nodes.push(node(type, inputs, [name], attributes));
    return name;
  }
}
