/** Neutral elements, operators that undo or repeat themselves, and work that is done twice. */
import { exactOperator, hasTwin, scalar, scalarIs, unaryOperator } from '../conditions.ts';
import type { RuleSpec } from '../rule.ts';
import { rules } from '../rule.ts';
import { clipBound, filled, sameComputation } from '../given/identities.ts';

const SPECS: readonly RuleSpec[] = [
  {
    name: 'common-subexpression',
    row: 'C1',
    precision: 'exact',
    dtypes: 'any',
    when: [hasTwin('f')],
    forms: [['(*:f ...?xs)', '!same']],
    given: { same: sameComputation('f') },
  },
  {
    // Scalars only: a vector of weights that happens to be zero or one is still a weight.
    name: 'neutral-element',
    row: 'E1',
    precision: 'exact',
    dtypes: 'number',
    when: [scalar('c'), scalarIs('c', (value) => value === 0)],
    forms: [
      ['(Add ?x $c)', '?x'],
      ['(Sub ?x $c)', '?x'],
    ],
  },
  {
    name: 'neutral-factor',
    row: 'E1',
    precision: 'exact',
    dtypes: 'number',
    when: [scalar('c'), scalarIs('c', (value) => value === 1)],
    forms: [
      ['(Mul ?x $c)', '?x'],
      ['(Div ?x $c)', '?x'],
      ['(Pow ?x $c)', '?x'],
    ],
  },
  {
    name: 'neutral-truth',
    row: 'E1',
    precision: 'exact',
    dtypes: 'any',
    forms: [
      ['(And ?x 1)', '?x'],
      ['(Or ?x 0)', '?x'],
      ['(Xor ?x 0)', '?x'],
    ],
  },
  {
    name: 'times-zero',
    row: 'E2',
    precision: 'domain',
    forms: [
      ['(Mul ?x 0)', '!zeros'],
      ['(Sub ?x ?x)', '!zeros'],
    ],
    given: { zeros: filled(0) },
  },
  {
    name: 'undone',
    row: 'E16',
    precision: 'exact',
    dtypes: 'any',
    when: [exactOperator('f'), unaryOperator('f')],
    forms: [['(@involutive:f (=f ?x))', '?x']],
  },
  {
    name: 'reciprocal-of-reciprocal',
    row: 'E16',
    precision: 'domain',
    forms: [
      ['(Reciprocal (Reciprocal ?x))', '?x'],
      ['(Div 1 (Div 1 ?x))', '?x'],
    ],
  },
  {
    name: 'repeated',
    row: 'E17',
    precision: 'exact',
    dtypes: 'any',
    when: [exactOperator('f')],
    forms: [['(@idempotent:f (=f ?x ...$rest) ...$rest)', '(=f ?x ...$rest)']],
  },
  {
    name: 'extreme-of-itself',
    row: 'E17',
    precision: 'exact',
    dtypes: 'any',
    forms: [
      ['(Max|Min|And|Or ?x ?x)', '?x'],
      ['(Max:f ?x (=f ?x ?y))', '(=f ?x ?y)'],
      ['(Min:f ?x (=f ?x ?y))', '(=f ?x ?y)'],
      ['(Where ?k ?x ?x)', '?x'],
    ],
  },
  {
    name: 'merged-limits',
    row: 'E18',
    precision: 'exact',
    dtypes: 'number',
    forms: [
      ['(Clip:outer (Clip:inner ?x ...$a) ...$b)', '(Clip ?x !low !high)'],
      ['(Clip:outer (Relu:inner ?x) ...$b)', '(Clip ?x !low !high)'],
      ['(Relu:outer (Clip:inner ?x ...$a))', '(Clip ?x !low !high)'],
    ],
    given: { low: clipBound(1), high: clipBound(2) },
  },
];

export const IDENTITIES = rules('identity', SPECS);
