/** Products and sums in another order (the paper's associative rules): constants meet, small tensors meet first. */
import { areConstant, meetEarly, not, readOnce, sameShape } from '../conditions.ts';
import type { RuleSpec } from '../rule.ts';
import { rules } from '../rule.ts';

const SPECS: readonly RuleSpec[] = [
  {
    name: 'reciprocal-of-product',
    row: 'P1',
    precision: 'domain',
    forms: [
      [
        '(Mul (Reciprocal ?a) (Reciprocal (Mul ?a ?b)))',
        '(Mul (Mul (Reciprocal ?a) (Reciprocal ?a)) (Reciprocal ?b))',
      ],
    ],
  },
  {
    name: 'product-of-roots',
    row: 'P2',
    precision: 'domain',
    forms: [
      ['(Mul (Mul ?a (Sqrt ?b)) (Mul (Sqrt ?b) ?c))', '(Mul (Mul ?a ?b) ?c)'],
      ['(Mul (Mul (Mul ?a (Sqrt ?b)) ?c) (Sqrt ?b))', '(Mul (Mul ?a ?b) ?c)'],
      ['(Mul (Mul ?a (Sqrt ?b)) (Sqrt ?b))', '(Mul ?a ?b)'],
      ['(Mul (Sqrt ?b) (Sqrt ?b))', '?b'],
    ],
  },
  {
    name: 'product-of-magnitudes',
    row: 'P3',
    precision: 'rounding',
    forms: [
      ['(Mul (Mul (Abs ?a) ?b) (Abs ?c))', '(Mul (Abs (Mul ?a ?c)) ?b)'],
      ['(Mul (Abs ?a) (Abs ?c))', '(Abs (Mul ?a ?c))'],
    ],
  },
  {
    name: 'square-of-shared-factor',
    row: 'P4',
    precision: 'rounding',
    forms: [
      ['(Mul (Mul ?a ?r) (Mul ?r ?c))', '(Mul (Mul ?a (Mul ?r ?r)) ?c)'],
      ['(Mul (Mul (Mul ?a ?r) ?c) ?r)', '(Mul (Mul ?a (Mul ?r ?r)) ?c)'],
    ],
  },
  {
    name: 'merged-constants',
    row: 'E4',
    precision: 'rounding',
    dtypes: 'number',
    forms: [
      ['(Add (Add ?x $c) $d)', '(Add ?x (Add $c $d))'],
      ['(Sub (Add ?x $c) $d)', '(Add ?x (Sub $c $d))'],
      ['(Add (Sub ?x $c) $d)', '(Add ?x (Sub $d $c))'],
      ['(Sub (Sub ?x $c) $d)', '(Sub ?x (Add $c $d))'],
      ['(Add (Sub $c ?x) $d)', '(Sub (Add $c $d) ?x)'],
      ['(Sub (Sub $c ?x) $d)', '(Sub (Sub $c $d) ?x)'],
      ['(Sub $d (Add ?x $c))', '(Sub (Sub $d $c) ?x)'],
      ['(Sub $d (Sub ?x $c))', '(Sub (Add $d $c) ?x)'],
      ['(Sub $d (Sub $c ?x))', '(Add (Sub $d $c) ?x)'],
      ['(Mul (Mul ?x $c) $d)', '(Mul ?x (Mul $c $d))'],
      ['(Mul (Neg ?x) $c)', '(Mul ?x (Neg $c))'],
      ['(Neg (Mul ?x $c))', '(Mul ?x (Neg $c))'],
      ['(Neg (Sub ?x ?y))', '(Sub ?y ?x)'],
      ['(Add ?x (Neg ?y))', '(Sub ?x ?y)'],
      ['(Sub ?x (Neg ?y))', '(Add ?x ?y)'],
    ],
  },
  {
    name: 'merged-divisors',
    row: 'E4',
    precision: 'rounding',
    forms: [
      ['(Div (Mul ?x $c) $d)', '(Mul ?x (Div $c $d))'],
      ['(Mul (Div ?x $c) $d)', '(Mul ?x (Div $d $c))'],
      ['(Div (Div ?x $c) $d)', '(Div ?x (Mul $c $d))'],
      ['(Mul (Div $c ?x) $d)', '(Div (Mul $c $d) ?x)'],
      ['(Div (Div $c ?x) $d)', '(Div (Div $c $d) ?x)'],
      ['(Div (Neg ?x) $c)', '(Div ?x (Neg $c))'],
    ],
  },
  {
    // Only where a division per element was there before: divisions take longer than products.
    name: 'product-with-reciprocal',
    row: 'E9',
    precision: 'rounding',
    when: [sameShape('a', 'b')],
    forms: [
      ['(Mul ?a (Div 1 ?b))', '(Div ?a ?b)'],
      ['(Mul ?a (Reciprocal ?b))', '(Div ?a ?b)'],
    ],
  },
  {
    name: 'doubled-then-scaled',
    row: 'E3',
    precision: 'rounding',
    dtypes: 'number',
    forms: [
      ['(Mul (Add ?x ?x) $c)', '(Mul ?x (Mul $c 2))'],
      ['(Add (Mul ?x $c) (Mul ?x $c))', '(Mul ?x (Mul $c 2))'],
    ],
  },
  {
    name: 'quotient-of-quotient',
    row: 'E9',
    precision: 'domain',
    forms: [
      ['(Div (Div ?a ?b) ?c)', '(Div ?a (Mul ?b ?c))'],
      ['(Div ?a (Div ?b ?c))', '(Div (Mul ?a ?c) ?b)'],
    ],
  },
  {
    name: 'small-operands-first',
    row: 'M9',
    precision: 'rounding',
    dtypes: 'number',
    when: [not(areConstant('s', 't')), readOnce('i'), meetEarly(['s', 't'], ['m', 'n'])],
    forms: [
      ['(Add (Add:i ?s ?m) (Add ?t ?n))', '(Add (Add ?s ?t) (Add ?m ?n))'],
      ['(Add (Add:i ?m ?s) ?t)', '(Add ?m (Add ?s ?t))'],
      ['(Mul (Mul:i ?s ?m) (Mul ?t ?n))', '(Mul (Mul ?s ?t) (Mul ?m ?n))'],
      ['(Mul (Mul:i ?m ?s) ?t)', '(Mul ?m (Mul ?s ?t))'],
    ],
  },
];

export const ASSOCIATIVE = rules('associative', SPECS);
