/** Formulas that have an operator of their own: normalisations and activations as exporters take them apart. */
import { isPositiveScalar, opsetAtLeast, opsetBelow } from '../conditions.ts';
import {
  normalisedAxis,
  onlyAxis,
  reducesLastAxes,
  sameAxes,
  scalarAttribute,
  spansAxes,
} from '../given/normalisation.ts';
import { textAttribute } from '../given/tensors.ts';
import type { RuleSpec } from '../rule.ts';
import { rules } from '../rule.ts';

const CENTRED = '(Sub ?x (ReduceMean ?x $axes))';
const DEVIATION = (square: string): string => `(Sqrt (Add (ReduceMean ${square} $others) $e))`;
const NORMALISED = [`(Pow ${CENTRED} 2)`, `(Mul ${CENTRED} ${CENTRED})`].map(
  (square) => `(Div ${CENTRED} ${DEVIATION(square)})`,
);

const GELU = '(Add (Erf (Div ?x 1.4142135623730951)) 1)';
const GELU_PRODUCT = '(Add (Erf (Mul ?x 0.7071067811865476)) 1)';
/** √(2/π)·(x + 0.044715·x³) */
const CUBIC = '(Mul (Add ?x (Mul (Pow ?x 3) 0.044715)) 0.7978845608028654)';
const CUBIC_FACTORED = '(Mul (Mul ?x (Add (Mul (Mul ?x 0.044715) ?x) 1)) 0.7978845608028654)';
const TANH_GELU = [CUBIC, CUBIC_FACTORED].map((inner) => `(Add (Tanh ${inner}) 1)`);

/** x · gate / 2 in the orders that occur. */
function halfOf(gate: string): readonly string[] {
  return [`(Mul (Mul ?x ${gate}) 0.5)`, `(Mul (Mul ?x 0.5) ${gate})`, `(Mul ?x (Mul ${gate} 0.5))`];
}

const SHIFTED_EXP = '(Exp (Sub ?x (ReduceMax ?x $axes)))';

const SPECS: readonly RuleSpec[] = [
  {
    name: 'layer-normalisation',
    row: 'E21',
    precision: 'rounding',
    when: [
      reducesLastAxes('axes'),
      sameAxes('axes', 'others'),
      spansAxes('g', 'axes'),
      spansAxes('b', 'axes'),
      isPositiveScalar('e'),
    ],
    forms: NORMALISED.map((normalised) => [
      `(Add (Mul ${normalised} $g) $b)`,
      '(LayerNormalization{axis=axis,epsilon=epsilon} ?x $g $b)',
    ]),
    given: { axis: normalisedAxis('axes'), epsilon: scalarAttribute('e') },
  },
  {
    name: 'gelu',
    row: 'E20',
    precision: 'rounding',
    when: [opsetAtLeast(20)],
    forms: [GELU, GELU_PRODUCT].flatMap(halfOf).map((before) => [before, '(Gelu ?x)']),
  },
  {
    name: 'gelu-of-older-models',
    row: 'E20',
    precision: 'rounding',
    when: [opsetBelow(20)],
    forms: [GELU, GELU_PRODUCT]
      .flatMap(halfOf)
      .map((before) => [before, '(com.microsoft.Gelu ?x)']),
  },
  {
    name: 'gelu-by-tanh',
    row: 'E20',
    precision: 'rounding',
    when: [opsetAtLeast(20)],
    forms: TANH_GELU.flatMap(halfOf).map((before) => [before, '(Gelu{approximate=tanh} ?x)']),
    given: { tanh: textAttribute('tanh') },
  },
  {
    name: 'gelu-by-tanh-of-older-models',
    row: 'E20',
    precision: 'rounding',
    when: [opsetBelow(20)],
    forms: TANH_GELU.flatMap(halfOf).map((before) => [before, '(com.microsoft.FastGelu ?x)']),
  },
  {
    name: 'swish',
    row: 'E20',
    precision: 'rounding',
    when: [opsetBelow(24)],
    forms: [['(Mul ?x (Sigmoid ?x))', '(com.microsoft.QuickGelu{alpha=one} ?x)']],
    given: { one: () => ({ attribute: { kind: 'float', value: 1 } }) },
  },
  {
    name: 'hard-swish',
    row: 'E20',
    precision: 'rounding',
    when: [opsetAtLeast(14)],
    forms: [
      ['(Mul ?x (Div (Clip (Add ?x 3) 0 6) 6))', '(HardSwish ?x)'],
      ['(Div (Mul ?x (Clip (Add ?x 3) 0 6)) 6)', '(HardSwish ?x)'],
      ['(Mul (Mul ?x (Clip (Add ?x 3) 0 6)) 0.16666667)', '(HardSwish ?x)'],
    ],
  },
  {
    name: 'mish',
    row: 'E20',
    precision: 'rounding',
    when: [opsetAtLeast(18)],
    forms: [['(Mul ?x (Tanh (Softplus ?x)))', '(Mish ?x)']],
  },
  {
    name: 'tanh-of-sigmoid',
    row: 'E19',
    precision: 'rounding',
    forms: [['(Sub (Mul (Sigmoid (Mul ?x 2)) 2) 1)', '(Tanh ?x)']],
  },
  {
    name: 'softmax',
    row: 'E23',
    precision: 'rounding',
    when: [opsetAtLeast(13)],
    forms: [[`(Div ${SHIFTED_EXP} (ReduceSum ${SHIFTED_EXP} $axes))`, '(Softmax{axis=axis} ?x)']],
    given: { axis: onlyAxis('axes') },
  },
];

export const RECOGNISED = rules('identity', SPECS);
