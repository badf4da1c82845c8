// Examples of the rules about recognised formulas: normalisations and activations as exporters take them apart.
import type { Example } from './example.ts';

const half = { two: ' = 2', e: ' = 0.00001' };
const norm = (axes: string, other = axes): string =>
  `mean = ReduceMean(x) {axes=${axes}}; d = Sub(x, mean); s = Pow(d, two); var = ReduceMean(s) {axes=${other}}; ` +
  'q = Add(var, e); r = Sqrt(q); z = Div(d, r); u = Mul(z, g); y = Add(u, t)';

export const RECOGNISED_EXAMPLES: readonly Example[] = [
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
