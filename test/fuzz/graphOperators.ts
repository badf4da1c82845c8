// The table of random graphs: how each family of operators is added to a graph, attributes and shapes drawn at random. A
// family that does not fit the value adds nothing.
import type { DataType } from '../../compiler/graph/types.ts';
import type { GraphBuilder, GraphValue } from './randomGraph.ts';

export interface OperatorFamily {
  readonly name: string;
  readonly apply: (graph: GraphBuilder, x: GraphValue) => void;
  /** The result jumps where the operand moves a little. */
  readonly jumps?: boolean;
}

const UNARY = [
  ...['Relu', 'Sigmoid', 'Abs', 'Neg', 'Tanh', 'HardSwish', 'Erf', 'Softplus', 'Elu', 'LeakyRelu'],
  ...['Sin', 'Cos', 'Softsign', 'HardSigmoid', 'Selu', 'ThresholdedRelu', 'Identity'],
];
const REDUCTIONS = [
  'ReduceMax',
  'ReduceMin',
  'ReduceMean',
  'ReduceL1',
  'ReduceL2',
  'ReduceSumSquare',
];

const isFloat = ({ dtype }: GraphValue): boolean => dtype === 'float32';
const result = (dims: readonly number[], dtype: DataType = 'float32') => [{ dims, dtype }];
const withAxis = (dims: readonly number[], axis: number, dim: number): number[] =>
  dims.map((old, i) => (i === axis ? dim : old));
/** Negative half of the time. */
const stated = (graph: GraphBuilder, axis: number, rank: number): number =>
  graph.random.chance(0.5) ? axis : axis - rank;

type Apply = OperatorFamily['apply'];

/** For float tensors of a least rank. */
const floats =
  (rank: number, apply: Apply): Apply =>
  (graph, x) => {
    if (isFloat(x) && x.dims.length >= rank) apply(graph, x);
  };

const onImages = (apply: Apply): Apply =>
  floats(4, (graph, x) => {
    if (x.dims.length === 4) apply(graph, x);
  });

const broadcasts = (a: readonly number[], b: readonly number[]): boolean =>
  a.every((_, i) => {
    const [x, y] = [a.at(-1 - i)!, b.at(-1 - i)];
    return y === undefined || x === y || x === 1 || y === 1;
  });

function joined(a: readonly number[], b: readonly number[]): number[] {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  return long.map((dim, i) => Math.max(dim, short[i - (long.length - short.length)] ?? 1));
}

const binary =
  (types: readonly string[], dtype: DataType): Apply =>
  (graph, x) => {
    const { random } = graph;
    const type = random.pick(types);
    if (random.chance(0.3)) {
      const dims = random.chance(0.5) ? [] : x.dims.slice(-1);
      return graph.add(type, [x.name, graph.constant(dims)], result(joined(x.dims, dims), dtype));
    }
    const other = graph.some((y) => isFloat(y) && broadcasts(x.dims, y.dims))!;
    graph.add(type, [x.name, other.name], result(joined(x.dims, other.dims), dtype));
  };

const where = floats(0, (graph, x) => {
  const condition = graph.some(({ dtype, dims }) => dtype === 'bool' && broadcasts(x.dims, dims));
  if (!condition) return;
  const dims = joined(x.dims, condition.dims);
  const other = graph.some((y) => isFloat(y) && broadcasts(dims, y.dims))!;
  graph.add('Where', [condition.name, x.name, other.name], result(joined(dims, other.dims)));
});

const transpose: Apply = (graph, { name, dims, dtype }) => {
  const perm = dims.map((_, i) => i);
  for (let i = perm.length - 1; i > 0; i--) {
    const j = graph.random.below(i + 1);
    [perm[i], perm[j]] = [perm[j]!, perm[i]!];
  }
  if (perm.length > 1) {
    graph.add(
      'Transpose',
      [name],
      result(
        perm.map((i) => dims[i]!),
        dtype,
      ),
      { perm },
    );
  }
};

