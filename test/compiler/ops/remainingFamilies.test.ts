import { expect, it } from 'vitest';
import { FAMILY as LOSSES } from '../../../compiler/ops/losses.ts';
import { FAMILY as RANDOM } from '../../../compiler/ops/random.ts';
import { FAMILY as SIGNAL } from '../../../compiler/ops/signal.ts';
import { FAMILY as STRINGS } from '../../../compiler/ops/strings.ts';
import { FAMILY as VISION } from '../../../compiler/ops/vision.ts';
import { FAMILY as ATTENTION } from '../../../compiler/ops/attention.ts';
import type { OperatorCase } from './operatorCase.ts';
import { constant, entryNamed, inferText, mappingOf } from './operatorCase.ts';

const f = (shape: string): string => `float32 ${shape}`;
const ALL = [...VISION, ...SIGNAL, ...STRINGS, ...RANDOM, ...LOSSES, ...ATTENTION];

type Row = readonly [name: string, spec: OperatorCase, result: readonly string[], type: string];

const rows: Row[] = [
  ['GridSample', { inputs: [f('n,3,8,8'), f('n,5,6,2')] }, [f('n×3×5×6')], 'many-to-many'],
  [
    'GridSample',
    { inputs: [f('n,3,8,8'), f('n,5,6,2')], attributes: { mode: 'nearest' } },
    [f('n×3×5×6')],
    'one-to-many',
  ],
  ['AffineGrid', { inputs: [f('2,2,3'), constant([2, 3, 5, 6])] }, [f('2×5×6×2')], 'many-to-many'],
  [
    'AffineGrid',
    { inputs: [f('2,3,4'), constant([2, 3, 4, 5, 6])] },
    [f('2×4×5×6×3')],
    'many-to-many',
  ],
  ['AffineGrid', { inputs: [f('2,2,3'), 'int64 4'] }, [f('2×size0×size1×2')], 'many-to-many'],
  [
    'RoiAlign',
    {
      inputs: [f('1,256,50,50'), f('r,4'), 'int64 r'],
      attributes: { output_height: 7, output_width: 7 },
    },
    [f('r×256×7×7')],
    'opaque',
  ],
  [
    'NonMaxSuppression',
    { inputs: [f('1,100,4'), f('1,80,100'), constant([10])] },
    ['int64 selected<=800×3'],
    'opaque',
  ],
  [
    'NonMaxSuppression',
    { inputs: [f('1,n,4'), f('1,80,n')] },
    ['int64 selected<=80·n×3'],
    'opaque',
  ],
  ['ImageDecoder', { inputs: ['uint8 n'] }, ['uint8 height×width×3'], 'opaque'],
  ['DFT', { inputs: [f('1,10,20,1'), '', constant(1)] }, [f('1×10×20×2')], 'opaque'],
  [
    'DFT',
    { inputs: [f('1,10,20,1'), '', constant(-2)], attributes: { onesided: 1 } },
    [f('1×10×11×2')],
    'opaque',
  ],
  ['DFT', { inputs: [f('1,10,20,1')], opset: 17 }, [f('1×10×20×2')], 'opaque'],
  ['DFT', { inputs: [f('1,10,20,1'), '', 'int64 scalar'] }, [f('size0×size1×size2×2')], 'opaque'],
  [
    'STFT',
    { inputs: [f('b,128,1'), constant(8), f('16!')] },
    // (128 - 16) / 8 + 1 frames of 16 / 2 + 1 bins
    [f('b×15×9×2')],
    'opaque',
  ],
  [
    'MelWeightMatrix',
    { inputs: [constant(8), constant(16), constant(8192), f('scalar!'), f('scalar!')] },
    [f('9×8')],
    'one-to-many',
  ],
  ['StringNormalizer', { inputs: ['string 4'] }, ['string 4'], 'opaque'],
  [
    'StringNormalizer',
    { inputs: ['string 4'], attributes: { stopwords: { kind: 'strings', value: ['monday'] } } },
    ['string words<=4'],
    'opaque',
  ],
  ['StringConcat', { inputs: ['string 3', 'string 1'] }, ['string 3'], 'opaque'],
  ['StringSplit', { inputs: ['string n'] }, ['string n×parts', 'int64 n'], 'opaque'],
  ['RegexFullMatch', { inputs: ['string n'] }, ['bool n'], 'opaque'],
  [
    'TfIdfVectorizer',
    { inputs: ['int32 b,12'], attributes: { ngram_indexes: [0, 2, 6, 1] } },
    [f('b×7')],
    'opaque',
  ],
  [
    'RandomNormal',
    { inputs: [], attributes: { shape: [2, 3], dtype: 11 } },
    ['float64 2×3'],
    'opaque',
  ],
  ['RandomUniformLike', { inputs: ['float16 2,n'] }, ['float16 2×n'], 'opaque'],
  ['Bernoulli', { inputs: [f('10')], attributes: { dtype: 11 } }, ['float64 10'], 'opaque'],
  ['Multinomial', { inputs: [f('b,10')], attributes: { sample_size: 4 } }, ['int32 b×4'], 'opaque'],
  [
    'NegativeLogLikelihoodLoss',
    { inputs: [f('3,5,6'), 'int64 3,6'], attributes: { reduction: 'none' } },
    [f('3×6')],
    'one-to-many',
  ],
  [
    'NegativeLogLikelihoodLoss',
    { inputs: [f('3,5,6'), 'int64 3,6'] },
    [f('scalar')],
    'many-to-many',
  ],
  [
    'SoftmaxCrossEntropyLoss',
    { inputs: [f('n,5'), 'int64 n'] },
    [f('scalar'), f('n×5')],
    'many-to-many',
  ],
  [
    'Attention',
    {
      inputs: [f('2,4,24'), f('2,6,24'), f('2,6,30'), '', f('2,3,12,8'), f('2,3,12,10')],
      attributes: { q_num_heads: 3, kv_num_heads: 3 },
    },
    [f('2×4×30'), f('2×3×18×8'), f('2×3×18×10'), f('2×3×4×18')],
    'opaque',
  ],
  [
    'Attention',
    { inputs: [f('b,9,s,8'), f('b,3,t,8'), f('b,3,t,10')] },
    [f('b×9×s×10'), f('b×3×t×8'), f('b×3×t×10'), f('b×9×s×t')],
    'opaque',
  ],
  ['RotaryEmbedding', { inputs: [f('b,4,s,8'), f('s,4!'), f('s,4!')] }, [f('b×4×s×8')], 'shuffle'],
  [
    'LinearAttention',
    {
      inputs: [f('2,4,64'), f('2,4,32'), f('2,4,32')],
      attributes: { q_num_heads: 8, kv_num_heads: 4 },
    },
    [f('2×4×64'), f('2×4×8×8')],
    'opaque',
  ],
  [
    'FlexAttention',
    { inputs: [f('2,8,4,16'), f('2,2,6,16'), f('2,2,6,12')] },
    [f('2×8×4×12')],
    'opaque',
  ],
];

it.each(rows)('%s %j', (name, spec, result, type) => {
  const entry = entryNamed(ALL, name);
  expect(inferText(entry, spec)).toEqual(result);
  expect(mappingOf(entry, spec).node).toBe(type);
});

it.each([
  ['GridSample', { inputs: [f('n,3,8,8'), f('n,5,2')] }, /rank 4 .* 3/],
  ['RoiAlign', { inputs: [f('256,50,50'), f('r,4'), 'int64 r'] }, /rank 3/],
  ['AffineGrid', { inputs: [f('2,2,3'), constant([2, 3, 4])] }, /3 entries/],
  ['RandomNormal', { inputs: [] }, /shape is missing/],
  ['DFT', { inputs: [f('1,10,1'), '', constant(7)] }, /axis 7/],
])('%s refuses a contradiction', (name, spec, message) => {
  expect(inferText(entryNamed(ALL, name), spec)[0]).toMatch(message);
});
