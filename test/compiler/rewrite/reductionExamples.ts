// Examples of the rules about functions that change places with reductions: sums and extremes of scaled, shifted, negated
// or monotone values.
import type { Example } from './example.ts';

const ab = { a: 'm n', b: 'm n' };
const x = { x: 'm n' };

export const REDUCTION_EXAMPLES: readonly Example[] = [
  {
    rule: 'sum-of-shifted-bits',
    fires: [
      {
        inputs: { x: 'uint32 m n' },
        constants: { k: 'uint32 = 3', i: 'int64 1 = 1' },
        nodes: 't = BitShift(x, k) {direction=LEFT}; y = ReduceSum(t, i) {keepdims=0}',
      },
    ],
    misses: [
      {
        inputs: { x: 'uint32 m n' },
        constants: { k: 'uint32 = 3', i: 'int64 1 = 1' },
        nodes: 't = BitShift(x, k) {direction=RIGHT}; y = ReduceSum(t, i)',
      },
      {
        inputs: { x: 'uint32 m n' },
        constants: { k: 'uint32 n', i: 'int64 1 = 1' },
        nodes: 't = BitShift(x, k) {direction=LEFT}; y = ReduceSum(t, i)',
      },
    ],
  },
  {
    rule: 'product-of-exponentials',
    fires: [{ inputs: x, nodes: 't = Exp(x); y = ReduceProd(t) {axes=[1]}' }],
    misses: [
      { inputs: x, nodes: 't = Exp(x); y = ReduceMax(t) {axes=[1]}' },
      { inputs: x, nodes: 'out t = Exp(x); y = ReduceProd(t) {axes=[1]}' },
    ],
  },
  {
    rule: 'exponentials-of-sum',
    fires: [
      { inputs: ab, nodes: 'p = Exp(a); q = Exp(b); y = Mul(p, q)' },
      { inputs: ab, least: 0.5, nodes: 'p = Log(a); q = Log(b); y = Add(p, q)' },
    ],
    misses: [{ inputs: ab, nodes: 'out p = Exp(a); out q = Exp(b); y = Mul(p, q)' }],
  },
  {
    rule: 'root-of-square',
    fires: [{ inputs: x, nodes: 't = Mul(x, x); y = Sqrt(t)' }],
    misses: [{ inputs: ab, least: 0, nodes: 't = Mul(a, b); y = Sqrt(t)' }],
  },
  {
    rule: 'reduction-of-scaled',
    fires: [
      {
        inputs: { x: 'm n', c: 'm 1' },
        constants: { i: 'int64 1 = 1' },
        nodes: 't = Mul(x, c); y = ReduceSum(t, i)',
      },
    ],
    misses: [
      {
        inputs: { x: 'm n', c: 'n' },
        constants: { i: 'int64 1 = 1' },
        nodes: 't = Mul(x, c); y = ReduceSum(t, i)',
      },
      {
        inputs: { x: 'm n', c: 'm 1' },
        constants: { i: 'int64 1 = 1' },
        nodes: 't = Mul(x, c); y = ReduceSum(t, i) {keepdims=0}',
      },
      {
        inputs: { x: 'm n', c: 'm 1' },
        constants: { i: 'int64 1 = 1' },
        nodes: 'out t = Mul(x, c); y = ReduceSum(t, i)',
      },
    ],
  },
  {
    rule: 'mean-of-scaled',
    fires: [
      {
        inputs: { x: 'm n', c: '1' },
        least: 0.5,
        nodes: 't = Div(x, c); y = ReduceMean(t) {axes=[0]}',
      },
      { inputs: { x: 'm n', c: 'm 1' }, nodes: 't = Add(x, c); y = ReduceMean(t) {axes=[1]}' },
    ],
    misses: [
      { inputs: { x: 'm n', c: 'm 1' }, nodes: 't = Add(x, c); y = ReduceMean(t) {axes=[0]}' },
    ],
  },
  {
    rule: 'reduction-of-negated',
    fires: [
      { inputs: x, nodes: 't = Neg(x); y = ReduceMax(t) {axes=[0]}' },
      { inputs: x, nodes: 't = Neg(x); y = ReduceMean(t) {axes=[0]}' },
    ],
    misses: [{ inputs: x, nodes: 't = Neg(x); y = ReduceL2(t) {axes=[0]}' }],
  },
  {
    rule: 'extreme-of-shifted',
    fires: [
      { inputs: { x: 'm n', c: 'm 1' }, nodes: 't = Add(x, c); y = ReduceMax(t) {axes=[1]}' },
    ],
    misses: [{ inputs: { x: 'm n', c: 'n' }, nodes: 't = Add(x, c); y = ReduceMax(t) {axes=[1]}' }],
  },
  {
    rule: 'extreme-of-scaled',
    fires: [
      { inputs: x, constants: { c: ' = 3' }, nodes: 't = Mul(x, c); y = ReduceMin(t) {axes=[1]}' },
    ],
    misses: [
      { inputs: x, constants: { c: ' = -3' }, nodes: 't = Mul(x, c); y = ReduceMin(t) {axes=[1]}' },
      { inputs: { ...x, c: '' }, nodes: 't = Mul(x, c); y = ReduceMin(t) {axes=[1]}' },
    ],
  },
  {
    rule: 'nested-reductions',
    fires: [
      {
        inputs: { x: 'b m n' },
        constants: { i: 'int64 1 = 1', j: 'int64 1 = 1' },
        nodes: 't = ReduceSum(x, i) {keepdims=0}; y = ReduceSum(t, j) {keepdims=0}',
      },
      {
        inputs: { x: 'b m n' },
        nodes: 't = ReduceMean(x) {axes=[0]}; y = ReduceMean(t) {axes=[2]}',
      },
    ],
    misses: [
      {
        inputs: { x: 'b m n' },
        nodes: 't = ReduceMean(x) {axes=[0]}; y = ReduceProd(t) {axes=[2]}',
      },
      {
        inputs: { x: 'b m n' },
        nodes: 't = ReduceMean(x) {axes=[0]}; y = ReduceMean(t) {axes=[2], keepdims=0}',
      },
    ],
  },
  {
    rule: 'nested-extremes',
    fires: [
      { inputs: { x: 'b m n' }, nodes: 't = ReduceMax(x) {axes=[0]}; y = ReduceMax(t) {axes=[2]}' },
    ],
    misses: [
      { inputs: { x: 'b m n' }, nodes: 't = ReduceMax(x) {axes=[0]}; y = ReduceMin(t) {axes=[2]}' },
    ],
  },
  {
    rule: 'extreme-of-monotone',
    fires: [
      {
        inputs: { x: 'b c h w' },
        nodes: 't = Relu(x); y = MaxPool(t) {kernel_shape=[2 2], strides=[2 2]}',
      },
      {
        inputs: x,
        constants: { l: ' = -1' },
        nodes: 't = Clip(x, l); y = ReduceMax(t) {axes=[1]}',
      },
    ],
    misses: [
      {
        inputs: { x: 'b c h w' },
        nodes: 't = Relu(x); y = AveragePool(t) {kernel_shape=[2 2], strides=[2 2]}',
      },
      // As many windows as elements: nothing saved.
      {
        inputs: { x: 'b c h w' },
        nodes: 't = Relu(x); y = MaxPool(t) {kernel_shape=[3 3], pads=[1 1 1 1]}',
      },
      { inputs: x, nodes: 't = Neg(x); y = ReduceMax(t) {axes=[1]}' },
    ],
  },
  {
    rule: 'extreme-of-leaky',
    fires: [{ inputs: x, nodes: 't = LeakyRelu(x) {alpha=0.1}; y = ReduceMax(t) {axes=[1]}' }],
    misses: [{ inputs: x, nodes: 't = LeakyRelu(x) {alpha=-0.1}; y = ReduceMax(t) {axes=[1]}' }],
  },
  {
    rule: 'extreme-of-monotone-function',
    fires: [{ inputs: x, nodes: 't = Sigmoid(x); y = ReduceMax(t) {axes=[1]}' }],
    misses: [{ inputs: x, nodes: 't = Cos(x); y = ReduceMax(t) {axes=[1]}' }],
  },
  {
    rule: 'sum-of-expanded',
    fires: [
      {
        inputs: { x: 'm 1' },
        constants: { s: 'int64 2 = 1 7', i: 'int64 1 = 1' },
        nodes: 't = Expand(x, s); y = ReduceSum(t, i)',
      },
    ],
    misses: [
      {
        inputs: { x: 'm 1' },
        constants: { s: 'int64 2 = 1 7', i: 'int64 1 = 0' },
        nodes: 't = Expand(x, s); y = ReduceSum(t, i)',
      },
    ],
  },
  {
    rule: 'sum-of-product-rows',
    fires: [
      {
        inputs: { a: 'm k', b: 'k n' },
        constants: { i: 'int64 1 = 0' },
        nodes: 't = MatMul(a, b); y = ReduceSum(t, i)',
      },
    ],
    misses: [
      {
        inputs: { a: 'm k', b: 'k n' },
        constants: { i: 'int64 1 = 1' },
        nodes: 't = MatMul(a, b); y = ReduceSum(t, i)',
      },
      {
        inputs: { a: 'm k', b: 'k n' },
        constants: { i: 'int64 1 = 0' },
        nodes: 'out t = MatMul(a, b); y = ReduceSum(t, i)',
      },
    ],
  },
  {
    rule: 'sum-of-product-columns',
    fires: [
      {
        inputs: { a: 'm k', b: 'k n' },
        constants: { i: 'int64 1 = -1' },
        nodes: 't = MatMul(a, b); y = ReduceSum(t, i)',
      },
    ],
    misses: [
      {
        inputs: { a: 'b m k', b: 'k n' },
        constants: { i: 'int64 1 = 0' },
        nodes: 't = MatMul(a, b); y = ReduceSum(t, i)',
      },
    ],
  },
  {
    rule: 'softmax-of-shifted',
    fires: [{ inputs: { x: 'm n', c: 'm 1' }, nodes: 't = Add(x, c); y = Softmax(t) {axis=-1}' }],
    misses: [
      { inputs: { x: 'm n', c: 'm 1' }, nodes: 't = Add(x, c); y = Softmax(t) {axis=0}' },
      { inputs: { x: 'm n', c: 'b 1 1' }, nodes: 't = Add(x, c); y = Softmax(t) {axis=-1}' },
    ],
  },
  {
    rule: 'logarithm-of-exponentials-of-shifted',
    fires: [
      { inputs: { x: 'm n', c: 'm 1' }, nodes: 't = Add(x, c); y = ReduceLogSumExp(t) {axes=[1]}' },
    ],
    misses: [
      { inputs: { x: 'm n', c: 'n' }, nodes: 't = Add(x, c); y = ReduceLogSumExp(t) {axes=[1]}' },
    ],
  },
  {
    rule: 'place-of-extreme',
    fires: [{ inputs: x, nodes: 't = Sigmoid(x); y = ArgMax(t) {axis=1}' }],
    misses: [{ inputs: x, nodes: 't = Abs(x); y = ArgMax(t) {axis=1}' }],
  },
  {
    rule: 'place-of-largest-probability',
    fires: [{ inputs: x, nodes: 't = Softmax(x) {axis=1}; y = ArgMax(t) {axis=-1}' }],
    misses: [{ inputs: x, nodes: 't = Softmax(x) {axis=1}; y = ArgMax(t) {axis=0}' }],
  },
];
