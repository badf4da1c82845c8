// Examples of the rules about matrix products: scales, shifts and further products in constant weights.
import type { Example } from './example.ts';

export const MATRIX_PRODUCT_EXAMPLES: readonly Example[] = [
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
];