const reshape: Apply = (graph, { name, dims, dtype }) => {
  let left = dims.reduce((a, b) => a * b, 1);
  const target: number[] = [];
  while (target.length < 3 && graph.random.chance(0.8)) {
    const divisors = Array.from({ length: left }, (_, i) => i + 1).filter((d) => left % d === 0);
    const part = graph.random.pick(divisors);
    target.push(part);
    left /= part;
  }
  target.push(left);
  const open = graph.random.below(target.length + 1);
  const wanted = target.map((dim, i) => (i === open ? -1 : dim));
  graph.add('Reshape', [name, graph.ints(...wanted)], result(target, dtype));
};

const unsqueeze: Apply = (graph, { name, dims, dtype }) => {
  const axis = graph.random.below(dims.length + 1);
  const shape = [...dims.slice(0, axis), 1, ...dims.slice(axis)];
  graph.add(
    'Unsqueeze',
    [name, graph.ints(stated(graph, axis, shape.length))],
    result(shape, dtype),
  );
};

const squeeze: Apply = (graph, { name, dims, dtype }) => {
  const axis = dims.indexOf(1);
  if (axis < 0) return;
  const shape = dims.filter((_, i) => i !== axis);
  graph.add('Squeeze', [name, graph.ints(axis)], result(shape, dtype));
};

const concat: Apply = (graph, x) => {
  if (x.dims.length === 0) return;
  const axis = graph.random.below(x.dims.length);
  const fits = ({ dims, dtype }: GraphValue): boolean =>
    dtype === x.dtype &&
    dims.length === x.dims.length &&
    dims.every((dim, i) => i === axis || dim === x.dims[i]);
  const parts = [x, ...Array.from({ length: 1 + graph.random.below(2) }, () => graph.some(fits)!)];
  const sum = parts.reduce((total, { dims }) => total + dims[axis]!, 0);
  graph.add(
    'Concat',
    parts.map(({ name }) => name),
    result(withAxis(x.dims, axis, sum), x.dtype),
    { axis: stated(graph, axis, x.dims.length) },
  );
};

const split: Apply = (graph, { name, dims, dtype }) => {
  const axis = dims.findIndex((dim) => dim > 1);
  if (axis < 0) return;
  const first = 1 + graph.random.below(dims[axis]! - 1);
  const parts = [first, dims[axis]! - first];
  graph.add(
    'Split',
    [name, graph.ints(...parts)],
    parts.map((part) => ({ dtype, dims: withAxis(dims, axis, part) })),
    { axis },
  );
};

const slice: Apply = (graph, { name, dims, dtype }) => {
  if (dims.length === 0) return;
  const { random } = graph;
  const axis = random.below(dims.length);
  const size = dims[axis]!;
  const step = random.pick([1, 1, 2, -1]);
  const from = random.below(size);
  const [start, end] = step > 0 ? [from, size + random.below(3)] : [from, -size - 1];
  const length = step > 0 ? Math.ceil((size - from) / step) : from + 1;
  const begin = random.chance(0.3) ? start - size : start;
  const inputs = [begin, end, axis, step].map((part) => graph.ints(part));
  graph.add('Slice', [name, ...inputs], result(withAxis(dims, axis, length), dtype));
};

const pad = floats(1, (graph, { name, dims }) => {
  const { random } = graph;
  const axis = random.below(dims.length);
  const mode = random.pick(['constant', 'edge', 'reflect']);
  const most = mode === 'reflect' ? dims[axis]! : 3;
  const [before, after] = [random.below(most), random.below(most)];
  const pads = [...dims, ...dims].map((_, i) =>
    i === axis ? before : i === axis + dims.length ? after : 0,
  );
  const shape = withAxis(dims, axis, dims[axis]! + before + after);
  graph.add('Pad', [name, graph.ints(...pads)], result(shape), { mode });
});

const expand: Apply = (graph, { name, dims, dtype }) => {
  const target = dims.map((dim) => (dim === 1 ? 1 + graph.random.below(3) : dim));
  if (graph.random.chance(0.4)) target.unshift(1 + graph.random.below(2));
  if (target.length > 0) graph.add('Expand', [name, graph.ints(...target)], result(target, dtype));
};

