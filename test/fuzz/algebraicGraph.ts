// Random graphs of few operators over few values and constants like 0, 1 and 2, so that formulas repeat themselves and
// rules meet: sums and products, reductions, matrix products, movement there and back.
import type { RandomGraph } from './randomGraph.ts';
import { GraphBuilder } from './randomGraph.ts';
import type { GraphValue } from './randomGraph.ts';
import { Random } from './random.ts';

const BINARY = ['Add', 'Mul', 'Sub', 'Add', 'Mul', 'Max'];
const UNARY = ['Neg', 'Relu', 'Abs', 'Tanh', 'Sigmoid', 'Erf'];
const REDUCTIONS = ['ReduceSum', 'ReduceMean', 'ReduceMax'];

type Step = (graph: GraphBuilder, x: GraphValue) => void;

const float = 'float32' as const;

function binary(graph: GraphBuilder, x: GraphValue): void {
  const { random } = graph;
  const y = graph.some(({ dims }) => fits(dims, x.dims)) ?? x;
  const names = random.chance(0.5) ? [x.name, y.name] : [y.name, x.name];
  graph.add(random.pick(BINARY), names, [{ dtype: float, dims: x.dims }]);
}

function withConstant(graph: GraphBuilder, x: GraphValue): void {
  const { random } = graph;
  const last = x.dims.at(-1) ?? 1;
  const name = random.chance(0.6)
    ? graph.constant([], [random.pick([0, 1, 2, 0.5, -1, 3])])
    : graph.constant([random.pick([1, last])]);
  const type = random.pick(['Add', 'Mul', 'Sub', 'Div', 'Mul', 'Add']);
  const divisor = graph.constant([], [random.pick([1, 2, 4, 0.5, 3])]);
  const names = type === 'Div' ? [x.name, divisor] : [x.name, name];
  if (type !== 'Div' && random.chance(0.3)) names.reverse();
  graph.add(type, names, [{ dtype: float, dims: x.dims }]);
}

function unary(graph: GraphBuilder, x: GraphValue): void {
  graph.add(graph.random.pick(UNARY), [x.name], [{ dtype: float, dims: x.dims }]);
}

function reduce(graph: GraphBuilder, x: GraphValue): void {
  if (x.dims.length === 0) return;
  const axis = graph.random.below(x.dims.length);
  const type = graph.random.pick(REDUCTIONS);
  const dims = x.dims.map((dim, i) => (i === axis ? 1 : dim));
  if (type === 'ReduceSum') {
    graph.add(type, [x.name, graph.ints(axis)], [{ dtype: float, dims }]);
  } else graph.add(type, [x.name], [{ dtype: float, dims }], { axes: [axis] });
}

function product(graph: GraphBuilder, x: GraphValue): void {
  const { random } = graph;
  const k = x.dims.at(-1);
  if (k === undefined || x.dims.length < 2) return;
  const n = 1 + random.below(4);
  const dims = [...x.dims.slice(0, -1), n];
  graph.add('MatMul', [x.name, graph.constant([k, n])], [{ dtype: float, dims }]);
}

function transpose(graph: GraphBuilder, x: GraphValue): void {
  const { dims } = x;
  if (dims.length < 2) return;
  const perm = dims.map((_, i) => i);
  const at = graph.random.below(dims.length - 1);
  [perm[at], perm[at + 1]] = [perm[at + 1]!, perm[at]!];
  const turned = perm.map((axis) => dims[axis]!);
  graph.add('Transpose', [x.name], [{ dtype: float, dims: turned }], { perm });
}

function view(graph: GraphBuilder, x: GraphValue): void {
  const count = x.dims.reduce((a, b) => a * b, 1);
  const first = x.dims[0] ?? 1;
  const target = graph.random.pick([
    [count],
    [first, count / first],
    [1, ...x.dims],
    [...x.dims, 1],
  ]);
  graph.add('Reshape', [x.name, graph.ints(...target)], [{ dtype: float, dims: target }]);
}

function slice(graph: GraphBuilder, x: GraphValue): void {
  const axis = graph.random.below(Math.max(x.dims.length, 1));
  const size = x.dims[axis];
  if (size === undefined || size < 2) return;
  const [from, to] = graph.random.pick([
    [0, size - 1],
    [1, size],
    [0, size],
  ] as const);
  const dims = x.dims.map((dim, i) => (i === axis ? to - from : dim));
  const operands = [graph.ints(from), graph.ints(to), graph.ints(axis)];
  graph.add('Slice', [x.name, ...operands], [{ dtype: float, dims }]);
}

function concat(graph: GraphBuilder, x: GraphValue): void {
  const axis = graph.random.below(Math.max(x.dims.length, 1));
  const dims = x.dims.map((dim, i) => (i === axis ? 2 * dim : dim));
  if (x.dims.length === 0) return;
  graph.add('Concat', [x.name, x.name], [{ dtype: float, dims }], { axis });
}

const STEPS: readonly Step[] = [
  ...[binary, binary, binary, binary, withConstant, withConstant, withConstant],
  ...[unary, unary, reduce, reduce, product, product, transpose, view, slice, concat],
];

export function algebraicGraph(seed: number): RandomGraph {
  const random = new Random(seed + 77_777);
  const graph = new GraphBuilder(random, true);
  graph.addInput(graph.shape());
  const count = 4 + random.below(12);
  for (let i = 0; i < count; i++) random.pick(STEPS)(graph, graph.pick());
  // One more operator, so that there is an output.
  const x = graph.pick();
  graph.add('Softsign', [x.name], [{ dtype: float, dims: x.dims }]);
  return graph.build(0);
}

/** Whether `a` broadcasts to `b`. */
function fits(a: readonly number[], b: readonly number[]): boolean {
  if (a.length > b.length) return false;
  return a.every((dim, i) => dim === 1 || dim === b[i + b.length - a.length]);
}
