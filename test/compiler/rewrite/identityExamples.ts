// Examples of the rules about identities: neutral elements, what is undone or repeated, limits one after the other.
import type { Example } from './example.ts';

const ab = { a: 'm n', b: 'm n' };
const x = { x: 'm n' };

export const IDENTITY_EXAMPLES: readonly Example[] = [
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
];
