import { describe, expect, it } from 'vitest';
import { FAMILY } from '../../../compiler/ops/resize.ts';
import type { InputSpec, OperatorCase } from './operatorCase.ts';
import { constant, entryNamed, flopsOf, inferText, mappingOf, runtime } from './operatorCase.ts';

const resize = entryNamed(FAMILY, 'Resize');

const scaled = (shape: string, scales: number[], attributes = {}): OperatorCase => ({
  inputs: [`float32 ${shape}`, '', constant(scales, 'float32')],
  attributes,
});
const sized = (shape: string, sizes: InputSpec, attributes = {}): OperatorCase => ({
  inputs: [`float32 ${shape}`, '', '', sizes],
  attributes,
});

describe('shapes', () => {
  it.each<[string, OperatorCase, string]>([
    ['scales up', scaled('1,1,2,2', [1, 1, 2, 3]), '1×1×4×6'],
    ['scales down, floor', scaled('1,1,2,4', [1, 1, 0.6, 0.6]), '1×1×1×2'],
    [
      'single precision',
      scaled('1,1,9,30', [1, 1, Math.fround(1 / 3), Math.fround(0.1)]),
      '1×1×3×3',
    ],
    ['symbolic, whole factor', scaled('n,8,h,w', [1, 1, 2, 2]), 'n×8×2·h×2·w'],
    [
      'symbolic, half',
      scaled('n,8,h,w', [1, 1, 0.5, 1.5]),
      'n×8×floordiv(h, 2)×floordiv(w, 2) + w',
    ],
    ['symbolic, no fraction', scaled('n,8,h,8', [1, 1, 1.2345678, 1]), 'n×8×size2×8'],
    ['scales of listed axes', scaled('1,1,2,2', [3, 2], { axes: [3, 2] }), '1×1×4×6'],
    ['sizes', sized('1,1,2,2', constant([1, 1, 7, 8])), '1×1×7×8'],
    ['symbolic sizes', sized('n,8,4,4', runtime('n,8,h,?')), 'n×8×h×size3'],
    [
      'not larger',
      sized('1,1,2,4', constant([1, 3]), { axes: [2, 3], keep_aspect_ratio_policy: 'not_larger' }),
      '1×1×1×2',
    ],
    [
      'not smaller',
      sized('1,1,2,2', constant([7, 8]), { axes: [2, 3], keep_aspect_ratio_policy: 'not_smaller' }),
      '1×1×8×8',
    ],
    ['unknown scales', { inputs: ['float32 1,1,2,2', '', 'float32 4'] }, 'size0×size1×size2×size3'],
    ['unknown input', { inputs: ['float32 ?', '', '', constant([1, 3, 7, 8])] }, '1×3×7×8'],
    [
      'crop and resize',
      {
        inputs: [
          'float32 1,1,8,8',
          constant([0, 0, 0.25, 0.5, 1, 1, 0.75, 1], 'float32'),
          constant([1, 1, 1, 1], 'float32'),
        ],
        attributes: { coordinate_transformation_mode: 'tf_crop_and_resize' },
      },
      '1×1×4×4',
    ],
    [
      'opset 10',
      { inputs: ['float32 1,1,2,2', constant([1, 1, 2, 2], 'float32')], opset: 10 },
      '1×1×4×4',
    ],
  ])('%s', (_, spec, shape) => {
    expect(inferText(resize, spec)).toEqual([`float32 ${shape}`]);
  });

  it('refuses scales of another rank', () => {
    expect(inferText(resize, scaled('1,1,2,2', [2, 2]))[0]).toMatch(/scales have 2/);
  });
});

describe('mapping', () => {
  const linear = { mode: 'linear' };
  it.each<[string, OperatorCase, string]>([
    ['nearest up', scaled('1,1,2,2', [1, 1, 2, 2]), 'one-to-many'],
    ['nearest down by a whole factor', scaled('1,1,6,6', [1, 1, 0.5, 1 / 3]), 'one-to-one'],
    ['nearest down by a fraction', scaled('1,1,6,6', [1, 1, 0.4, 0.5]), 'one-to-many'],
    ['nearest mixed', scaled('1,1,6,6', [1, 1, 2, 0.5]), 'one-to-many'],
    ['scale 1', scaled('1,1,6,6', [1, 1, 1, 1], linear), 'one-to-one'],
    ['linear', scaled('1,1,6,6', [1, 1, 2, 2], linear), 'many-to-many'],
    ['cubic', scaled('1,1,6,6', [1, 1, 2, 2], { mode: 'cubic' }), 'many-to-many'],
    ['antialias', scaled('1,1,6,6', [1, 1, 0.5, 0.5], { antialias: 1 }), 'many-to-many'],
    ['runtime scales, nearest', { inputs: ['float32 1,1,2,2', '', 'float32 4'] }, 'one-to-many'],
    ['symbolic sizes, twice', sized('n,8,h,w', runtime('n,8,h,w')), 'one-to-one'],
    [
      'runtime region',
      {
        inputs: ['float32 1,1,8,8', 'float32 8', constant([1, 1, 1, 1], 'float32')],
        attributes: { coordinate_transformation_mode: 'tf_crop_and_resize' },
      },
      'opaque',
    ],
  ])('%s', (_, spec, type) => {
    expect(mappingOf(resize, spec).node).toBe(type);
  });
});

it('counts taps: 2 per moved axis for linear, 4 for cubic', () => {
  expect(flopsOf(resize, scaled('1,1,2,2', [1, 1, 2, 2], { mode: 'linear' }))).toBe(String(16 * 8));
  expect(flopsOf(resize, scaled('1,1,2,2', [1, 1, 2, 2], { mode: 'cubic' }))).toBe(String(16 * 32));
  expect(flopsOf(resize, scaled('1,1,2,2', [1, 1, 2, 2]))).toBe('0');
});

it('Upsample takes scales as input 1 or as an attribute', () => {
  const upsample = entryNamed(FAMILY, 'Upsample');
  const input = { inputs: ['float32 1,1,2,2', constant([1, 1, 2, 3], 'float32')] };
  expect(inferText(upsample, input)).toEqual(['float32 1×1×4×6']);
  const attribute = { inputs: ['float32 1,1,2,2'], attributes: { scales: [1, 1, 2.5, 3.5] } };
  expect(inferText(upsample, attribute)).toEqual(['float32 1×1×5×7']);
});
