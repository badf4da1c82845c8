/** Linear algebra of convolutions: normalisation, scales and shifts go into weights that are constant. */
import { attributeIs, sameShape } from '../conditions.ts';
import {
  biasShape,
  channelCount,
  perChannel,
  pointwise,
  scalesWeights,
  tapAxes,
  unpadded,
  weightShape,
} from '../given/channels.ts';
import { mergedPads, paddingFolds } from '../given/pads.ts';
import { batchEpsilon } from '../given/normalisation.ts';
import { biasBesideKernel, channelsLast, channelsSecond, pixelMatrix } from '../given/kernels.ts';
import type { RuleSpec } from '../rule.ts';
import { rules } from '../rule.ts';

/** γ / √(variance + ε) of a BatchNormalization with parameters g, t, m, v. */
const SCALE = '(Div $g (Sqrt (Add $v !epsilon)))';
const SHIFT = `(Sub $t (Mul $m ${SCALE}))`;
const IS_INFERENCE = attributeIs('n', 'training_mode', 0, 0);
const CONVOLUTIONS = 'Conv|ConvTranspose';

/** A scale or shift s of any broadcast shape, as one number per output channel. */
const PER_BIAS = '(Expand (Reshape $s !vector) !bias)';

/** Weights u after those of a product per pixel w, as the weights of one convolution. */
const COMBINED = '(Transpose{perm=back} (MatMul (Transpose{perm=last} $u) (Reshape $w !matrix)))';
const COMBINED_BIAS = '(ReduceSum{keepdims=0} (Mul $u (Reshape $b !shape)) !taps)';

