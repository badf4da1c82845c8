import { expect, it } from 'vitest';
import { FAMILY as ML } from '../../../compiler/ops/machineLearning.ts';
import { FAMILY as RARE } from '../../../compiler/ops/microsoftRare.ts';
import { FAMILY as TRAINING } from '../../../compiler/ops/training.ts';
import type { OperatorCase } from './operatorCase.ts';
import { entryNamed, inferText, mappingOf } from './operatorCase.ts';

const f = (shape: string): string => `float32 ${shape}`;
const labels = { kind: 'strings', value: ['cat', 'dog', 'fox'] } as const;

const rows: (readonly [string, OperatorCase, readonly string[]])[] = [
  [
    'Adagrad',
    { inputs: [f('scalar'), 'int64 scalar', f('2'), f('3'), f('2'), f('3'), f('2'), f('3')] },
    [f('2'), f('3'), f('2'), f('3')],
  ],
  [
    'Adam',
    { inputs: [f('scalar'), 'int64 scalar', f('2'), f('2'), f('2'), f('2')] },
    [f('2'), f('2'), f('2')],
  ],
  ['LabelEncoder', { inputs: ['string 5'], attributes: { values_int64s: [1, 2] } }, ['int64 5']],
  ['LabelEncoder', { inputs: ['int64 5'], attributes: { values_floats: [0.5] } }, [f('5')]],
  [
    'LinearClassifier',
    { inputs: [f('n,4')], attributes: { classlabels_strings: labels } },
    ['string n', f('n×3')],
  ],
  [
    'TreeEnsembleClassifier',
    { inputs: [f('n,4')], attributes: { classlabels_int64s: [0, 1] } },
    ['int64 n', f('n×2')],
  ],
  ['TreeEnsembleRegressor', { inputs: ['float64 n,4'], attributes: { n_targets: 2 } }, [f('n×2')]],
  ['TreeEnsemble', { inputs: ['float64 n,4'] }, ['float64 n×1']],
  [
    'OneHotEncoder',
    { inputs: ['int64 n,2'], attributes: { cats_int64s: [0, 1, 5] } },
    [f('n×2×3')],
  ],
  ['ArrayFeatureExtractor', { inputs: [f('n,9'), 'int64 4'] }, [f('n×4')]],
  [
    'FeatureVectorizer',
    { inputs: [f('n,2'), f('n,3')], attributes: { inputdimensions: [2, 3] } },
    [f('n×5')],
  ],
  ['Normalizer', { inputs: ['int64 n,4'] }, [f('n×4')]],
  [
    'ZipMap',
    { inputs: [f('n,3')], attributes: { classlabels_strings: labels } },
    ['seq(map(string, float32))'],
  ],
  ['RestorePadding', { inputs: [f('t,64'), 'int32 b,s'] }, [f('b×s×64')]],
  [
    'RemovePadding',
    { inputs: [f('b,s,64'), 'int32 b'] },
    [f('tokens×64'), 'int32 b×s', 'int32 b + 1', 'int32 1'],
  ],
  ['TorchEmbedding', { inputs: [f('100,8'), 'int64 b,s'] }, [f('b×s×8')]],
  ['UnfoldTensor', { inputs: [f('b,16')], attributes: { dim: 1, size: 4, step: 2 } }, [f('b×7×4')]],
  [
    'MaxpoolWithMask',
    { inputs: [f('1,3,8,8'), 'int32 1,3,8,8'], attributes: { kernel_shape: [2, 2] } },
    [f('1×3×7×7')],
  ],
  ['MurmurHash3', { inputs: ['int32 n'] }, ['uint32 n']],
  [
    'GemmaRotaryEmbedding',
    { inputs: [f('b,s,8'), f('b,4,s,8'), f('b,4,s,8'), f('b,2,s,8'), f('b,2,s,8')] },
    [f('b×4×s×8'), f('b×2×s×8')],
  ],
];

it.each(rows)('%s %j', (name, spec, result) => {
  const entry = entryNamed([...ML, ...RARE, ...TRAINING], name);
  expect(inferText(entry, spec)).toEqual(result);
});

it('everything on the host is opaque', () => {
  for (const entry of [...ML, ...TRAINING]) {
    expect(
      mappingOf(entry, { inputs: Array.from({ length: entry.inputs[0] }, () => f('2')) }).node,
    ).toBe('opaque');
  }
});

it('refuses an optimiser step whose inputs do not divide', () => {
  const spec = { inputs: [f('scalar'), 'int64 scalar', f('2'), f('2')] };
  expect(inferText(entryNamed(TRAINING, 'Adam'), spec)[0]).toMatch(/do not divide/);
});
