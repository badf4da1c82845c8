// Examples of the rules about convolutions, products and recognised formulas.
import type { Example } from './examples.ts';

const image = { x: 'b c h w' };
const batch = { g: '6', t: '6', m: '6', v: '6 = 0.7' };
const conv = { w: '6 c 3 3', d: '6' };
const NORM = 'BatchNormalization(p, g, t, m, v) {epsilon=0.001}';
const half = { two: ' = 2', e: ' = 0.00001' };
const norm = (axes: string, other = axes): string =>
  `mean = ReduceMean(x) {axes=${axes}}; d = Sub(x, mean); s = Pow(d, two); var = ReduceMean(s) {axes=${other}}; ` +
  'q = Add(var, e); r = Sqrt(q); z = Div(d, r); u = Mul(z, g); y = Add(u, t)';

export const LINEAR_EXAMPLES: readonly Example[] = [
  {
    rule: 'normalised-convolution',
    fires: [
      {
        inputs: image,
        constants: { ...conv, ...batch },
        nodes: `p = Conv(x, w, d) {pads=[1 1 1 1]}; y = ${NORM}`,
      },
      { inputs: image, constants: { ...conv, ...batch }, nodes: `p = Conv(x, w); y = ${NORM}` },
      {
        inputs: image,
        constants: { w: 'c 6 2 2', ...batch },
        nodes: `p = ConvTranspose(x, w) {strides=[2 2]}; y = ${NORM}`,
      },
    ],
    misses: [
      {
        inputs: image,
        constants: { ...conv, ...batch },
        nodes: `out p = Conv(x, w, d); y = ${NORM}`,
      },
      {
        inputs: { ...image, w: '6 c 3 3' },
        constants: batch,
        nodes: `p = Conv(x, w); y = ${NORM}`,
      },
      {
        inputs: { x: 'b 4 h w' },
        constants: { w: '4 3 2 2', ...batch },
        nodes: `p = ConvTranspose(x, w) {group=2}; y = ${NORM}`,
      },
    ],
  },
  {
    rule: 'scaled-convolution',
    fires: [
      {
        inputs: image,
        constants: { ...conv, s: '6 1 1' },
        nodes: 'p = Conv(x, w, d); y = Mul(p, s)',
      },
      {
        inputs: image,
        constants: { ...conv, s: ' = 3' },
        nodes: 'p = Conv(x, w, d); y = Div(p, s)',
      },
      {
        inputs: { x: 'b 6 h w' },
        constants: { w: '6 1 3 3', s: '6 1 1' },
        nodes: 'p = Conv(x, w) {group=6}; y = Mul(s, p)',
      },
    ],
    misses: [
      {
        inputs: { x: 'b c 5 8' },
        constants: { ...conv, s: '6' },
        nodes: 'p = Conv(x, w, d); y = Mul(p, s)',
      },
      {
        inputs: { ...image, s: '6 1 1' },
        constants: conv,
        nodes: 'p = Conv(x, w, d); y = Mul(p, s)',
      },
      {
        inputs: image,
        constants: { ...conv, s: '6 1 1' },
        nodes: 'out p = Conv(x, w, d); y = Mul(p, s)',
      },
    ],
  },
  {
    rule: 'shifted-convolution',
    fires: [
      {
        inputs: image,
        constants: { ...conv, s: '6 1 1' },
        nodes: 'p = Conv(x, w, d); y = Add(p, s)',
      },
      { inputs: image, constants: { ...conv, s: '' }, nodes: 'p = Conv(x, w); y = Sub(p, s)' },
    ],
    misses: [
      {
        inputs: { x: 'b c 5 8' },
        constants: { ...conv, s: '6' },
        nodes: 'p = Conv(x, w, d); y = Add(p, s)',
      },
      {
        inputs: image,
        constants: { ...conv, s: '6 1 1' },
        nodes: 'p = Conv(x, w, d); y = Sub(s, p)',
      },
      {
        inputs: image,
        constants: { ...conv, s: '6 1 1' },
        nodes: 'out p = Conv(x, w, d); y = Add(p, s)',
      },
    ],
  },
  {
    rule: 'convolution-of-scaled',
    fires: [
      {
        inputs: image,
        constants: { ...conv, s: 'c 1 1' },
        nodes: 'p = Mul(x, s); y = Conv(p, w, d) {pads=[1 1 1 1]}',
      },
      {
        inputs: { x: 'b 6 h w' },
        constants: { w: '6 1 3 3', s: '6 1 1' },
        nodes: 'p = Mul(x, s); y = Conv(p, w) {group=6}',
      },
    ],
    misses: [
      {
        inputs: { x: 'b 6 h w' },
        constants: { w: '6 3 3 3', s: '6 1 1' },
        nodes: 'p = Mul(x, s); y = Conv(p, w) {group=2}',
      },
      {
        inputs: { ...image, s: 'c 1 1' },
        constants: conv,
        nodes: 'p = Mul(x, s); y = Conv(p, w, d)',
      },
      {
        inputs: image,
        constants: { ...conv, s: 'c 1 1' },
        nodes: 'out p = Mul(x, s); y = Conv(p, w, d)',
      },
    ],
  },
  {
    rule: 'convolution-of-shifted',
    fires: [
      {
        inputs: image,
        constants: { ...conv, s: 'c 1 1' },
        nodes: 'p = Add(x, s); y = Conv(p, w, d)',
      },
      { inputs: image, constants: { ...conv, s: '' }, nodes: 'p = Sub(x, s); y = Conv(p, w)' },
      {
        inputs: { x: 'b 6 h w' },
        constants: { w: '6 1 3 3', s: '6 1 1' },
        nodes: 'p = Add(x, s); y = Conv(p, w) {group=6}',
      },
    ],
    misses: [
      {
        inputs: image,
        constants: { ...conv, s: 'c 1 1' },
        nodes: 'p = Add(x, s); y = Conv(p, w, d) {pads=[1 1 1 1]}',
      },
      {
        inputs: image,
        constants: { ...conv, s: 'c 1 1' },
        nodes: 'p = Add(x, s); y = Conv(p, w, d) {auto_pad=SAME_UPPER}',
      },
    ],
  },
  {
    rule: 'convolution-of-normalised',
    fires: [
      {
        inputs: { p: 'b 6 h w' },
        constants: { w: '3 6 2 2', d: '3', ...batch },
        nodes: `q = ${NORM}; y = Conv(q, w, d)`,
      },
    ],
    misses: [
      {
        inputs: { p: 'b 6 h w' },
        constants: { w: '3 6 2 2', d: '3', ...batch },
        nodes: `q = ${NORM}; y = Conv(q, w, d) {pads=[1 1 1 1]}`,
      },
      {
        inputs: { p: 'b 6 h w' },
        constants: { w: '3 6 2 2', d: '3', ...batch },
        nodes: `out q = ${NORM}; y = Conv(q, w, d)`,
      },
    ],
  },
  {
    rule: 'sum-of-convolutions',
    fires: [
      {
        inputs: image,
        constants: { w: '3 c 2 2', u: '3 c 2 2' },
        nodes: 'p = Conv(x, w); q = Conv(x, u); y = Add(p, q)',
      },
      {
        inputs: image,
        constants: { w: '3 c 2 2', u: '3 c 2 2', d: '3', e: '3' },
        nodes: 'p = Conv(x, w, d); q = Conv(x, u, e); y = Add(p, q)',
      },
    ],
    misses: [
      {
        inputs: image,
        constants: { w: '3 c 2 2', u: '3 c 2 2' },
        nodes:
          'p = Conv(x, w) {strides=[1 1]}; q = Conv(x, u) {strides=[2 2]}; z = ReduceMean(p) {axes=[2 3]}; v = ReduceMean(q) {axes=[2 3]}; y = Add(z, v)',
      },
      {
        inputs: image,
        constants: { w: '3 c 3 3', u: '3 c 1 1' },
        nodes: 'p = Conv(x, w) {pads=[1 1 1 1]}; q = Conv(x, u); y = Add(p, q)',
      },
    ],
  },
  {
    rule: 'convolution-of-two-inputs',
    fires: [
      {
        inputs: { x: 'b 1 h w', z: 'b 1 h w' },
        constants: { w: '4 1 1 1', u: '4 1 1 1' },
        nodes: 'p = Conv(x, w); q = Conv(z, u); y = Add(p, q)',
      },
    ],
    misses: [
      // Joining costs more bytes than the sum.
      {
        inputs: { x: 'b 8 h w', z: 'b 8 h w' },
        constants: { w: '1 8 1 1', u: '1 8 1 1' },
        nodes: 'p = Conv(x, w); q = Conv(z, u); y = Add(p, q)',
      },
      {
        inputs: { x: 'b 2 h w', z: 'b 2 h w' },
        constants: { w: '8 1 1 1', u: '8 1 1 1' },
        nodes: 'p = Conv(x, w) {group=2}; q = Conv(z, u) {group=2}; y = Add(p, q)',
      },
    ],
  },
  {
    rule: 'convolution-of-convolution',
    fires: [
      {
        inputs: { x: 'b 2 h w' },
        constants: { w: '8 2 1 1', b: '8', u: '3 8 2 2', e: '3' },
        nodes: 'p = Conv(x, w, b); y = Conv(p, u, e)',
      },
      {
        inputs: { x: 'b 2 h w' },
        constants: { w: '8 2 1 1', u: '3 8 1 1' },
        nodes: 'p = Conv(x, w); y = Conv(p, u)',
      },
    ],
    misses: [
      {
        inputs: { x: 'b 2 h w' },
        constants: { w: '8 2 1 1', b: '8', u: '3 8 3 3' },
        nodes: 'p = Conv(x, w, b); y = Conv(p, u) {pads=[1 1 1 1]}',
      },
      // A bottleneck: the combined kernel is larger than both.
      {
        inputs: { x: 'b 8 h w' },
        constants: { w: '1 8 1 1', u: '8 1 1 1' },
        nodes: 'p = Conv(x, w); y = Conv(p, u)',
      },
    ],
  },
  {
    rule: 'padded-window',
    fires: [
      {
        inputs: image,
        constants: { ...conv, s: 'int64 8 = 0 0 1 2 0 0 0 1' },
        nodes: 'p = Pad(x, s); y = Conv(p, w, d) {pads=[1 0 0 0]}',
      },
      {
        inputs: image,
        constants: { s: 'int64 8 = 0 0 1 1 0 0 1 1' },
        nodes: 'p = Pad(x, s); y = AveragePool(p) {kernel_shape=[2 2], count_include_pad=1}',
      },
    ],
    misses: [
      {
        inputs: image,
        constants: { ...conv, s: 'int64 8 = 0 0 1 2 0 0 0 1', v: ' = 1' },
        nodes: 'p = Pad(x, s, v); y = Conv(p, w, d)',
      },
      {
        inputs: { x: 'b 1 h w' },
        constants: { w: '6 2 3 3', s: 'int64 8 = 0 1 0 0 0 0 0 0' },
        nodes: 'p = Pad(x, s); y = Conv(p, w)',
      },
      {
        inputs: image,
        constants: { s: 'int64 8 = 0 0 1 1 0 0 1 1' },
        nodes: 'p = Pad(x, s); y = AveragePool(p) {kernel_shape=[2 2]}',
      },
      {
        inputs: image,
        constants: { ...conv, s: 'int64 8 = 0 0 1 1 0 0 1 1' },
        nodes: 'p = Pad(x, s) {mode=reflect}; y = Conv(p, w, d)',
      },
    ],
  },
  {
    rule: 'pool-before-pixel-product',
    fires: [
      {
        inputs: image,
        constants: { w: '3 c 1 1', d: '3' },
        nodes: 'p = Conv(x, w, d); y = GlobalAveragePool(p)',
      },
    ],
    misses: [
      {
        inputs: image,
        constants: { w: '3 c 2 2', d: '3' },
        nodes: 'p = Conv(x, w, d); y = GlobalAveragePool(p)',
      },
      {
        inputs: image,
        constants: { w: '3 c 1 1', d: '3' },
        nodes: 'p = Conv(x, w, d); y = GlobalMaxPool(p)',
      },
    ],
  },
  {
    rule: 'average-before-pixel-product',
    fires: [
      {
        inputs: image,
        constants: { w: '3 c 1 1', d: '3' },
        nodes: 'p = Conv(x, w, d); y = AveragePool(p) {kernel_shape=[2 2], strides=[2 2]}',
      },
    ],
    misses: [
      {
        inputs: image,
        constants: { w: '3 c 1 1', d: '3' },
        nodes:
          'p = Conv(x, w, d); y = AveragePool(p) {kernel_shape=[2 2], strides=[2 2], pads=[1 1 1 1]}',
      },
    ],
  },
  {
    rule: 'sum-of-products',
    fires: [
      {
        inputs: { x: 'm k' },
        constants: { w: 'k n', u: 'k n' },
        nodes: 'p = MatMul(x, w); q = MatMul(x, u); y = Add(p, q)',
      },
    ],
    misses: [
      {
        inputs: { x: 'm k', z: 'm k' },
        constants: { w: 'k n', u: 'k 1' },
        nodes: 'p = MatMul(x, w); q = MatMul(z, u); y = Add(p, q)',
      },
      {
        inputs: { x: 'm k' },
        constants: { w: 'k n', u: 'k n' },
        nodes: 'out p = MatMul(x, w); out q = MatMul(x, u); y = Add(p, q)',
      },
    ],
  },
  {
    rule: 'product-of-two-inputs',
    fires: [
      {
        inputs: { x: 'm 1', z: 'm 1' },
        constants: { w: '1 9', u: '1 9' },
        nodes: 'p = MatMul(x, w); q = MatMul(z, u); y = Add(p, q)',
      },
    ],
    misses: [
      {
        inputs: { x: 'm 9', z: 'm 9' },
        constants: { w: '9 1', u: '9 1' },
        nodes: 'p = MatMul(x, w); q = MatMul(z, u); y = Add(p, q)',
      },
      {
        inputs: { x: 'm 1', z: '1 1' },
        constants: { w: '1 9', u: '1 9' },
        nodes: 'p = MatMul(x, w); q = MatMul(z, u); y = Add(p, q)',
      },
    ],
  },
  {
    rule: 'order-of-products',
    fires: [
      {
        inputs: { x: 'm 4' },
        constants: { w: '4 9', u: '9 3' },
        nodes: 'p = MatMul(x, w); y = MatMul(p, u)',
      },
    ],
    misses: [
      {
        inputs: { x: 'm 4' },
        constants: { w: '4 1', u: '1 9' },
        nodes: 'p = MatMul(x, w); y = MatMul(p, u)',
      },
      {
        inputs: { x: 'm 4' },
        constants: { w: '4 3', u: '3 4' },
        nodes: 'out p = MatMul(x, w); y = MatMul(p, u)',
      },
    ],
  },
  {
    rule: 'scaled-product',
    fires: [
      {
        inputs: { x: 'b m k' },
        constants: { w: 'k n', d: 'n', s: 'n' },
        nodes: 'p = MatMul(x, w); q = Add(p, d); y = Mul(q, s)',
      },
      {
        inputs: { x: 'b m k' },
        constants: { w: 'k n', s: ' = 3' },
        nodes: 'p = MatMul(x, w); y = Div(p, s)',
      },
    ],
    misses: [
      {
        inputs: { x: 'b 3 k' },
        constants: { w: 'k n', s: '3 1' },
        nodes: 'p = MatMul(x, w); y = Mul(p, s)',
      },
      {
        inputs: { x: 'b m k', w: 'k n' },
        constants: { s: 'n' },
        nodes: 'p = MatMul(x, w); y = Mul(p, s)',
      },
      {
        inputs: { x: 'b m k' },
        constants: { w: 'k n', s: 'n' },
        nodes: 'out p = MatMul(x, w); y = Mul(p, s)',
      },
    ],
  },
  {
    rule: 'scaled-gemm',
    fires: [
      {
        inputs: { x: 'm k' },
        constants: { w: 'k n', d: 'n', s: 'n' },
        nodes: 'p = Gemm(x, w, d) {beta=0.5}; y = Mul(p, s)',
      },
      {
        inputs: { x: 'm k' },
        constants: { w: 'n k', s: 'n = 3' },
        nodes: 'p = Gemm(x, w) {transB=1}; y = Div(p, s)',
      },
    ],
    misses: [
      {
        inputs: { x: '3 k' },
        constants: { w: 'k n', s: '3 1' },
        nodes: 'p = Gemm(x, w); y = Mul(p, s)',
      },
    ],
  },
  {
    rule: 'scale-through-movement',
    fires: [
      {
        inputs: { x: 'b m k' },
        constants: { w: 'k 6', d: '6', s: ' = 8', r: 'int64 4 = 0 0 2 3' },
        nodes:
          'p = MatMul(x, w); q = Add(p, d); v = Reshape(q, r); t = Transpose(v) {perm=[0 2 1 3]}; y = Div(t, s)',
      },
      {
        inputs: { x: 'b m k', z: 'b 6 n' },
        constants: { w: 'k 6', d: '6', s: ' = 0.5' },
        nodes: 'p = MatMul(x, w); q = Add(p, d); v = MatMul(q, z); y = Mul(v, s)',
      },
    ],
    misses: [
      {
        inputs: { x: 'b m k' },
        constants: { w: 'k 6', s: '3', r: 'int64 4 = 0 0 2 3' },
        nodes: 'p = MatMul(x, w); v = Reshape(p, r); y = Div(v, s)',
      },
      {
        inputs: { x: 'b m k' },
        constants: { w: 'k 6', s: ' = 8' },
        nodes: 'p = MatMul(x, w); v = Relu(p); y = Div(v, s)',
      },
    ],
  },
  {
    rule: 'affine-before-product',
    fires: [
      {
        inputs: { x: 'm k' },
        constants: { g: 'k', e: 'k', w: 'k n', d: 'n' },
        nodes: 'p = Mul(x, g); q = Add(p, e); v = MatMul(q, w); y = Add(v, d)',
      },
    ],
    misses: [
      {
        inputs: { x: 'm k' },
        constants: { g: 'k', e: 'k', w: 'k n', d: 'n' },
        nodes: 'p = Mul(x, g); out q = Add(p, e); v = MatMul(q, w); y = Add(v, d)',
      },
      {
        inputs: { x: '3 k' },
        constants: { g: '3 1', e: 'k', w: 'k n', d: 'n' },
        nodes: 'p = Mul(x, g); q = Add(p, e); v = MatMul(q, w); y = Add(v, d)',
      },
    ],
  },
  {
    rule: 'scale-before-product',
    fires: [
      {
        inputs: { x: 'm k' },
        constants: { g: 'k', w: 'k n' },
        nodes: 'p = Mul(x, g); y = MatMul(p, w)',
      },
      {
        inputs: { x: 'm k' },
        constants: { g: ' = 3', w: 'k n' },
        nodes: 'p = Div(x, g); y = MatMul(p, w)',
      },
    ],
    misses: [
      {
        inputs: { x: '3 k' },
        constants: { g: '3 1', w: 'k n' },
        nodes: 'p = Mul(x, g); y = MatMul(p, w)',
      },
      {
        inputs: { x: 'm k', w: 'k n' },
        constants: { g: 'k' },
        nodes: 'p = Mul(x, g); y = MatMul(p, w)',
      },
    ],
  },
  {
    rule: 'shift-before-product',
    fires: [
      {
        inputs: { x: 'm k' },
        constants: { e: 'k', w: 'k n', d: 'n' },
        nodes: 'p = Add(x, e); q = MatMul(p, w); y = Add(q, d)',
      },
    ],
    misses: [
      {
        inputs: { x: '3 k' },
        constants: { e: '3 1', w: 'k n', d: 'n' },
        nodes: 'p = Add(x, e); q = MatMul(p, w); y = Add(q, d)',
      },
    ],
  },
  {
    rule: 'row-scale-past-product',
    fires: [
      { inputs: { x: 'm 9', z: 'm 1', w: '9 2' }, nodes: 'p = Mul(x, z); y = MatMul(p, w)' },
      {
        inputs: { x: 'm 2', z: 'm 1', w: '2 9' },
        least: 0.5,
        nodes: 'p = MatMul(x, w); y = Div(p, z)',
      },
    ],
    misses: [
      { inputs: { x: 'm 2', z: 'm 1', w: '2 9' }, nodes: 'p = Mul(x, z); y = MatMul(p, w)' },
      { inputs: { x: 'm 9', z: '9', w: '9 2' }, nodes: 'p = Mul(x, z); y = MatMul(p, w)' },
    ],
  },
  {
    rule: 'scalar-past-product',
    fires: [
      {
        inputs: { x: '2 9', w: '9 8' },
        constants: { s: ' = 3' },
        nodes: 'p = Div(w, s); y = MatMul(x, p)',
      },
    ],
    misses: [
      {
        inputs: { x: '8 2', w: '2 3' },
        constants: { s: ' = 3' },
        nodes: 'p = Div(w, s); y = MatMul(x, p)',
      },
    ],
  },
  {
    rule: 'transposed-product',
    fires: [
      {
        inputs: { x: 'b k m', w: 'b n k' },
        nodes:
          'p = Transpose(x) {perm=[0 2 1]}; q = Transpose(w) {perm=[0 2 1]}; r = MatMul(p, q); y = Transpose(r) {perm=[0 2 1]}',
      },
    ],
    misses: [
      {
        inputs: { x: '3 3 3', w: '3 3 3' },
        nodes:
          'p = Transpose(x) {perm=[2 0 1]}; q = Transpose(w) {perm=[0 2 1]}; r = MatMul(p, q); y = Transpose(r) {perm=[0 2 1]}',
      },
    ],
  },
  {
    rule: 'transposed-operand',
    fires: [
      { inputs: { x: 'k m', w: 'k n' }, nodes: 'p = Transpose(x) {perm=[1 0]}; y = MatMul(p, w)' },
    ],
    misses: [
      {
        inputs: { x: 'b k m', w: 'b k n' },
        nodes: 'p = Transpose(x) {perm=[0 2 1]}; y = MatMul(p, w)',
      },
      {
        inputs: { x: 'k m', w: 'k n' },
        nodes: 'out p = Transpose(x) {perm=[1 0]}; y = MatMul(p, w)',
      },
    ],
  },
  {
    rule: 'transposed-gemm-left',
    fires: [{ inputs: { x: 'k m', w: 'k n' }, nodes: 'p = Transpose(x); y = Gemm(p, w)' }],
    misses: [
      { inputs: { x: '3 3', w: '3 n' }, nodes: 'p = Transpose(x); y = Gemm(p, w) {transA=1}' },
    ],
  },
  {
    rule: 'transposed-gemm-right',
    fires: [{ inputs: { x: 'm k', w: 'n k' }, nodes: 'p = Transpose(w); y = Gemm(x, p)' }],
    misses: [
      { inputs: { x: 'm 3', w: '3 3' }, nodes: 'p = Transpose(w); y = Gemm(x, p) {transB=1}' },
    ],
  },
  {
    rule: 'product-with-bias',
    fires: [
      {
        inputs: { x: 'm k' },
        constants: { w: 'k n', d: 'n' },
        nodes: 'p = MatMul(x, w); y = Add(p, d)',
      },
    ],
    misses: [
      {
        inputs: { x: 'b m k' },
        constants: { w: 'k n', d: 'n' },
        nodes: 'p = MatMul(x, w); y = Add(p, d)',
      },
      {
        inputs: { x: '1 k' },
        constants: { w: 'k n', d: '5 n' },
        nodes: 'p = MatMul(x, w); y = Add(p, d)',
      },
    ],
  },
  {
    rule: 'identity-matrix',
    fires: [
      {
        inputs: { x: 'm 2' },
        constants: { w: '2 2 = 1 0 0 1' },
        nodes: 'p = MatMul(x, w); y = Exp(p)',
      },
    ],
    misses: [
      {
        inputs: { x: 'm 2' },
        constants: { w: '2 2 = 0 1 1 0' },
        nodes: 'p = MatMul(x, w); y = Exp(p)',
      },
    ],
  },
  {
    rule: 'layer-normalisation',
    fires: [
      {
        inputs: { x: 'b m n' },
        constants: { ...half, g: 'n', t: 'n' },
        nodes: norm('[-1]', '[2]'),
      },
      { inputs: { x: 'b m n' }, constants: { ...half, g: 'm n', t: 'm n' }, nodes: norm('[1 2]') },
    ],
    misses: [
      { inputs: { x: 'b m n' }, constants: { ...half, g: 'n', t: 'n' }, nodes: norm('[1]') },
      { inputs: { x: 'b m n' }, constants: { ...half, g: 'n', t: 'n' }, nodes: norm('[2]', '[1]') },
      { inputs: { x: 'b m n' }, constants: { ...half, g: '', t: 'n' }, nodes: norm('[2]') },
      {
        inputs: { x: 'b m n' },
        constants: { ...half, two: ' = 3', g: 'n', t: 'n' },
        nodes: norm('[2]'),
      },
    ],
  },
  {
    rule: 'gelu',
    fires: [
      {
        opset: 20,
        inputs: { x: 'm n' },
        constants: { r: ' = 1.41421354', o: ' = 1', h: ' = 0.5' },
        nodes: 'p = Div(x, r); q = Erf(p); t = Add(q, o); u = Mul(x, t); y = Mul(u, h)',
      },
    ],
    misses: [
      {
        opset: 20,
        inputs: { x: 'm n' },
        constants: { r: ' = 1.5', o: ' = 1', h: ' = 0.5' },
        nodes: 'p = Div(x, r); q = Erf(p); t = Add(q, o); u = Mul(x, t); y = Mul(u, h)',
      },
      {
        opset: 20,
        inputs: { x: 'm n', z: 'm n' },
        constants: { r: ' = 1.41421354', o: ' = 1', h: ' = 0.5' },
        nodes: 'p = Div(x, r); q = Erf(p); t = Add(q, o); u = Mul(z, t); y = Mul(u, h)',
      },
    ],
  },
  {
    rule: 'gelu-of-older-models',
    fires: [
      {
        inputs: { x: 'm n' },
        constants: { r: ' = 1.41421354', o: ' = 1', h: ' = 0.5' },
        nodes: 'p = Div(x, r); q = Erf(p); t = Add(q, o); u = Mul(x, h); y = Mul(u, t)',
      },
    ],
    misses: [
      {
        inputs: { x: 'm n' },
        constants: { r: ' = 1.41421354', o: ' = 2', h: ' = 0.5' },
        nodes: 'p = Div(x, r); q = Erf(p); t = Add(q, o); u = Mul(x, h); y = Mul(u, t)',
      },
    ],
  },
  {
    rule: 'gelu-by-tanh',
    fires: [{ opset: 20, inputs: { x: 'm n' }, constants: tanhConstants(), nodes: tanhNodes() }],
    misses: [
      {
        opset: 20,
        inputs: { x: 'm n' },
        constants: { ...tanhConstants(), t: ' = 2' },
        nodes: tanhNodes(),
      },
    ],
  },
  {
    rule: 'gelu-by-tanh-of-older-models',
    fires: [{ inputs: { x: 'm n' }, constants: tanhConstants(), nodes: tanhNodes() }],
    misses: [
      { inputs: { x: 'm n' }, constants: { ...tanhConstants(), c: ' = 0.05' }, nodes: tanhNodes() },
    ],
  },
  {
    rule: 'swish',
    fires: [{ inputs: { x: 'm n' }, nodes: 's = Sigmoid(x); y = Mul(s, x)' }],
    misses: [
      { inputs: { x: 'm n', z: 'm n' }, nodes: 's = Sigmoid(x); y = Mul(s, z)' },
      { inputs: { x: 'm n' }, nodes: 'out s = Sigmoid(x); y = Mul(s, x)' },
    ],
  },
  {
    rule: 'hard-swish',
    fires: [
      {
        inputs: { x: 'm n' },
        constants: { a: ' = 3', l: ' = 0', h: ' = 6' },
        nodes: 'p = Add(x, a); q = Clip(p, l, h); r = Div(q, h); y = Mul(x, r)',
      },
    ],
    misses: [
      {
        inputs: { x: 'm n' },
        constants: { a: ' = 2', l: ' = 0', h: ' = 6' },
        nodes: 'p = Add(x, a); q = Clip(p, l, h); r = Div(q, h); y = Mul(x, r)',
      },
      {
        opset: 13,
        inputs: { x: 'm n' },
        constants: { a: ' = 3', l: ' = 0', h: ' = 6' },
        nodes: 'p = Add(x, a); q = Clip(p, l, h); r = Div(q, h); y = Mul(x, r)',
      },
    ],
  },
  {
    rule: 'mish',
    fires: [
      { opset: 18, inputs: { x: 'm n' }, nodes: 's = Softplus(x); t = Tanh(s); y = Mul(t, x)' },
    ],
    misses: [
      { opset: 17, inputs: { x: 'm n' }, nodes: 's = Softplus(x); t = Tanh(s); y = Mul(t, x)' },
    ],
  },
  {
    rule: 'tanh-of-sigmoid',
    fires: [
      {
        inputs: { x: 'm n' },
        constants: { two: ' = 2', one: ' = 1' },
        nodes: 's = Mul(x, two); t = Sigmoid(s); u = Mul(two, t); y = Sub(u, one)',
      },
    ],
    misses: [
      {
        inputs: { x: 'm n' },
        constants: { two: ' = 2', one: ' = 1' },
        nodes: 's = Mul(x, two); t = Sigmoid(s); u = Mul(two, t); y = Sub(one, u)',
      },
    ],
  },
  {
    rule: 'softmax',
    fires: [
      {
        inputs: { x: 'm n' },
        constants: { i: 'int64 1 = 1' },
        nodes:
          'a = ReduceMax(x) {axes=[1]}; d = Sub(x, a); e = Exp(d); s = ReduceSum(e, i); y = Div(e, s)',
      },
    ],
    misses: [
      {
        inputs: { x: 'm n' },
        constants: { i: 'int64 1 = 0' },
        nodes:
          'a = ReduceMax(x) {axes=[1]}; d = Sub(x, a); e = Exp(d); s = ReduceSum(e, i); y = Div(e, s)',
      },
    ],
  },
];

function tanhConstants(): Record<string, string> {
  return { t: ' = 3', c: ' = 0.044715', r: ' = 0.797884583', o: ' = 1', h: ' = 0.5' };
}

function tanhNodes(): string {
  return (
    'p = Pow(x, t); q = Mul(p, c); u = Add(x, q); v = Mul(u, r); s = Tanh(v); z = Add(s, o); ' +
    'k = Mul(x, h); y = Mul(k, z)'
  );
}