const tile: Apply = (graph, { name, dims, dtype }) => {
  if (dims.length === 0) return;
  const repeats = dims.map(() => 1 + graph.random.below(2));
  const shape = dims.map((dim, i) => dim * repeats[i]!);
  graph.add('Tile', [name, graph.ints(...repeats)], result(shape, dtype));
};

const gather: Apply = (graph, { name, dims, dtype }) => {
  if (dims.length === 0) return;
  const { random } = graph;
  const axis = random.below(dims.length);
  const size = dims[axis]!;
  const picks = Array.from({ length: 1 + random.below(3) }, () => random.below(2 * size) - size);
  const indices = graph.ints(...picks);
  graph.add('Gather', [name, indices], result(withAxis(dims, axis, picks.length), dtype), { axis });
};

const softmax = floats(1, (graph, { name, dims }) => {
  const axis = stated(graph, graph.random.below(dims.length), dims.length);
  graph.add(graph.random.pick(['Softmax', 'LogSoftmax']), [name], result(dims), { axis });
});

const layerNorm = floats(1, (graph, { name, dims }) => {
  const last = dims.slice(-1);
  const [scale, bias] = [graph.constant(last), graph.constant(last)];
  graph.add('LayerNormalization', [name, scale, bias], result(dims), { axis: -1 });
});

const reduce = floats(1, (graph, { name, dims }) => {
  const { random } = graph;
  const axes = dims.map((_, i) => i).filter(() => random.chance(0.5));
  if (axes.length === 0) axes.push(random.below(dims.length));
  const keeps = random.below(2);
  const shape = dims
    .map((dim, i) => (axes.includes(i) ? 1 : dim))
    .filter((_, i) => keeps === 1 || !axes.includes(i));
  if (random.chance(0.3)) {
    const list = graph.ints(...axes);
    return graph.add('ReduceSum', [name, list], result(shape), { keepdims: keeps });
  }
  graph.add(random.pick(REDUCTIONS), [name], result(shape), { axes, keepdims: keeps });
});

const argMax = floats(1, (graph, { name, dims }) => {
  const axis = graph.random.below(dims.length);
  graph.add(
    graph.random.pick(['ArgMax', 'ArgMin']),
    [name],
    result(withAxis(dims, axis, 1), 'int64'),
    { axis, keepdims: 1 },
  );
});

const cumSum = floats(1, (graph, { name, dims }) => {
  const { random } = graph;
  const axis = graph.constant([], [random.below(dims.length)], 'int64');
  const attributes = { exclusive: random.below(2), reverse: random.below(2) };
  graph.add('CumSum', [name, axis], result(dims), attributes);
});

const topK = floats(1, (graph, { name, dims }) => {
  const axis = graph.random.below(dims.length);
  const k = 1 + graph.random.below(dims[axis]!);
  const shape = withAxis(dims, axis, k);
  const outputs = [...result(shape), ...result(shape, 'int64')];
  graph.add('TopK', [name, graph.ints(k)], outputs, { axis, largest: graph.random.below(2) });
});

const matMul = floats(2, (graph, { name, dims }) => {
  const columns = 1 + graph.random.below(6);
  const rows = dims.at(-1)!;
  const other = graph.some((y) => isFloat(y) && y.dims.length === 2 && y.dims[0] === rows);
  const fresh = other === undefined || graph.random.chance(0.6);
  const weights = fresh ? graph.constant([rows, columns]) : other.name;
  const width = fresh ? columns : other.dims[1]!;
  graph.add('MatMul', [name, weights], result([...dims.slice(0, -1), width]));
});

const gemm = floats(2, (graph, { name, dims }) => {
  if (dims.length !== 2) return;
  const { random } = graph;
  const [transA, transB, columns] = [random.below(2), random.below(2), 1 + random.below(6)];
  const [rows, depth] = transA === 1 ? [dims[1]!, dims[0]!] : [dims[0]!, dims[1]!];
  const weights = graph.constant(transB === 1 ? [columns, depth] : [depth, columns]);
  const bias = random.chance(0.6) ? [graph.constant(random.pick([[columns], [rows, 1], []]))] : [];
  const attributes = { transA, transB, alpha: { float: random.pick([1, 0.5]) } };
  graph.add('Gemm', [name, weights, ...bias], result([rows, columns]), attributes);
});

