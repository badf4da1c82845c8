/** Operators that change places (the paper's commutative rules): reductions with what is done to every element. */
import { exactOperator, positive, scalar } from '../conditions.ts';
import {
  columnAxis,
  constantAlongAxes,
  constantAlongReduction,
  expandedCount,
  isShiftLeft,
  keepsAxes,
  mergedAxes,
  rowAxis,
  sameAxis,
  slopeIsNotNegative,
} from '../given/reductions.ts';
import type { RuleSpec } from '../rule.ts';
import { rules } from '../rule.ts';

const SUMS = 'ReduceSum|ReduceMean';
/** Strictly increasing and defined everywhere. */
const MONOTONE = 'Exp|Sigmoid|Tanh|Erf|Softplus|Atan|Softsign';

const SPECS: readonly RuleSpec[] = [
  {
    // Modulo 2^w, as integers are; not so for shifts to the right.
    name: 'sum-of-shifted-bits',
    row: 'P8',
    precision: 'exact',
    dtypes: 'number',
    when: [isShiftLeft('b'), scalar('k')],
    forms: [['(ReduceSum:r (BitShift:b ?a ?k) $axes~)', '(=b (=r ?a $axes) ?k)']],
  },
  {
    name: 'product-of-exponentials',
    row: 'P9',
    precision: 'domain',
    forms: [['(ReduceProd:r (Exp ?a) $axes~)', '(Exp (ReduceSum{keepdims=keepdims} ?a $axes))']],
    given: { keepdims: keepsAxes('r') },
  },
  {
    name: 'exponentials-of-sum',
    row: 'E10',
    precision: 'domain',
    forms: [
      ['(Mul (Exp ?a) (Exp ?b))', '(Exp (Add ?a ?b))'],
      ['(Div (Exp ?a) (Exp ?b))', '(Exp (Sub ?a ?b))'],
      ['(Add (Log ?a) (Log ?b))', '(Log (Mul ?a ?b))'],
      ['(Sub (Log ?a) (Log ?b))', '(Log (Div ?a ?b))'],
      ['(Log (Exp ?x))', '?x'],
      ['(Exp (Log ?x))', '?x'],
    ],
  },
  {
    name: 'root-of-square',
    row: 'E12',
    precision: 'domain',
    forms: [
      ['(Sqrt (Mul ?x ?x))', '(Abs ?x)'],
      ['(Sqrt (Pow ?x 2))', '(Abs ?x)'],
      ['(Pow (Sqrt ?x) 2)', '?x'],
    ],
  },
  {
    name: 'reduction-of-scaled',
    row: 'R1',
    precision: 'rounding',
    dtypes: 'number',
    when: [constantAlongReduction('c', 'x', 'r')],
    forms: [['(ReduceSum:r (Mul ?x ?c) $axes~)', '(Mul (=r ?x $axes) ?c)']],
  },
  {
    name: 'mean-of-scaled',
    row: 'R1',
    precision: 'rounding',
    when: [constantAlongReduction('c', 'x', 'r')],
    forms: [
      ['(ReduceMean:r (Mul ?x ?c) $axes~)', '(Mul (=r ?x $axes) ?c)'],
      [`(${SUMS}:r (Div ?x ?c) $axes~)`, '(Div (=r ?x $axes) ?c)'],
      ['(ReduceMean:r (Add ?x ?c) $axes~)', '(Add (=r ?x $axes) ?c)'],
      ['(ReduceMean:r (Sub ?x ?c) $axes~)', '(Sub (=r ?x $axes) ?c)'],
    ],
  },
  {
    name: 'reduction-of-negated',
    row: 'R1',
    precision: 'exact',
    forms: [
      [`(${SUMS}:r (Neg ?x) $axes~)`, '(Neg (=r ?x $axes))'],
      ['(ReduceMax:r (Neg ?x) $axes~)', '(Neg (ReduceMin{keepdims=keepdims} ?x $axes))'],
      ['(ReduceMin:r (Neg ?x) $axes~)', '(Neg (ReduceMax{keepdims=keepdims} ?x $axes))'],
    ],
    given: { keepdims: keepsAxes('r') },
  },
  {
    name: 'extreme-of-shifted',
    row: 'R1',
    precision: 'exact',
    when: [constantAlongReduction('c', 'x', 'r')],
    forms: [
      ['(ReduceMax|ReduceMin:r (Add ?x ?c) $axes~)', '(Add (=r ?x $axes) ?c)'],
      ['(ReduceMax|ReduceMin:r (Sub ?x ?c) $axes~)', '(Sub (=r ?x $axes) ?c)'],
    ],
  },
  {
    name: 'extreme-of-scaled',
    row: 'R3',
    precision: 'exact',
    when: [constantAlongReduction('c', 'x', 'r'), positive('c')],
    forms: [
      ['(ReduceMax|ReduceMin:r (Mul ?x $c) $axes~)', '(Mul (=r ?x $axes) $c)'],
      ['(ReduceMax|ReduceMin:r (Div ?x $c) $axes~)', '(Div (=r ?x $axes) $c)'],
    ],
  },
  {
    name: 'nested-reductions',
    row: 'R2',
    precision: 'rounding',
    dtypes: 'number',
    forms: [['(ReduceSum|ReduceMean|ReduceProd:r (=r ?x $a~) $b~)', '(=r ?x !axes)']],
    given: { axes: mergedAxes('r') },
  },
  {
    name: 'nested-extremes',
    row: 'R2',
    precision: 'exact',
    dtypes: 'number',
    forms: [['(ReduceMax|ReduceMin:r (=r ?x $a~) $b~)', '(=r ?x !axes)']],
    given: { axes: mergedAxes('r') },
  },
  {
    name: 'extreme-of-monotone',
    row: 'R3',
    precision: 'exact',
    dtypes: 'number',
    when: [exactOperator('f')],
    forms: [
      ['(ReduceMax|ReduceMin:r (Relu|Ceil|Floor|Round|Sign:f ?x) $axes~)', '(=f (=r ?x $axes))'],
      ['(ReduceMax|ReduceMin:r (Clip:f ?x ...$bounds) $axes~)', '(=f (=r ?x $axes) ...$bounds)'],
      ['(MaxPool|GlobalMaxPool:r (Relu|Ceil|Floor|Round|Sign:f ?x))', '(=f (=r ?x))'],
      ['(MaxPool|GlobalMaxPool:r (Clip:f ?x ...$bounds))', '(=f (=r ?x) ...$bounds)'],
    ],
  },
  {
    name: 'extreme-of-leaky',
    row: 'R3',
    precision: 'exact',
    when: [slopeIsNotNegative('f')],
    forms: [
      ['(ReduceMax|ReduceMin:r (LeakyRelu:f ?x) $axes~)', '(=f (=r ?x $axes))'],
      ['(MaxPool|GlobalMaxPool:r (LeakyRelu:f ?x))', '(=f (=r ?x))'],
    ],
  },
  {
    // Monotone, but not rounded correctly everywhere: neighbours may change places by a unit in the last place.
    name: 'extreme-of-monotone-function',
    row: 'R3',
    precision: 'rounding',
    forms: [
      [`(ReduceMax|ReduceMin:r (${MONOTONE}:f ?x) $axes~)`, '(=f (=r ?x $axes))'],
      [`(MaxPool|GlobalMaxPool:r (${MONOTONE}:f ?x))`, '(=f (=r ?x))'],
    ],
  },
  {
    name: 'sum-of-expanded',
    row: 'R4',
    precision: 'rounding',
    dtypes: 'number',
    forms: [['(ReduceSum:r (Expand:e ?x ?shape) $axes)', '(Mul (=r ?x $axes) !count)']],
    given: { count: expandedCount('r') },
  },
  {
    name: 'sum-of-product-rows',
    row: 'R5',
    precision: 'rounding',
    when: [rowAxis('r')],
    forms: [[`(${SUMS}:r (MatMul ?a ?b) $axes)`, '(MatMul (=r ?a $axes) ?b)']],
  },
  {
    name: 'sum-of-product-columns',
    row: 'R5',
    precision: 'rounding',
    when: [columnAxis('r')],
    forms: [[`(${SUMS}:r (MatMul ?a ?b) $axes)`, '(MatMul ?a (=r ?b $axes))']],
  },
  {
    name: 'softmax-of-shifted',
    row: 'R6',
    precision: 'rounding',
    when: [constantAlongAxes('c', 'x', 's')],
    forms: [
      ['(Softmax|LogSoftmax:s (Add ?x ?c))', '(=s ?x)'],
      ['(Softmax|LogSoftmax:s (Sub ?x ?c))', '(=s ?x)'],
    ],
  },
  {
    name: 'logarithm-of-exponentials-of-shifted',
    row: 'R6',
    precision: 'rounding',
    when: [constantAlongReduction('c', 'x', 'r')],
    forms: [
      ['(ReduceLogSumExp:r (Add ?x ?c) $axes~)', '(Add (=r ?x $axes) ?c)'],
      ['(ReduceLogSumExp:r (Sub ?x ?c) $axes~)', '(Sub (=r ?x $axes) ?c)'],
    ],
  },
  {
    name: 'place-of-extreme',
    row: 'R7',
    precision: 'domain',
    dtypes: 'any',
    forms: [[`(ArgMax|ArgMin:r (${MONOTONE}:f ?x))`, '(=r ?x)']],
  },
  {
    name: 'place-of-largest-probability',
    row: 'R7',
    precision: 'domain',
    dtypes: 'any',
    when: [sameAxis('r', 's')],
    forms: [['(ArgMax|ArgMin:r (Softmax|LogSoftmax:s ?x))', '(=r ?x)']],
  },
];

export const COMMUTATIVE = rules('commutative', SPECS);