const SPECS: readonly RuleSpec[] = [
  {
    name: 'normalised-convolution',
    row: 'N1',
    precision: 'rounding',
    when: [IS_INFERENCE, channelCount('g', 'c', 'outputs'), scalesWeights('c', 'outputs')],
    forms: [
      [
        `(BatchNormalization:n (${CONVOLUTIONS}:c ?x $w $b) $g $t $m $v)`,
        `(=c ?x (Mul $w (Reshape ${SCALE} !shape)) (Add (Mul (Sub $b $m) ${SCALE}) $t))`,
      ],
      [
        `(BatchNormalization:n (${CONVOLUTIONS}:c ?x $w) $g $t $m $v)`,
        `(=c ?x (Mul $w (Reshape ${SCALE} !shape)) ${SHIFT})`,
      ],
    ],
    given: { epsilon: batchEpsilon('n'), shape: weightShape('c', 'outputs', 'g') },
  },
  {
    name: 'scaled-convolution',
    row: 'N2',
    precision: 'rounding',
    when: [perChannel('s', 'c', 'outputs'), scalesWeights('c', 'outputs')],
    forms: [
      [
        `(Mul (${CONVOLUTIONS}:c ?x $w $b) $s)`,
        `(=c ?x (Mul $w (Reshape $s !shape)) (Mul $b (Reshape $s !vector)))`,
      ],
      [`(Mul (${CONVOLUTIONS}:c ?x $w) $s)`, '(=c ?x (Mul $w (Reshape $s !shape)))'],
      [
        `(Div (${CONVOLUTIONS}:c ?x $w $b) $s)`,
        `(=c ?x (Div $w (Reshape $s !shape)) (Div $b (Reshape $s !vector)))`,
      ],
      [`(Div (${CONVOLUTIONS}:c ?x $w) $s)`, '(=c ?x (Div $w (Reshape $s !shape)))'],
    ],
    given: { shape: weightShape('c', 'outputs', 's'), vector: () => FLAT },
  },
  {
    name: 'shifted-convolution',
    row: 'N2',
    precision: 'rounding',
    when: [perChannel('s', 'c', 'outputs')],
    forms: [
      [`(Add (${CONVOLUTIONS}:c ?x $w $b) $s)`, `(=c ?x $w (Add $b ${PER_BIAS}))`],
      [`(Add (${CONVOLUTIONS}:c ?x $w) $s)`, `(=c ?x $w ${PER_BIAS})`],
      [`(Sub (${CONVOLUTIONS}:c ?x $w $b) $s)`, `(=c ?x $w (Sub $b ${PER_BIAS}))`],
      [`(Sub (${CONVOLUTIONS}:c ?x $w) $s)`, `(=c ?x $w (Neg ${PER_BIAS}))`],
    ],
    given: { vector: () => FLAT, bias: biasShape('c') },
  },
  {
    name: 'convolution-of-scaled',
    row: 'N3',
    precision: 'rounding',
    when: [perChannel('s', 'c', 'inputs'), scalesWeights('c', 'inputs')],
    forms: [
      [`(${CONVOLUTIONS}:c (Mul ?x $s) $w $b~)`, '(=c ?x (Mul $w (Reshape $s !shape)) $b)'],
      [`(${CONVOLUTIONS}:c (Div ?x $s) $w $b~)`, '(=c ?x (Div $w (Reshape $s !shape)) $b)'],
    ],
    given: { shape: weightShape('c', 'inputs', 's') },
  },
  {
    // A padded border holds zeros, not shifts.
    name: 'convolution-of-shifted',
    row: 'N3',
    precision: 'rounding',
    when: [unpadded('c'), perChannel('s', 'c', 'inputs'), scalesWeights('c', 'inputs')],
    forms: [
      ['(Conv:c (Add ?x $s) $w $b)', `(=c ?x $w (Add $b ${taps('(Reshape $s !shape)')}))`],
      ['(Conv:c (Add ?x $s) $w)', `(=c ?x $w ${taps('(Reshape $s !shape)')})`],
      ['(Conv:c (Sub ?x $s) $w $b)', `(=c ?x $w (Sub $b ${taps('(Reshape $s !shape)')}))`],
      ['(Conv:c (Sub ?x $s) $w)', `(=c ?x $w (Neg ${taps('(Reshape $s !shape)')}))`],
    ],
    given: { shape: weightShape('c', 'inputs', 's'), taps: tapAxes('c') },
  },
  {
    name: 'convolution-of-normalised',
    row: 'N3',
    precision: 'rounding',
    when: [
      IS_INFERENCE,
      unpadded('c'),
      channelCount('g', 'c', 'inputs'),
      scalesWeights('c', 'inputs'),
    ],
    forms: [
      [
        '(Conv:c (BatchNormalization:n ?x $g $t $m $v) $w $b)',
        `(=c ?x (Mul $w (Reshape ${SCALE} !shape)) (Add $b ${taps(`(Reshape ${SHIFT} !shape)`)}))`,
      ],
      [
        '(Conv:c (BatchNormalization:n ?x $g $t $m $v) $w)',
        `(=c ?x (Mul $w (Reshape ${SCALE} !shape)) ${taps(`(Reshape ${SHIFT} !shape)`)})`,
      ],
    ],
    given: {
      epsilon: batchEpsilon('n'),
      shape: weightShape('c', 'inputs', 'g'),
      taps: tapAxes('c'),
    },
  },
  {
    name: 'sum-of-convolutions',
    row: 'N5',
    precision: 'rounding',
    when: [sameShape('w', 'u')],
    forms: [
      ['(Add (Conv:c ?x $w) (=c ?x $u))', '(=c ?x (Add $w $u))'],
      ['(Add (Conv:c ?x $w $b) (=c ?x $u $d))', '(=c ?x (Add $w $u) (Add $b $d))'],
      ['(Add (Conv:c ?x $w $b) (=c ?x $u))', '(=c ?x (Add $w $u) $b)'],
      ['(Sub (Conv:c ?x $w) (=c ?x $u))', '(=c ?x (Sub $w $u))'],
      ['(Sub (Conv:c ?x $w $b) (=c ?x $u $d))', '(=c ?x (Sub $w $u) (Sub $b $d))'],
    ],
  },
  {
    name: 'convolution-of-two-inputs',
    row: 'N6',
    precision: 'rounding',
    when: [attributeIs('c', 'group', 1, 1)],
    forms: [
      ['(Add (Conv:c ?x $w) (=c ?y $u))', '(=c (Concat{axis=1} ?x ?y) (Concat{axis=1} $w $u))'],
      [
        '(Add (Conv:c ?x $w $b) (=c ?y $u $d))',
        '(=c (Concat{axis=1} ?x ?y) (Concat{axis=1} $w $u) (Add $b $d))',
      ],
    ],
  },
  {
    name: 'convolution-of-convolution',
    row: 'N7',
    precision: 'rounding',
    when: [pointwise('c'), unpadded('d'), attributeIs('d', 'group', 1, 1)],
    forms: [
      ['(Conv:d (Conv:c ?x $w) $u $e~)', `(=d ?x ${COMBINED} $e)`],
      ['(Conv:d (Conv:c ?x $w $b) $u)', `(=d ?x ${COMBINED} ${COMBINED_BIAS})`],
      ['(Conv:d (Conv:c ?x $w $b) $u $e)', `(=d ?x ${COMBINED} (Add $e ${COMBINED_BIAS}))`],
    ],
    given: {
      last: channelsLast('u'),
      back: channelsSecond('u'),
      matrix: pixelMatrix('w'),
      shape: biasBesideKernel('u'),
      taps: tapAxes('d', 'u'),
    },
  },
  {
    name: 'padded-window',
    row: 'N8',
    precision: 'exact',
    when: [paddingFolds('p', 'c')],
    forms: [
      ['(Conv:c (Pad:p ?x ...$p) $w $b~)', '(=c{pads=pads} ?x $w $b)'],
      ['(AveragePool|MaxPool:c (Pad:p ?x ...$p))', '(=c{pads=pads} ?x)'],
    ],
    given: { pads: mergedPads('p', 'c') },
  },
  {
    name: 'pool-before-pixel-product',
    row: 'N9',
    precision: 'rounding',
    when: [pointwise('c')],
    forms: [['(GlobalAveragePool:p (Conv:c ?x $w $b~))', '(=c (=p ?x) $w $b)']],
  },
  {
    name: 'average-before-pixel-product',
    row: 'N9',
    precision: 'rounding',
    when: [pointwise('c'), unpadded('p'), attributeIs('p', 'ceil_mode', 0, 0)],
    forms: [['(AveragePool:p (Conv:c ?x $w $b~))', '(=c (=p ?x) $w $b)']],
  },
];

/** What a shift of the inputs comes to, per output channel. */
function taps(shift: string): string {
  return `(ReduceSum{keepdims=0} (Mul $w ${shift}) !taps)`;
}

const FLAT = { dtype: 'int64', dims: [1], data: [-1] } as const;

export const CONVOLUTION = rules('linear', SPECS);