/** Window along one axis: kernel, stride, padding, dilation and the output's size. */
function windowOf({ random }: GraphBuilder, size: number) {
  const kernel = 1 + random.below(3);
  const dilation = random.chance(0.2) ? 2 : 1;
  const reach = dilation * (kernel - 1) + 1;
  const [before, after] = [random.below(kernel), random.below(kernel)];
  const stride = 1 + random.below(2);
  const output = Math.floor((size + before + after - reach) / stride) + 1;
  return { kernel, dilation, before, after, stride, output };
}

type Windows = readonly ReturnType<typeof windowOf>[];

const windowAttributes = (windows: Windows) => ({
  kernel_shape: windows.map(({ kernel }) => kernel),
  strides: windows.map(({ stride }) => stride),
  pads: [...windows.map(({ before }) => before), ...windows.map(({ after }) => after)],
});

const conv = onImages((graph, { name, dims }) => {
  const { random } = graph;
  const [batch, channels, height, width] = dims as [number, number, number, number];
  const windows = [windowOf(graph, height), windowOf(graph, width)];
  if (windows.some(({ output }) => output < 1)) return;
  const groups = random.pick([1, 1, channels, channels % 2 === 0 ? 2 : 1]);
  const made = groups * (1 + random.below(3));
  const kernels = windows.map(({ kernel }) => kernel);
  const weights = graph.constant([made, channels / groups, ...kernels]);
  const bias = random.chance(0.5) ? [graph.constant([made])] : [];
  const dims4 = [batch, made, ...windows.map(({ output }) => output)];
  const dilations = windows.map(({ dilation }) => dilation);
  graph.add('Conv', [name, weights, ...bias], result(dims4), {
    ...windowAttributes(windows),
    dilations,
    group: groups,
  });
});

const convTranspose = onImages((graph, { name, dims }) => {
  const { random } = graph;
  const [batch, channels, ...sizes] = dims as [number, number, number, number];
  const made = 1 + random.below(3);
  const kernels = sizes.map(() => 1 + random.below(3));
  const strides = sizes.map(() => 1 + random.below(2));
  const weights = graph.constant([channels, made, ...kernels]);
  const spatial = sizes.map((size, i) => strides[i]! * (size - 1) + kernels[i]!);
  graph.add('ConvTranspose', [name, weights], result([batch, made, ...spatial]), {
    kernel_shape: kernels,
    strides,
  });
});

const pool = onImages((graph, { name, dims }) => {
  const windows = dims.slice(2).map((size) => windowOf(graph, size));
  const plain = windows.map(({ kernel, stride, before, after }, i) => {
    const output = Math.floor((dims[i + 2]! + before + after - kernel) / stride) + 1;
    return { kernel, dilation: 1, before, after, stride, output };
  });
  if (plain.some(({ output }) => output < 1)) return;
  const shape = [...dims.slice(0, 2), ...plain.map(({ output }) => output)];
  const type = graph.random.pick(['MaxPool', 'AveragePool']);
  const counts = { count_include_pad: graph.random.below(2) };
  graph.add(type, [name], result(shape), {
    ...windowAttributes(plain),
    ...(type === 'AveragePool' && counts),
  });
});

const globalPool = onImages((graph, { name, dims }) => {
  const type = graph.random.pick(['GlobalAveragePool', 'GlobalMaxPool']);
  graph.add(type, [name], result([...dims.slice(0, 2), 1, 1]));
});

const normalise = onImages((graph, { name, dims }) => {
  const channels = [dims[1]!];
  const [scale, bias] = [graph.constant(channels), graph.constant(channels)];
  if (graph.random.chance(0.4)) {
    return graph.add('InstanceNormalization', [name, scale, bias], result(dims));
  }
  const mean = graph.constant(channels);
  const positive = Array.from({ length: channels[0]! }, () => 0.5 + graph.random.below(100) / 50);
  const variance = graph.constant(channels, positive.map(Math.fround));
  graph.add('BatchNormalization', [name, scale, bias, mean, variance], result(dims));
});

