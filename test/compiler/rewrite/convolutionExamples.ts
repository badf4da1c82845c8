// Examples of the rules about convolutions: normalisation, scales, shifts and products in their weights.
import type { Example } from './example.ts';

const image = { x: 'b c h w' };
const batch = { g: '6', t: '6', m: '6', v: '6 = 0.7' };
const conv = { w: '6 c 3 3', d: '6' };
const NORM = 'BatchNormalization(p, g, t, m, v) {epsilon=0.001}';

export const CONVOLUTION_EXAMPLES: readonly Example[] = [
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
];
