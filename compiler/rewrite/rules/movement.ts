/** Data movement that cancels, merges, or need not happen at all. No element is computed here. */
import { sameShape } from '../conditions.ts';
import {
  composedPermutation,
  concatenated,
  concatWithin,
  flattenedConcat,
  keepsEveryByte,
  isLosslessCast,
  mergedSlice,
  rejoined,
  sameQuantisation,
  sameScalarQuantisation,
  targetShape,
} from '../given/movement.ts';
import type { RuleSpec } from '../rule.ts';
import { rules } from '../rule.ts';

const VIEWS = 'Reshape|Flatten|Squeeze|Unsqueeze';
const BROADCASTING =
  'Add|Sub|Mul|Div|Pow|Max|Min|Equal|Greater|GreaterOrEqual|Less|LessOrEqual|And|Or|Xor';

const SPECS: readonly RuleSpec[] = [
  {
    name: 'nothing-moved',
    row: 'M1',
    precision: 'exact',
    dtypes: 'any',
    when: [keepsEveryByte('f')],
    forms: [
      [`(${VIEWS}|Expand|Tile|Transpose|Slice|Pad|Identity:f ?x ...?rest)`, '?x'],
      ['(Concat:f ?x)', '?x'],
    ],
  },
  {
    name: 'views-of-views',
    row: 'M1',
    precision: 'exact',
    dtypes: 'any',
    forms: [[`(${VIEWS}:f (${VIEWS}:g ?x ...?inner) ...?outer)`, '(Reshape ?x !shape)']],
    given: { shape: targetShape('f') },
  },
  {
    name: 'view-taken-back',
    row: 'M1',
    precision: 'exact',
    dtypes: 'any',
    forms: [[`(${VIEWS}:f (${VIEWS}:g ?x ...?inner) ...?outer)`, '?x']],
  },
  {
    name: 'composed-permutations',
    row: 'M2',
    precision: 'exact',
    dtypes: 'any',
    forms: [['(Transpose:t (Transpose:u ?x))', '(Transpose{perm=perm} ?x)']],
    given: { perm: composedPermutation('t', 'u') },
  },
  {
    name: 'permutations-around-pointwise',
    row: 'M4',
    precision: 'exact',
    dtypes: 'any',
    forms: [['(Transpose:t (~pointwise:f (Transpose:u ?x)))', '(Transpose{perm=perm} (~f ?x))']],
    given: { perm: composedPermutation('t', 'u') },
  },
  {
    name: 'views-around-pointwise',
    row: 'M4',
    precision: 'exact',
    dtypes: 'any',
    forms: [
      [`(${VIEWS}:f (~pointwise:p (${VIEWS}:g ?x ...?inner)) ...?outer)`, '(~p ?x)'],
      [
        `(${VIEWS}:f (~pointwise:p (${VIEWS}:g ?x ...?inner)) ...?outer)`,
        '(Reshape (~p ?x) !shape)',
      ],
    ],
    given: { shape: targetShape('f') },
  },
  {
    name: 'permutations-of-both-operands',
    row: 'M4',
    precision: 'exact',
    dtypes: 'any',
    when: [sameShape('a', 'b')],
    forms: [[`(${BROADCASTING}:f (Transpose:t ?a) (=t ?b))`, '(=t (=f ?a ?b))']],
  },
  {
    name: 'movement-after-reduced-work',
    row: 'M4',
    precision: 'exact',
    dtypes: 'any',
    forms: [
      [
        '(Slice:m (Relu|Sigmoid|Tanh|Exp|Neg|Abs|Sqrt|Erf|Floor|Ceil:f ?x) ...?rest)',
        '(=f (=m ?x ...?rest))',
      ],
      [
        '(Gather:m (Relu|Sigmoid|Tanh|Exp|Neg|Abs|Sqrt|Erf|Floor|Ceil:f ?x) ?places)',
        '(=f (=m ?x ?places))',
      ],
      [
        '(Relu|Sigmoid|Tanh|Exp|Neg|Abs|Sqrt|Erf|Floor|Ceil:f (Expand:m ?x ?shape))',
        '(=m (=f ?x) ?shape)',
      ],
      [
        '(Relu|Sigmoid|Tanh|Exp|Neg|Abs|Sqrt|Erf|Floor|Ceil:f (Tile:m ?x ?counts))',
        '(=m (=f ?x) ?counts)',
      ],
    ],
  },
  {
    name: 'slice-of-slice',
    row: 'M3',
    precision: 'exact',
    dtypes: 'any',
    forms: [['(Slice:t (Slice:s ?x ...$inner) ...$outer)', '(Slice ?x !starts !ends !axes)']],
    given: {
      starts: mergedSlice('t', 's', 'starts'),
      ends: mergedSlice('t', 's', 'ends'),
      axes: mergedSlice('t', 's', 'axes'),
    },
  },
  {
    name: 'concat-of-concat',
    row: 'M3',
    precision: 'exact',
    dtypes: 'any',
    forms: [['(Concat:c ...?parts)', '(=c !all)']],
    given: { all: flattenedConcat('c') },
  },
  {
    name: 'split-joined-again',
    row: 'M3',
    precision: 'exact',
    dtypes: 'any',
    forms: [['(Concat:c ...?parts)', '!whole']],
    given: { whole: rejoined('c') },
  },
  {
    name: 'slice-of-concat',
    row: 'M3',
    precision: 'exact',
    dtypes: 'any',
    forms: [
      ['(Slice:s (Concat:c ...?parts) ...$rest)', '!part'],
      ['(Slice:s (Concat:c ...?parts) ...$rest)', '(Slice !owner !starts !ends !axes)'],
    ],
    given: {
      part: concatenated('s', 'c'),
      owner: concatWithin('s', 'c', 'owner'),
      starts: concatWithin('s', 'c', 'starts'),
      ends: concatWithin('s', 'c', 'ends'),
      axes: concatWithin('s', 'c', 'axes'),
    },
  },
  {
    name: 'cast-of-cast',
    row: 'M5',
    precision: 'exact',
    dtypes: 'any',
    when: [isLosslessCast('x', 'i')],
    forms: [
      ['(Cast:o (Cast:i ?x))', '?x'],
      ['(Cast:o (Cast:i ?x))', '(=o ?x)'],
    ],
  },
  {
    name: 'cast-to-same-type',
    row: 'M5',
    precision: 'exact',
    dtypes: 'any',
    forms: [['(Cast ?x)', '?x']],
  },
  {
    name: 'move-the-narrower-type',
    row: 'M7',
    precision: 'exact',
    dtypes: 'any',
    forms: [
      [
        '(Transpose|Tile|Expand|Slice|Gather|DepthToSpace|SpaceToDepth:m (Cast:c ?x) ...?rest)',
        '(=c (=m ?x ...?rest))',
      ],
      [
        '(Cast:c (Transpose|Tile|Expand|DepthToSpace|SpaceToDepth:m ?x ...?rest))',
        '(=m (=c ?x) ...?rest)',
      ],
      [`(${VIEWS}:m (Cast:c ?x) ...?rest)`, '(=c (=m ?x ...?rest))'],
      [`(Cast:c (${VIEWS}:m ?x ...?rest))`, '(=m (=c ?x) ...?rest)'],
    ],
  },
  {
    name: 'expanded-by-its-reader',
    row: 'M8',
    precision: 'exact',
    dtypes: 'any',
    forms: [
      [`(${BROADCASTING}:f (Expand ?x ?shape) ?y)`, '(=f ?x ?y)'],
      [`(${BROADCASTING}:f ?y (Expand ?x ?shape))`, '(=f ?y ?x)'],
      ['(Where (Expand ?k ?shape) ?x ?y)', '(Where ?k ?x ?y)'],
      ['(Where ?k (Expand ?x ?shape) ?y)', '(Where ?k ?x ?y)'],
      ['(Where ?k ?x (Expand ?y ?shape))', '(Where ?k ?x ?y)'],
    ],
  },
  {
    name: 'quantised-again',
    row: 'M10',
    precision: 'exact',
    dtypes: 'any',
    when: [sameQuantisation('q', 'd')],
    forms: [['(QuantizeLinear:q (DequantizeLinear:d ?x $s $z~) $s $z~)', '?x']],
  },
  {
    name: 'movement-of-integers',
    row: 'M10',
    precision: 'exact',
    dtypes: 'any',
    when: [sameScalarQuantisation('d')],
    forms: [
      [
        `(${VIEWS}|Transpose|Slice|Gather:m (DequantizeLinear:d ?x $s $z~) ...?rest)`,
        '(=d (=m ?x ...?rest) $s $z)',
      ],
      ['(MaxPool:m (DequantizeLinear:d ?x $s $z~))', '(=d (=m ?x) $s $z)'],
    ],
  },
];

export const MOVEMENT = rules('movement', SPECS);
