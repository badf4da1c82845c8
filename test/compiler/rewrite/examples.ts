// One graph or more for every rule, on which it applies, and near misses, on which it must not: another axis, another
// reader, something that is no constant, a broadcast that changes the shape.
import type { GraphText } from './rewriting.ts';

export interface Example {
  readonly rule: string;
  readonly fires: readonly GraphText[];
  /** Not a match, or nothing saved. */
  readonly misses: readonly GraphText[];
}

const ab = { a: 'm n', b: 'm n' };
const abc = { ...ab, c: 'm n' };
const x = { x: 'm n' };

export const EXAMPLES: readonly Example[] = [
  {
    rule: 'common-subexpression',
    fires: [
      { inputs: ab, nodes: 's = Add(a, b); t = Add(a, b); y = Mul(s, t)' },
      {
        inputs: x,
        constants: { i: 'int64 1 = 0', j: 'int64 1 = 0' },
        nodes: 's = ReduceSum(x, i); t = ReduceSum(x, j); y = Mul(s, t)',
      },
    ],
    misses: [
      { inputs: ab, nodes: 's = Sub(a, b); t = Sub(b, a); y = Mul(s, t)' },
      { inputs: x, nodes: 's = Elu(x) {alpha=0.5}; t = Elu(x) {alpha=0.7}; y = Mul(s, t)' },
      { inputs: x, nodes: 's = RandomNormalLike(x); t = RandomNormalLike(x); y = Mul(s, t)' },
    ],
  },
  {
    rule: 'neutral-element',
    fires: [
      { inputs: x, constants: { z: '1 = 0' }, nodes: 't = Add(z, x); y = Exp(t)' },
      {
        inputs: { x: 'int32 m n' },
        constants: { z: 'int32 = 0' },
        nodes: 't = Sub(x, z); y = Abs(t)',
      },
    ],
    misses: [
      { inputs: { x: '' }, constants: { z: '1 1 = 0' }, nodes: 't = Add(x, z); y = Exp(t)' },
      { inputs: x, constants: { z: 'n = 0' }, nodes: 't = Add(x, z); y = Exp(t)' },
      { inputs: x, constants: { z: ' = 0' }, nodes: 't = Sub(z, x); y = Exp(t)' },
      { inputs: { ...x, z: '1' }, nodes: 't = Add(x, z); y = Exp(t)' },
    ],
  },
  {
    rule: 'neutral-factor',
    fires: [
      { inputs: x, constants: { o: ' = 1' }, nodes: 't = Exp(x); y = Div(t, o)' },
      {
        inputs: { x: 'int32 m n' },
        constants: { o: 'int32 1 = 1' },
        nodes: 't = Mul(o, x); y = Abs(t)',
      },
    ],
    misses: [
      { inputs: x, constants: { o: ' = 1' }, nodes: 't = Div(o, x); y = Exp(t)' },
      { inputs: x, constants: { o: 'n = 1' }, nodes: 't = Mul(x, o); y = Exp(t)' },
      { inputs: x, constants: { o: ' = 2' }, nodes: 't = Mul(x, o); y = Exp(t)' },
    ],
  },
  {
    rule: 'neutral-truth',
    fires: [
      { inputs: { x: 'bool m' }, constants: { o: 'bool = 1' }, nodes: 't = And(o, x); y = Not(t)' },
      { inputs: { x: 'bool m' }, constants: { o: 'bool = 0' }, nodes: 't = Or(x, o); y = Not(t)' },
    ],
    misses: [
      { inputs: { x: 'bool m' }, constants: { o: 'bool = 0' }, nodes: 't = And(x, o); y = Not(t)' },
    ],
  },
  {
    rule: 'times-zero',
    fires: [{ inputs: ab, constants: { z: ' = 0' }, nodes: 't = Mul(a, z); y = Add(t, b)' }],
    misses: [{ inputs: ab, constants: { z: ' = 0' }, nodes: 't = Add(a, z); y = Add(t, b)' }],
  },
  {
    rule: 'undone',
    fires: [
      { inputs: x, nodes: 's = Neg(x); t = Neg(s); y = Exp(t)' },
      { inputs: { x: 'bool m' }, nodes: 'r = Not(x); s = Not(r); t = Not(s); y = Not(t)' },
    ],
    misses: [{ inputs: x, nodes: 's = Neg(x); t = Abs(s); u = Neg(t); y = Exp(u)' }],
  },
  {
    rule: 'reciprocal-of-reciprocal',
    fires: [{ inputs: x, least: 0.5, nodes: 's = Reciprocal(x); t = Reciprocal(s); y = Exp(t)' }],
    misses: [{ inputs: x, least: 0.5, nodes: 's = Reciprocal(x); t = Sqrt(s); y = Exp(t)' }],
  },
  {
    rule: 'repeated',
    fires: [
      { inputs: x, nodes: 's = Floor(x); y = Floor(s)' },
      { inputs: x, nodes: 's = Relu(x); y = Relu(s)' },
      { inputs: x, constants: { c: 'n' }, nodes: 's = Max(x, c); y = Max(s, c)' },
    ],
    misses: [
      { inputs: x, nodes: 's = Floor(x); y = Ceil(s)' },
      { inputs: x, constants: { c: 'n', d: 'n' }, nodes: 's = Max(x, c); y = Max(s, d)' },
      { inputs: x, nodes: 's = Exp(x); y = Exp(s)' },
    ],
  },
  {
    rule: 'extreme-of-itself',
    fires: [
      { inputs: ab, nodes: 't = Max(a, a); y = Add(t, b)' },
      { inputs: ab, nodes: 's = Max(a, b); t = Max(a, s); y = Exp(t)' },
      { inputs: { k: 'bool m n', ...x }, nodes: 't = Where(k, x, x); y = Exp(t)' },
    ],
    misses: [
      { inputs: ab, nodes: 't = Max(a, b); y = Add(t, b)' },
      { inputs: { k: 'bool b m n', ...x }, nodes: 't = Where(k, x, x); y = Exp(t)' },
    ],
  },
  {
    rule: 'merged-limits',
    fires: [
      { inputs: x, constants: { l: ' = -1', h: ' = 1' }, nodes: 't = Clip(x, l, h); y = Relu(t)' },
      { inputs: x, constants: { h: ' = 1' }, nodes: 't = Relu(x); y = Clip(t, , h)' },
      {
        inputs: x,
        constants: { a: ' = -1', b: ' = 0.5', c: ' = 0.7', d: ' = 1' },
        nodes: 't = Clip(x, a, b); y = Clip(t, c, d)',
      },
    ],
    misses: [
      { inputs: { ...x, l: '' }, nodes: 't = Clip(x, l); y = Relu(t)' },
      { inputs: x, constants: { l: ' = 1', h: ' = -1' }, nodes: 't = Clip(x, l, h); y = Relu(t)' },
      { inputs: x, constants: { h: ' = 1' }, nodes: 'out t = Relu(x); y = Clip(t, , h)' },
    ],
  },
  {
    rule: 'reciprocal-of-product',
    fires: [
      {
        inputs: ab,
        least: 0.5,
        nodes: 'r = Reciprocal(a); p = Mul(a, b); q = Reciprocal(p); y = Mul(r, q)',
      },
    ],
    misses: [
      {
        inputs: abc,
        least: 0.5,
        nodes: 'r = Reciprocal(c); p = Mul(a, b); q = Reciprocal(p); y = Mul(r, q)',
      },
      {
        inputs: ab,
        least: 0.5,
        nodes: 'r = Reciprocal(a); out p = Mul(a, b); out q = Reciprocal(p); y = Mul(r, q)',
      },
    ],
  },
  {
    rule: 'product-of-roots',
    fires: [
      {
        inputs: abc,
        least: 0,
        nodes: 'r = Sqrt(b); s = Sqrt(b); p = Mul(a, r); q = Mul(s, c); y = Mul(p, q)',
      },
      { inputs: x, least: 0, nodes: 's = Sqrt(x); t = Mul(s, s); y = Exp(t)' },
    ],
    misses: [
      {
        inputs: { ...abc, d: 'm n' },
        least: 0,
        nodes: 'r = Sqrt(b); s = Sqrt(d); p = Mul(a, r); q = Mul(s, c); y = Mul(p, q)',
      },
    ],
  },
  {
    rule: 'product-of-magnitudes',
    fires: [{ inputs: abc, nodes: 'r = Abs(a); s = Abs(c); p = Mul(r, b); y = Mul(p, s)' }],
    misses: [
      { inputs: abc, nodes: 'r = Abs(a); s = Neg(c); p = Mul(r, b); y = Mul(p, s)' },
      { inputs: abc, nodes: 'out r = Abs(a); out s = Abs(c); p = Mul(r, b); y = Mul(p, s)' },
    ],
  },
  {
    rule: 'square-of-shared-factor',
    fires: [
      {
        inputs: { a: 'm n', c: 'm n', r: 'm 1' },
        nodes: 'p = Mul(a, r); q = Mul(r, c); y = Mul(p, q)',
      },
    ],
    misses: [
      {
        inputs: { a: 'm n', c: 'm n', r: 'm 1' },
        nodes: 'out p = Mul(a, r); q = Mul(r, c); y = Mul(p, q)',
      },
      {
        inputs: { a: 'm n', c: 'm n', r: 'm 1', s: 'm 1' },
        nodes: 'p = Mul(a, r); q = Mul(s, c); y = Mul(p, q)',
      },
    ],
  },
  {
    rule: 'merged-constants',
    fires: [
      { inputs: x, constants: { c: 'n', d: '' }, nodes: 't = Add(x, c); y = Add(d, t)' },
      { inputs: x, constants: { c: 'n', d: '' }, nodes: 't = Mul(x, c); y = Mul(t, d)' },
      {
        inputs: { x: 'int32 m n' },
        constants: { c: 'int32 n', d: 'int32 1' },
        nodes: 't = Sub(c, x); y = Sub(d, t)',
      },
      { inputs: ab, nodes: 't = Neg(a); y = Add(b, t)' },
    ],
    misses: [
      { inputs: { ...x, d: '' }, constants: { c: 'n' }, nodes: 't = Add(x, c); y = Add(t, d)' },
      { inputs: x, constants: { c: 'n', d: '' }, nodes: 'out t = Add(x, c); y = Add(t, d)' },
      { inputs: x, constants: { c: 'n', d: '' }, nodes: 't = Add(x, c); y = Mul(t, d)' },
    ],
  },
  {
    rule: 'merged-divisors',
    fires: [
      { inputs: x, constants: { c: 'n = 1.5', d: ' = 3' }, nodes: 't = Mul(x, c); y = Div(t, d)' },
      { inputs: x, constants: { c: 'n = 1.5', d: ' = 3' }, nodes: 't = Div(x, c); y = Div(t, d)' },
    ],
    misses: [
      // Whole numbers: a division loses what a later product would need.
      {
        inputs: { x: 'int32 m n' },
        constants: { c: 'int32 n = 3', d: 'int32 = 3' },
        nodes: 't = Div(x, c); y = Mul(t, d)',
      },
    ],
  },
  {
    rule: 'product-with-reciprocal',
    fires: [{ inputs: ab, least: 0.5, nodes: 't = Reciprocal(b); y = Mul(a, t)' }],
    misses: [
      { inputs: { a: 'm n', b: 'm 1' }, least: 0.5, nodes: 't = Reciprocal(b); y = Mul(a, t)' },
      { inputs: ab, least: 0.5, nodes: 'out t = Reciprocal(b); y = Mul(a, t)' },
    ],
  },
  {
    rule: 'doubled-then-scaled',
    fires: [{ inputs: x, constants: { c: 'n' }, nodes: 't = Add(x, x); y = Mul(c, t)' }],
    misses: [{ inputs: ab, constants: { c: 'n' }, nodes: 't = Add(a, b); y = Mul(c, t)' }],
  },
  {
    rule: 'quotient-of-quotient',
    fires: [
      {
        inputs: { a: 'm n', b: 'm 1', c: 'm 1' },
        least: 0.5,
        nodes: 't = Div(a, b); y = Div(t, c)',
      },
    ],
    misses: [{ inputs: abc, least: 0.5, nodes: 't = Div(a, b); y = Div(t, c)' }],
  },
  {
    rule: 'small-operands-first',
    fires: [
      { inputs: { a: 'm n', s: 'n', t: '1' }, nodes: 'p = Add(a, s); y = Add(p, t)' },
      {
        inputs: { a: 'm n', b: 'm n', s: 'm 1', t: 'm 1' },
        nodes: 'p = Mul(s, a); q = Mul(t, b); y = Mul(p, q)',
      },
    ],
    misses: [
      { inputs: { a: 'm n', s: 'm n', t: '1' }, nodes: 'p = Add(a, s); y = Add(p, t)' },
      { inputs: { a: 'm n', s: 'n', t: '1' }, nodes: 'out p = Add(a, s); y = Add(p, t)' },
      { inputs: { a: 'm n', s: 'n', t: '1' }, nodes: 'p = Add(a, s); y = Mul(p, t)' },
    ],
  },
  {
    rule: 'common-factor',
    fires: [
      { inputs: abc, nodes: 'p = Mul(a, c); q = Mul(a, b); y = Add(p, q)' },
      { inputs: abc, nodes: 'p = Mul(c, a); q = Mul(a, b); y = Sub(p, q)' },
    ],
    misses: [
      { inputs: { ...abc, d: 'm n' }, nodes: 'p = Mul(a, c); q = Mul(d, b); y = Add(p, q)' },
      { inputs: abc, nodes: 'out p = Mul(a, c); out q = Mul(a, b); y = Add(p, q)' },
    ],
  },
  {
    rule: 'factor-plus-one',
    fires: [
      { inputs: ab, nodes: 'p = Mul(a, b); y = Add(a, p)' },
      { inputs: ab, nodes: 'p = Mul(b, a); y = Sub(a, p)' },
    ],
    misses: [
      { inputs: abc, nodes: 'p = Mul(c, b); y = Add(a, p)' },
      { inputs: ab, nodes: 'out p = Mul(a, b); y = Add(a, p)' },
    ],
  },
  {
    rule: 'square-minus-product',
    fires: [
      {
        inputs: abc,
        nodes: 's = Add(a, b); p = Mul(s, s); t = Add(a, b); q = Mul(t, c); y = Sub(p, q)',
      },
      {
        inputs: abc,
        constants: { two: ' = 2' },
        nodes: 'p = Pow(a, two); q = Mul(c, a); y = Sub(p, q)',
      },
    ],
    misses: [
      {
        inputs: abc,
        constants: { two: ' = 3' },
        nodes: 'p = Pow(a, two); q = Mul(c, a); y = Sub(p, q)',
      },
      {
        inputs: abc,
        constants: { two: ' = 2' },
        nodes: 'p = Pow(a, two); q = Mul(c, b); y = Sub(p, q)',
      },
    ],
  },
  {
    rule: 'quadratic-form',
    fires: [
      {
        inputs: { x: 'm n', y: 'm n' },
        constants: { a: ' = 1', b: ' = 5', c: ' = 2' },
        nodes:
          'r = Mul(x, x); s = Mul(a, r); t = Mul(x, y); u = Mul(b, t); v = Mul(y, y); w = Mul(c, v); e = Add(s, u); z = Add(e, w)',
      },
    ],
    misses: [
      {
        inputs: { x: 'm n', y: 'm n' },
        constants: { a: ' = 1', b: ' = 1', c: ' = 2' },
        nodes:
          'r = Mul(x, x); s = Mul(a, r); t = Mul(x, y); u = Mul(b, t); v = Mul(y, y); w = Mul(c, v); e = Add(s, u); z = Add(e, w)',
      },
    ],
  },
  {
    rule: 'common-divisor',
    fires: [{ inputs: abc, least: 0.5, nodes: 'p = Div(a, c); q = Div(b, c); y = Add(p, q)' }],
    misses: [{ inputs: abc, least: 0.5, nodes: 'p = Div(c, a); q = Div(c, b); y = Add(p, q)' }],
  },
  {
    rule: 'choice-of-products',
    fires: [
      {
        inputs: { k: 'bool m n', ...abc },
        nodes: 'p = Mul(a, c); q = Mul(c, b); y = Where(k, p, q)',
      },
    ],
    misses: [
      {
        inputs: { k: 'bool m n', ...abc },
        nodes: 'p = Mul(a, c); q = Add(c, b); y = Where(k, p, q)',
      },
    ],
  },
  {
    rule: 'extreme-of-sums',
    fires: [{ inputs: abc, nodes: 'p = Add(a, c); q = Add(c, b); y = Max(p, q)' }],
    misses: [
      { inputs: abc, nodes: 'p = Mul(a, c); q = Mul(c, b); y = Max(p, q)' },
      { inputs: abc, nodes: 'out p = Add(a, c); out q = Add(c, b); y = Max(p, q)' },
    ],
  },
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
