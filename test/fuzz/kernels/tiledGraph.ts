// Random chains whose sizes fill vectors and register tiles, with rests: an image or a matrix goes through products,
// convolutions, pools, row reductions and what is between them. Nothing jumps. Few elements more than schedules need, since
// the interpreter runs them too.
import type { AttributeSpec, Bytes } from '../../compiler/onnx/protoWriter.ts';
import { input, node, tensor } from '../../compiler/onnx/protoWriter.ts';
import { Random } from '../random.ts';
import type { GraphValue, RandomGraph } from '../randomGraph.ts';
import { countOf, randomElements } from '../randomGraph.ts';

const MOST_ELEMENTS = 3000;
/** Multiplications of one operator. */
const MOST_WORK = 60_000;
const POINTWISE = ['Relu', 'Sigmoid', 'HardSwish', 'Tanh', 'Neg', 'LeakyRelu'];

export function tiledGraph(seed: number): RandomGraph {
  return new TiledGraph(new Random(seed)).build();
}

class TiledGraph {
  private readonly nodes: Bytes[] = [];
  private readonly initializers: Bytes[] = [];
  /** All results so far, for residuals. */
  private readonly values: GraphValue[] = [];

  constructor(private readonly random: Random) {}

  build(): RandomGraph {
    const { random } = this;
    const isImage = random.chance(0.6);
    const dims = isImage
      ? [1, this.upTo(24), 3 + random.below(9), 3 + random.below(9)]
      : [this.upTo(20), this.upTo(70)];
    const x: GraphValue = { name: 'x', dtype: 'float32', dims };
    this.values.push(x);
    const steps = isImage
      ? [this.conv, this.conv, this.depthwise, this.pool, this.resize, this.concat, this.mean]
      : [this.matMul, this.matMul, this.gemm, this.rows, this.transpose, this.concat, this.mean];
    const count = 4 + random.below(6);
    for (let tries = 0; this.nodes.length < count && tries < 40; tries++) {
      const step = random.pick([
        ...steps,
        this.pointwise,
        this.pointwise,
        this.binary,
        this.binary,
      ]);
      const last = this.values.at(-1)!;
      if (last.dims.length === dims.length) step.call(this, last);
    }
    if (this.nodes.length === 0) this.pointwise(x);
    return {
      spec: {
        opset: 17,
        inputs: [input('x', 'float32', dims)],
        nodes: this.nodes,
        outputs: [this.values.at(-1)!.name],
        initializers: this.initializers,
      },
      inputs: [x],
    };
  }

  /** Near a multiple of the vectors' lengths as often as not. */
  private upTo(most: number): number {
    const { random } = this;
    if (random.chance(0.5)) return 1 + random.below(most);
    const lanes = random.pick([4, 8, 16].filter((each) => each <= most));
    return Math.max(
      1,
      Math.min(most, lanes * (1 + random.below(most / lanes)) - 1 + random.below(3)),
    );
  }

  private constant(...dims: readonly number[]): string {
    const name = `c${this.initializers.length}`;
    const elements = randomElements({ name, dtype: 'float32', dims }, this.random);
    // Long sums shall not grow from operator to operator.
    const scale = dims.length > 1 ? 1 / Math.sqrt(countOf(dims.slice(1))) : 1;
    const scaled = elements.map((element) => Math.fround(element * scale));
    this.initializers.push(tensor(name, 'float32', dims, scaled));
    return name;
  }

  private add(
    type: string,
    inputs: readonly string[],
    dims: readonly number[],
    attributes: Readonly<Record<string, AttributeSpec>> = {},
  ): void {
    const name = `v${this.nodes.length}`;
    this.nodes.push(node(type, inputs, [name], attributes));
    this.values.push({ name, dtype: 'float32', dims });
  }

  private pointwise({ name, dims }: GraphValue): void {
    this.add(this.random.pick(POINTWISE), [name], dims);
  }

  /** With a constant of the channels or columns, or an earlier value of the same shape. */
  private binary({ name, dims }: GraphValue): void {
    const same = this.values.filter((value) => value.dims.join() === dims.join());
    const constant = dims.length === 4 ? [dims[1]!, 1, 1] : [dims.at(-1)!];
    const other = this.random.chance(0.5)
      ? this.random.pick(same).name
      : this.constant(...constant);
    this.add(this.random.pick(['Add', 'Mul', 'Sub', 'Max']), [name, other], dims);
  }

