// Examples of the rules about distribution: common factors and divisors, and what squares and extremes share.
import type { Example } from './example.ts';

const ab = { a: 'm n', b: 'm n' };
const abc = { a: 'm n', b: 'm n', c: 'm n' };

export const DISTRIBUTIVE_EXAMPLES: readonly Example[] = [
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
];
