// Examples of the rules about data movement.
import type { Example } from './example.ts';

const quantised = { s: ' = 0.5', z: 'uint8 = 3' };

export const MOVEMENT_EXAMPLES: readonly Example[] = [
  {
    rule: 'nothing-moved',
    fires: [
      {
        inputs: { x: '3 4' },
        constants: { r: 'int64 2 = 3 4' },
        nodes: 't = Reshape(x, r); y = Exp(t)',
      },
      { inputs: { x: 'm 1 1' }, nodes: 't = Transpose(x) {perm=[0 2 1]}; y = Exp(t)' },
      {
        inputs: { x: 'm n' },
        constants: { s: 'int64 1 = 0', e: 'int64 1 = 99' },
        nodes: 't = Slice(x, s, e); y = Exp(t)',
      },
      { inputs: { x: 'm n' }, constants: { p: 'int64 4 = 0' }, nodes: 't = Pad(x, p); y = Exp(t)' },
      { inputs: { x: 'm n' }, nodes: 't = Concat(x) {axis=0}; y = Exp(t)' },
    ],
    misses: [
      { inputs: { x: '3 3' }, nodes: 't = Transpose(x); y = Exp(t)' },
      {
        inputs: { x: 'm n' },
        constants: { s: 'int64 1 = -1', e: 'int64 1 = -99', a: 'int64 1 = 0', p: 'int64 1 = -1' },
        nodes: 't = Slice(x, s, e, a, p); y = Exp(t)',
      },
      {
        inputs: { x: '2 4' },
        constants: { p: 'int64 4 = 1 0 -1 0' },
        nodes: 't = Pad(x, p); y = Exp(t)',
      },
    ],
  },
  {
    rule: 'views-of-views',
    fires: [
      {
        inputs: { x: 'm 6' },
        constants: { r: 'int64 3 = 0 2 3', i: 'int64 1 = 0' },
        nodes: 's = Reshape(x, r); t = Unsqueeze(s, i); y = Exp(t)',
      },
      { inputs: { x: 'b m n' }, nodes: 's = Flatten(x); t = Flatten(s) {axis=0}; y = Exp(t)' },
    ],
    misses: [
      {
        inputs: { x: 'm 6' },
        constants: { r: 'int64 3 = 0 2 3' },
        nodes: 's = Reshape(x, r); t = Transpose(s) {perm=[0 2 1]}; y = Exp(t)',
      },
      {
        inputs: { x: 'm 6' },
        constants: { r: 'int64 3 = 0 2 3', i: 'int64 1 = 0' },
        nodes: 'out s = Reshape(x, r); t = Unsqueeze(s, i); y = Exp(t)',
      },
    ],
  },
  {
    rule: 'view-taken-back',
    fires: [
      {
        inputs: { x: 'm n' },
        constants: { i: 'int64 1 = 1' },
        nodes: 's = Unsqueeze(x, i); t = Squeeze(s, i); y = Exp(t)',
      },
    ],
    misses: [
      {
        inputs: { x: 'm 6' },
        constants: { i: 'int64 1 = 1', r: 'int64 2 = -1 3' },
        nodes: 's = Unsqueeze(x, i); t = Reshape(s, r); y = Exp(t)',
      },
    ],
  },
  {
    rule: 'composed-permutations',
    fires: [
      {
        inputs: { x: 'b m n' },
        nodes: 's = Transpose(x) {perm=[1 2 0]}; t = Transpose(s) {perm=[1 2 0]}; y = Exp(t)',
      },
      {
        inputs: { x: 'b m n' },
        nodes: 's = Transpose(x) {perm=[1 2 0]}; t = Transpose(s) {perm=[2 0 1]}; y = Exp(t)',
      },
    ],
    misses: [
      {
        inputs: { x: 'b m n' },
        nodes: 'out s = Transpose(x) {perm=[1 2 0]}; t = Transpose(s) {perm=[1 2 0]}; y = Exp(t)',
      },
    ],
  },
  {
    rule: 'permutations-around-pointwise',
    fires: [
      {
        inputs: { x: 'b m n' },
        constants: { c: '' },
        nodes:
          's = Transpose(x) {perm=[0 2 1]}; u = Relu(s); v = Sub(c, u); t = Transpose(v) {perm=[0 2 1]}; y = Exp(t)',
      },
      {
        inputs: { x: 'b m n' },
        nodes: 's = Transpose(x) {perm=[1 2 0]}; u = Relu(s); y = Transpose(u) {perm=[1 2 0]}',
      },
    ],
    misses: [
      {
        inputs: { x: 'b m n' },
        nodes:
          's = Transpose(x) {perm=[0 2 1]}; u = Softmax(s) {axis=1}; t = Transpose(u) {perm=[0 2 1]}; y = Exp(t)',
      },
      {
        inputs: { x: '2 4 4' },
        constants: { c: '4' },
        nodes:
          's = Transpose(x) {perm=[0 2 1]}; v = Add(c, s); t = Transpose(v) {perm=[0 2 1]}; y = Exp(t)',
      },
      {
        inputs: { x: 'b m n' },
        nodes:
          's = Transpose(x) {perm=[0 2 1]}; out u = Relu(s); t = Transpose(u) {perm=[0 2 1]}; y = Exp(t)',
      },
    ],
  },
  {
    rule: 'views-around-pointwise',
    fires: [
      {
        inputs: { x: 'm n' },
        constants: { i: 'int64 1 = 1' },
        nodes: 's = Unsqueeze(x, i); u = Tanh(s); t = Squeeze(u, i); y = Exp(t)',
      },
      {
        inputs: { x: 'm 6' },
        constants: { c: '1', r: 'int64 3 = 0 2 3', q: 'int64 3 = 0 3 2' },
        nodes: 's = Reshape(x, r); u = Mul(s, c); t = Reshape(u, q); y = Exp(t)',
      },
    ],
    misses: [
      {
        inputs: { x: 'm 6' },
        constants: { c: '3', r: 'int64 3 = 0 2 3', q: 'int64 3 = 0 3 2' },
        nodes: 's = Reshape(x, r); u = Mul(s, c); t = Reshape(u, q); y = Exp(t)',
      },
    ],
  },
  {
    rule: 'permutations-of-both-operands',
    fires: [
      {
        inputs: { a: 'm n', b: 'm n' },
        nodes: 's = Transpose(a) {perm=[1 0]}; t = Transpose(b) {perm=[1 0]}; y = Sub(s, t)',
      },
    ],
    misses: [
      {
        inputs: { a: 'm n', b: '1 n' },
        nodes: 's = Transpose(a) {perm=[1 0]}; t = Transpose(b) {perm=[1 0]}; y = Sub(s, t)',
      },
      {
        inputs: { a: '3 3', b: '3 3' },
        nodes: 's = Transpose(a) {perm=[1 0]}; t = Transpose(b) {perm=[0 1]}; y = Sub(s, t)',
      },
    ],
  },
  {
    rule: 'movement-after-reduced-work',
    fires: [
      {
        inputs: { x: '4 n' },
        constants: { s: 'int64 1 = 1', e: 'int64 1 = 3' },
        nodes: 't = Exp(x); y = Slice(t, s, e)',
      },
      {
        inputs: { x: '1 n' },
        constants: { s: 'int64 2 = 7 1' },
        nodes: 't = Expand(x, s); y = Exp(t)',
      },
    ],
    misses: [
      {
        inputs: { x: '4 n' },
        constants: { i: 'int64 6 = 0 1 2 3 2 1' },
        nodes: 't = Exp(x); y = Gather(t, i)',
      },
      {
        inputs: { x: '4 n' },
        constants: { s: 'int64 1 = 1', e: 'int64 1 = 3' },
        nodes: 't = Softmax(x) {axis=0}; y = Slice(t, s, e)',
      },
    ],
  },
  {
    rule: 'slice-of-slice',
    fires: [
      {
        inputs: { x: '9 8' },
        constants: { s: 'int64 1 = 2', e: 'int64 1 = -1', a: 'int64 1 = 0', f: 'int64 1 = 4' },
        nodes: 't = Slice(x, s, e, a); y = Slice(t, s, f, a)',
      },
      {
        inputs: { x: '9 8' },
        constants: { s: 'int64 1 = 2', e: 'int64 1 = -1', a: 'int64 1 = 0', c: 'int64 1 = -1' },
        nodes: 't = Slice(x, s, e, a); y = Slice(t, s, e, c)',
      },
    ],
    misses: [
      {
        inputs: { x: '9 8' },
        constants: { s: 'int64 1 = 0', e: 'int64 1 = 8', a: 'int64 1 = 0', p: 'int64 1 = 2' },
        nodes: 't = Slice(x, s, e, a, p); y = Slice(t, s, e, a)',
      },
      {
        inputs: { x: '9 8' },
        constants: { s: 'int64 1 = 2', e: 'int64 1 = 7', a: 'int64 1 = 0' },
        nodes: 'out t = Slice(x, s, e, a); y = Slice(t, s, e, a)',
      },
    ],
  },
  {
    rule: 'concat-of-concat',
    fires: [
      {
        inputs: { a: 'm n', b: 'm n', c: 'm n' },
        nodes: 't = Concat(a, b) {axis=1}; y = Concat(t, c) {axis=-1}',
      },
    ],
    misses: [
      {
        inputs: { a: '2 4', b: '2 4', c: '2 8' },
        nodes: 't = Concat(a, b) {axis=1}; y = Concat(t, c) {axis=0}',
      },
      {
        inputs: { a: 'm n', b: 'm n', c: 'm n' },
        nodes: 'out t = Concat(a, b) {axis=1}; y = Concat(t, c) {axis=1}',
      },
    ],
  },
  {
    rule: 'split-joined-again',
    fires: [
      {
        inputs: { x: 'm 6' },
        constants: { s: 'int64 2 = 2 4' },
        nodes: 'a, b = Split(x, s) {axis=1}; t = Concat(a, b) {axis=1}; y = Exp(t)',
      },
    ],
    misses: [
      {
        inputs: { x: 'm 6' },
        constants: { s: 'int64 2 = 3 3' },
        nodes: 'a, b = Split(x, s) {axis=1}; t = Concat(b, a) {axis=1}; y = Exp(t)',
      },
      {
        inputs: { x: 'm 6' },
        constants: { s: 'int64 2 = 3 3' },
        nodes: 'a, b = Split(x, s) {axis=1}; t = Concat(a, b) {axis=0}; y = Exp(t)',
      },
    ],
  },
  {
    rule: 'slice-of-concat',
    fires: [
      {
        inputs: { a: 'm 3', b: 'm 4' },
        constants: { s: 'int64 1 = 3', e: 'int64 1 = 7', i: 'int64 1 = 1' },
        nodes: 't = Concat(a, b) {axis=1}; u = Slice(t, s, e, i); y = Exp(u)',
      },
      {
        inputs: { a: 'm 3', b: 'm 4' },
        constants: { s: 'int64 1 = -2', e: 'int64 1 = 7', i: 'int64 1 = 1' },
        nodes: 't = Concat(a, b) {axis=1}; y = Slice(t, s, e, i)',
      },
    ],
    misses: [
      {
        inputs: { a: 'm 3', b: 'm 4' },
        constants: { s: 'int64 1 = 2', e: 'int64 1 = 5', i: 'int64 1 = 1' },
        nodes: 't = Concat(a, b) {axis=1}; y = Slice(t, s, e, i)',
      },
      {
        inputs: { a: '4 3', b: '4 4' },
        constants: { s: 'int64 1 = 1', e: 'int64 1 = 3', i: 'int64 1 = 0' },
        nodes: 't = Concat(a, b) {axis=1}; y = Slice(t, s, e, i)',
      },
    ],
  },
  {
    rule: 'cast-of-cast',
    fires: [
      { inputs: { x: 'int32 m' }, nodes: 't = Cast(x) {to=7}; u = Cast(t) {to=1}; y = Exp(u)' },
      { inputs: { x: 'm' }, nodes: 't = Cast(x) {to=11}; u = Cast(t) {to=1}; y = Exp(u)' },
    ],
    misses: [
      { inputs: { x: 'm' }, nodes: 't = Cast(x) {to=7}; u = Cast(t) {to=1}; y = Exp(u)' },
      { inputs: { x: 'int32 m' }, nodes: 't = Cast(x) {to=3}; u = Cast(t) {to=1}; y = Exp(u)' },
      { inputs: { x: 'int64 m' }, nodes: 't = Cast(x) {to=1}; u = Cast(t) {to=11}; y = Exp(u)' },
    ],
  },
  {
    rule: 'cast-to-same-type',
    fires: [{ inputs: { x: 'm' }, nodes: 't = Cast(x) {to=1}; y = Exp(t)' }],
    misses: [{ inputs: { x: 'm' }, nodes: 't = Cast(x) {to=11}; y = Exp(t)' }],
  },
  {
    rule: 'move-the-narrower-type',
    fires: [
      { inputs: { x: 'int8 m n' }, nodes: 't = Cast(x) {to=1}; y = Transpose(t)' },
      { inputs: { x: 'm n' }, nodes: 't = Transpose(x); y = Cast(t) {to=9}' },
    ],
    misses: [
      { inputs: { x: 'int8 m n' }, nodes: 't = Transpose(x); y = Cast(t) {to=1}' },
      { inputs: { x: 'int32 m n' }, nodes: 't = Cast(x) {to=1}; y = Transpose(t)' },
    ],
  },
  {
    rule: 'expanded-by-its-reader',
    fires: [
      {
        inputs: { x: '1 n', z: '4 n' },
        constants: { s: 'int64 2 = 4 1' },
        nodes: 't = Expand(x, s); y = Div(z, t)',
      },
      {
        inputs: { k: 'bool 1 n', x: '4 n', z: '4 n' },
        constants: { s: 'int64 2 = 4 1' },
        nodes: 't = Expand(k, s); y = Where(t, x, z)',
      },
    ],
    misses: [
      {
        inputs: { x: '1 n', z: 'n' },
        constants: { s: 'int64 2 = 4 1' },
        nodes: 't = Expand(x, s); y = Sub(t, z)',
      },
      {
        inputs: { x: '1 n', z: '4 n' },
        constants: { s: 'int64 2 = 4 1' },
        nodes: 'out t = Expand(x, s); y = Transpose(t)',
      },
    ],
  },
  {
    rule: 'quantised-again',
    fires: [
      {
        inputs: { x: 'uint8 m n' },
        constants: quantised,
        nodes:
          't = DequantizeLinear(x, s, z); u = QuantizeLinear(t, s, z); y = DequantizeLinear(u, s, z)',
      },
    ],
    misses: [
      {
        inputs: { x: 'uint8 m n' },
        constants: { ...quantised, r: ' = 0.25' },
        nodes:
          't = DequantizeLinear(x, s, z); u = QuantizeLinear(t, r, z); y = DequantizeLinear(u, s, z)',
      },
      {
        inputs: { x: 'm n' },
        constants: quantised,
        nodes: 't = QuantizeLinear(x, s, z); u = DequantizeLinear(t, s, z); y = Exp(u)',
      },
    ],
  },
  {
    rule: 'movement-of-integers',
    fires: [
      {
        inputs: { x: 'uint8 m n' },
        constants: quantised,
        nodes: 't = DequantizeLinear(x, s, z); y = Transpose(t)',
      },
      {
        inputs: { x: 'uint8 b c h w' },
        constants: quantised,
        nodes: 't = DequantizeLinear(x, s, z); y = MaxPool(t) {kernel_shape=[2 2], strides=[2 2]}',
      },
    ],
    misses: [
      {
        inputs: { x: 'uint8 4 n' },
        constants: { s: '4 = 0.5', z: 'uint8 4' },
        nodes: 't = DequantizeLinear(x, s, z) {axis=0}; y = Transpose(t)',
      },
      {
        inputs: { x: 'uint8 b c h w' },
        constants: quantised,
        nodes:
          't = DequantizeLinear(x, s, z); y = AveragePool(t) {kernel_shape=[2 2], strides=[2 2]}',
      },
    ],
  },
];
