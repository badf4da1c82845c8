// Examples of the rules that regroup: products of roots and reciprocals, constants met, small operands first.
import type { Example } from './example.ts';

const ab = { a: 'm n', b: 'm n' };
const abc = { a: 'm n', b: 'm n', c: 'm n' };
const x = { x: 'm n' };

export const ASSOCIATIVE_EXAMPLES: readonly Example[] = [
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
];
