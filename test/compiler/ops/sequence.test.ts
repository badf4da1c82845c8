import { describe, expect, it } from 'vitest';
import { FAMILY } from '../../../compiler/ops/sequence.ts';
import type { OperatorCase } from './operatorCase.ts';
import { constant, context, entryNamed, inferText, mappingOf } from './operatorCase.ts';

const f = (shape: string): string => `float32 ${shape}`;
const cases: [string, string, OperatorCase, string][] = [
  ['SequenceEmpty', 'its dtype', { inputs: [], attributes: { dtype: 7 } }, 'seq(int64 ?)'],
  ['SequenceConstruct', 'equal shapes', { inputs: [f('2,n'), f('2,n')] }, `seq(${f('2×n')})`],
  [
    'SequenceConstruct',
    'sizes differ',
    { inputs: [f('2,3'), f('2,5')] },
    `seq(${f('2×each1<=5')})`,
  ],
  ['SequenceAt', 'fixed element', { inputs: [`seq(${f('2,3')})`, 'int64 scalar'] }, f('2×3')],
  [
    'SequenceAt',
    'sizes of its own',
    { inputs: [`seq(${f('2,n')})`, 'int64 scalar'] },
    f('2×element1'),
  ],
  ['SequenceInsert', 'same shape', { inputs: ['seq(int64 3)', 'int64 3'] }, 'seq(int64 3)'],
  ['SequenceErase', 'unchanged', { inputs: [`seq(${f('2,n')})`] }, `seq(${f('2×n')})`],
  ['SequenceLength', 'a number', { inputs: [`seq(${f('2,n')})`] }, 'int64 scalar'],
  [
    'SplitToSequence',
    'single slices',
    { inputs: [f('3,6')], attributes: { axis: 1 } },
    `seq(${f('3×1')})`,
  ],
  [
    'SplitToSequence',
    'axis dropped',
    { inputs: [f('3,6')], attributes: { axis: 1, keepdims: 0 } },
    `seq(${f('3')})`,
  ],
  ['SplitToSequence', 'even chunks', { inputs: [f('6,2'), constant(3)] }, `seq(${f('3×2')})`],
  ['SplitToSequence', 'a rest', { inputs: [f('7,2'), constant(3)] }, `seq(${f('chunk<=7×2')})`],
  ['SplitToSequence', 'equal list', { inputs: [f('4,2'), constant([2, 2])] }, `seq(${f('2×2')})`],
  [
    'SplitToSequence',
    'unequal list',
    { inputs: [f('4,2'), constant([1, 3])] },
    `seq(${f('chunk<=4×2')})`,
  ],
  [
    'ConcatFromSequence',
    'joined',
    { inputs: [`seq(${f('2,5')})`], attributes: { axis: 0 } },
    f('joined×5'),
  ],
  [
    'ConcatFromSequence',
    'stacked',
    { inputs: [`seq(${f('2,5')})`], attributes: { axis: -1, new_axis: 1 } },
    f('2×5×joined'),
  ],
  ['Optional', 'of its input', { inputs: [f('4')] }, `opt(${f('4')})`],
  ['OptionalGetElement', 'of an optional', { inputs: [`opt(${f('4')})`] }, f('4')],
  ['OptionalGetElement', 'of a plain value', { inputs: [`seq(${f('4')})`] }, `seq(${f('4')})`],
  ['OptionalHasElement', 'a flag', { inputs: [] }, 'bool scalar'],
];

describe('sequences and optionals', () => {
  it.each(cases)('%s: %s', (name, _, spec, result) => {
    const entry = entryNamed(FAMILY, name);
    expect(inferText(entry, spec)).toEqual([result]);
    expect(mappingOf(entry, spec).node).toBe('opaque');
  });
});

it('OptionalHasElement is known unless an optional is passed', () => {
  const entry = entryNamed(FAMILY, 'OptionalHasElement');
  const value = (inputs: readonly string[]): readonly unknown[] | undefined =>
    entry.evaluate?.(context(entry, { inputs }, []))?.[0]?.data;
  expect(value([])).toEqual([0]);
  expect(value([''])).toEqual([0]);
  expect(value([f('4')])).toEqual([1]);
  expect(value([`opt(${f('4')})`])).toBeUndefined();
});