  private conv({ name, dims: [, channels, height, width] }: GraphValue): void {
    const { random } = this;
    const [kernel, stride] = [random.pick([1, 3, 3]), random.pick([1, 1, 2])];
    const padding = random.chance(0.7) ? (kernel - 1) / 2 : 0;
    const sizes = [height!, width!].map((size) =>
      Math.floor((size + 2 * padding - kernel) / stride + 1),
    );
    const made = this.upTo(36);
    const work = made * channels! * kernel * kernel * countOf(sizes);
    if (Math.min(...sizes) < 1 || work > MOST_WORK) return;
    const weights = this.constant(made, channels!, kernel, kernel);
    const bias = random.chance(0.6) ? [this.constant(made)] : [];
    this.add('Conv', [name, weights, ...bias], [1, made, ...sizes], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
    });
  }

  private depthwise({ name, dims }: GraphValue): void {
    const channels = dims[1]!;
    const weights = this.constant(channels, 1, 3, 3);
    this.add('Conv', [name, weights], dims, {
      kernel_shape: [3, 3],
      pads: [1, 1, 1, 1],
      group: channels,
    });
  }

  private pool({ name, dims: [batch, channels, height, width] }: GraphValue): void {
    const { random } = this;
    const stride = random.pick([1, 2]);
    const sizes = [height!, width!].map((size) => Math.floor((size - 1) / stride + 1));
    this.add(random.pick(['MaxPool', 'AveragePool']), [name], [batch!, channels!, ...sizes], {
      kernel_shape: [3, 3],
      strides: [stride, stride],
      pads: [1, 1, 1, 1],
    });
  }

  private resize({ name, dims: [batch, channels, height, width] }: GraphValue): void {
    const dims = [batch!, channels!, 2 * height!, 2 * width!];
    if (countOf(dims) > MOST_ELEMENTS) return;
    this.initializers.push(tensor(`s${this.nodes.length}`, 'float32', [4], [1, 1, 2, 2]));
    this.add('Resize', [name, '', `s${this.nodes.length}`], dims, { mode: 'nearest' });
  }

  /** Of the channels or columns. */
  private concat({ name, dims }: GraphValue): void {
    const axis = 1;
    const fits = this.values.filter((value) =>
      value.dims.every((dim, i) => i === axis || dim === dims[i]),
    );
    const other = this.random.pick(fits);
    const joined = dims.map((dim, i) => (i === axis ? dim + other.dims[axis]! : dim));
    if (countOf(joined) <= MOST_ELEMENTS) this.add('Concat', [name, other.name], joined, { axis });
  }

  /** Keeps the rank: what follows is broadcast. */
  private mean({ name, dims }: GraphValue): void {
    const axes = dims.length === 4 ? [2, 3] : [this.random.below(2)];
    const kept = dims.map((dim, i) => (axes.includes(i) ? 1 : dim));
    this.add('ReduceMean', [name], kept, { axes, keepdims: 1 });
    if (this.random.chance(0.8)) this.add('Mul', [`v${this.nodes.length - 1}`, name], dims);
  }

  private matMul({ name, dims: [rows, depth] }: GraphValue): void {
    const columns = this.upTo(70);
    if (rows! * depth! * columns > MOST_WORK) return;
    this.add('MatMul', [name, this.constant(depth!, columns)], [rows!, columns]);
  }

  private gemm({ name, dims: [rows, depth] }: GraphValue): void {
    const columns = this.upTo(70);
    const transB = this.random.below(2);
    if (rows! * depth! * columns > MOST_WORK) return;
    const weights = transB === 1 ? this.constant(columns, depth!) : this.constant(depth!, columns);
    this.add('Gemm', [name, weights, this.constant(columns)], [rows!, columns], { transB });
  }

  private rows({ name, dims }: GraphValue): void {
    if (this.random.chance(0.5)) return this.add('Softmax', [name], dims, { axis: -1 });
    const columns = dims[1]!;
    const parts = [this.constant(columns), this.constant(columns)];
    this.add('LayerNormalization', [name, ...parts], dims, { axis: -1 });
  }

  private transpose({ name, dims: [rows, columns] }: GraphValue): void {
    this.add('Transpose', [name], [columns!, rows!], { perm: [1, 0] });
  }
}