const resize = onImages((graph, { name, dims }) => {
  const { random } = graph;
  const factors = [1, 1, random.pick([1, 2, 3]), random.pick([1, 2])];
  const scales = graph.constant([4], factors);
  const mode = random.pick(['nearest', 'linear']);
  const coordinates = random.pick(['asymmetric', 'half_pixel', 'align_corners']);
  const shape = dims.map((dim, i) => dim * factors[i]!);
  graph.add('Resize', [name, '', scales], result(shape), {
    mode,
    coordinate_transformation_mode: coordinates,
    ...(mode === 'nearest' && { nearest_mode: 'floor' }),
  });
});

const depthToSpace = onImages((graph, { name, dims }) => {
  const [batch, channels, height, width] = dims as [number, number, number, number];
  if (channels % 4 !== 0) return;
  const mode = graph.random.pick(['DCR', 'CRD']);
  const shape = [batch, channels / 4, height * 2, width * 2];
  graph.add('DepthToSpace', [name], result(shape), { blocksize: 2, mode });
});

const clip = floats(0, (graph, { name, dims }) => {
  const bounds = [graph.constant([], [-1]), graph.constant([], [1.5])];
  graph.add('Clip', [name, ...bounds], result(dims));
});

const pRelu = floats(1, (graph, { name, dims }) => {
  const slope = graph.constant(graph.random.chance(0.5) ? [1] : dims.slice(-1));
  graph.add('PRelu', [name, slope], result(dims));
});

const cast: Apply = (graph, { name, dims, dtype }) => {
  if (dtype !== 'float32') return graph.add('Cast', [name], result(dims), { to: 1 });
  graph.add('Cast', [name], result(dims, 'int64'), { to: 7 });
};

const unary = floats(0, (graph, { name, dims }) =>
  graph.add(graph.random.pick(UNARY), [name], result(dims)),
);
const jumping = floats(0, (graph, { name, dims }) =>
  graph.add(graph.random.pick(['Floor', 'Ceil', 'Round', 'Sign']), [name], result(dims)),
);

const family = (name: string, apply: Apply, jumps = false): OperatorFamily => ({
  name,
  apply,
  jumps,
});

export const OPERATORS: readonly OperatorFamily[] = [
  ...[0, 1, 2].map(() => family('unary', unary)),
  ...[0, 1, 2].map(() =>
    family('binary', floats(0, binary(['Add', 'Sub', 'Mul', 'Max', 'Min'], 'float32'))),
  ),
  family('jumping', jumping, true),
  family('comparison', floats(0, binary(['Less', 'Greater', 'LessOrEqual'], 'bool')), true),
  family('Where', where, true),
  family('Cast', cast, true),
  family('Clip', clip),
  family('PRelu', pRelu),
  family('Transpose', transpose),
  family('Transpose', transpose),
  family('Reshape', reshape),
  family('Reshape', reshape),
  family('Unsqueeze', unsqueeze),
  family('Squeeze', squeeze),
  family('Concat', concat),
  family('Split', split),
  family('Slice', slice),
  family('Pad', pad),
  family('Expand', expand),
  family('Tile', tile),
  family('Gather', gather),
  family('Softmax', softmax),
  family('LayerNormalization', layerNorm),
  family('Reduce', reduce),
  family('Reduce', reduce),
  family('ArgMax', argMax, true),
  family('CumSum', cumSum),
  family('TopK', topK, true),
  family('MatMul', matMul),
  family('MatMul', matMul),
  family('Gemm', gemm),
  family('Conv', conv),
  family('Conv', conv),
  family('ConvTranspose', convTranspose),
  family('pool', pool),
  family('global pool', globalPool),
  family('normalisation', normalise),
  family('Resize', resize),
  family('DepthToSpace', depthToSpace),
];
