/** Common factors and divisors taken out of sums (the paper's distributive rules), and what is like it. */
import { factorable, quadraticRoot } from '../given/quadratic.ts';
import type { RuleSpec } from '../rule.ts';
import { rules } from '../rule.ts';

/** (a + b)(a + b - c); the sum stands there once. */
const SQUARE_MINUS = '(Mul (Add ?a ?b) (Sub (Add ?a ?b) ?c))';

/** a·x² + b·x·y + c·y² in its usual spellings. */
function quadratics(): readonly (readonly [string, string])[] {
  const after = '(Mul (Mul $a (Add ?x (Mul ?y !p))) (Add ?x (Mul ?y !q)))';
  const squares = [
    ['(Mul $a (Mul ?x ?x))', '(Mul $c (Mul ?y ?y))'],
    ['(Mul $a (Pow ?x 2))', '(Mul $c (Pow ?y 2))'],
    ['(Mul (Mul $a ?x) ?x)', '(Mul (Mul $c ?y) ?y)'],
  ];
  const products = ['(Mul $b (Mul ?x ?y))', '(Mul (Mul $b ?x) ?y)'];
  return squares.flatMap(([x, y]) =>
    products.flatMap((xy) => [
      [`(Add (Add ${x} ${xy}) ${y})`, after] as const,
      [`(Add (Add ${x} ${y}) ${xy})`, after] as const,
    ]),
  );
}

const SPECS: readonly RuleSpec[] = [
  {
    name: 'common-factor',
    row: 'P5',
    precision: 'rounding',
    dtypes: 'number',
    forms: [
      ['(Add (Mul ?a ?b) (Mul ?a ?c))', '(Mul ?a (Add ?b ?c))'],
      ['(Sub (Mul ?a ?b) (Mul ?a ?c))', '(Mul ?a (Sub ?b ?c))'],
    ],
  },
  {
    name: 'factor-plus-one',
    row: 'P6',
    precision: 'rounding',
    dtypes: 'number',
    forms: [
      ['(Add ?a (Mul ?a ?b))', '(Mul ?a (Add ?b 1))'],
      ['(Sub (Mul ?a ?b) ?a)', '(Mul ?a (Sub ?b 1))'],
      ['(Sub ?a (Mul ?a ?b))', '(Mul ?a (Sub 1 ?b))'],
    ],
  },
  {
    name: 'square-minus-product',
    row: 'P7',
    precision: 'rounding',
    forms: [
      ['(Sub (Pow ?s 2) (Mul ?s ?c))', '(Mul ?s (Sub ?s ?c))'],
      ['(Add (Pow ?s 2) (Mul ?s ?c))', '(Mul ?s (Add ?s ?c))'],
      ['(Sub (Mul (Add ?a ?b) (Add ?a ?b)) (Mul (Add ?a ?b) ?c))', SQUARE_MINUS],
      ['(Sub (Pow (Add ?a ?b) 2) (Mul (Add ?a ?b) ?c))', SQUARE_MINUS],
    ],
  },
  {
    name: 'quadratic-form',
    row: 'E6',
    precision: 'rounding',
    when: [factorable],
    forms: quadratics(),
    given: { p: quadraticRoot(1), q: quadraticRoot(-1) },
  },
  {
    name: 'common-divisor',
    row: 'E9',
    precision: 'rounding',
    forms: [
      ['(Add (Div ?a ?c) (Div ?b ?c))', '(Div (Add ?a ?b) ?c)'],
      ['(Sub (Div ?a ?c) (Div ?b ?c))', '(Div (Sub ?a ?b) ?c)'],
    ],
  },
  {
    name: 'choice-of-products',
    row: 'E14',
    precision: 'exact',
    dtypes: 'number',
    forms: [
      ['(Where ?k (Mul ?a ?d) (Mul ?b ?d))', '(Mul (Where ?k ?a ?b) ?d)'],
      ['(Where ?k (Add ?a ?d) (Add ?b ?d))', '(Add (Where ?k ?a ?b) ?d)'],
      ['(Where ?k (Div ?a ?d) (Div ?b ?d))', '(Div (Where ?k ?a ?b) ?d)'],
      ['(Where ?k (Sub ?a ?d) (Sub ?b ?d))', '(Sub (Where ?k ?a ?b) ?d)'],
    ],
  },
  {
    name: 'extreme-of-sums',
    row: 'E15',
    precision: 'exact',
    forms: [
      ['(Max (Add ?a ?c) (Add ?b ?c))', '(Add (Max ?a ?b) ?c)'],
      ['(Min (Add ?a ?c) (Add ?b ?c))', '(Add (Min ?a ?b) ?c)'],
      ['(Max (Sub ?a ?c) (Sub ?b ?c))', '(Sub (Max ?a ?b) ?c)'],
      ['(Min (Sub ?a ?c) (Sub ?b ?c))', '(Sub (Min ?a ?b) ?c)'],
    ],
  },
];

export const DISTRIBUTIVE = rules('distributive', SPECS);
