import { describe, expect, it } from 'vitest';
import { FAMILY } from '../../../compiler/ops/pooling.ts';
import type { OperatorCase } from './operatorCase.ts';
import { constant, entryNamed, flopsOf, inferText, mappingOf } from './operatorCase.ts';

const f = (shape: string): string => `float32 ${shape}`;
const average = entryNamed(FAMILY, 'AveragePool');
const max = entryNamed(FAMILY, 'MaxPool');

describe('windowed pools', () => {
  const pool = (shape: string, attributes: OperatorCase['attributes']): OperatorCase => ({
    inputs: [f(shape)],
    ...(attributes && { attributes }),
  });
  const cases: [string, OperatorCase, string][] = [
    ['stride 1 by default', pool('1,3,32,32', { kernel_shape: [2, 2] }), '1×3×31×31'],
    ['floor', pool('1,1,4,4', { kernel_shape: [3, 3], strides: [2, 2] }), '1×1×1×1'],
    ['ceil', pool('1,1,4,4', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }), '1×1×2×2'],
    [
      'ceil without a window that starts behind the input',
      pool('1,1,2,2', { kernel_shape: [1, 1], strides: [2, 2], ceil_mode: 1 }),
      '1×1×1×1',
    ],
    [
      'ceil, dilated in three axes',
      pool('1,1,32,32,32', {
        kernel_shape: [5, 5, 5],
        strides: [3, 3, 3],
        dilations: [2, 2, 2],
        ceil_mode: 1,
      }),
      '1×1×9×9×9',
    ],
    [
      'SAME_LOWER',
      pool('1,3,32,33', { kernel_shape: [2, 2], strides: [2, 2], auto_pad: 'SAME_LOWER' }),
      '1×3×16×17',
    ],
    [
      'symbolic height',
      pool('n,3,h,32', { kernel_shape: [2, 2], strides: [2, 2] }),
      // floor((h - 2) / 2) + 1
      'n×3×floordiv(h, 2)×16',
    ],
    ['unknown input', pool('?', { kernel_shape: [2, 2] }), 'size0×size1×size2×size3'],
  ];
  it.each(cases)('%s', (_, spec, shape) => {
    expect(inferText(average, spec)).toEqual([f(shape)]);
  });

  it('MaxPool gives values and indices', () => {
    const spec = pool('1,1,5,5', { kernel_shape: [5, 5], pads: [2, 2, 2, 2] });
    expect(inferText(max, spec)).toEqual([f('1×1×5×5'), 'int64 1×1×5×5']);
  });

  it('fails without a kernel', () => {
    expect(inferText(max, { inputs: [f('1,1,5,5')] })[0]).toMatch(/^! .*kernel_shape/);
  });

  it('is a copy with a window of one cell, else Many-to-Many', () => {
    expect(mappingOf(max, pool('1,1,5,5', { kernel_shape: [1, 1] })).node).toBe('one-to-one');
    const strided = pool('1,1,5,5', { kernel_shape: [1, 1], strides: [2, 2] });
    expect(mappingOf(max, strided).node).toBe('many-to-many');
  });

  it('counts one operation per cell of each window', () => {
    expect(flopsOf(max, pool('1,2,4,4', { kernel_shape: [2, 2], strides: [2, 2] }))).toBe('32');
  });
});

describe('global pools', () => {
  const entry = entryNamed(FAMILY, 'GlobalAveragePool');
  it('reduce the spatial axes to 1', () => {
    expect(inferText(entry, { inputs: [f('n,512,7,w')] })).toEqual([f('n×512×1×1')]);
    expect(mappingOf(entry, { inputs: [f('n,512,7,w')] }).node).toBe('many-to-many');
    expect(mappingOf(entry, { inputs: [f('n,512,1,1')] }).node).toBe('one-to-one');
    const lp = entryNamed(FAMILY, 'GlobalLpPool');
    expect(mappingOf(lp, { inputs: [f('n,512,1,1')] }).node).toBe('many-to-many');
    expect(flopsOf(entry, { inputs: [f('1,512,7,7')] })).toBe(String(512 * 49));
  });
});

describe('MaxUnpool and MaxRoiPool', () => {
  it('inverts the pool or takes the stated shape', () => {
    const entry = entryNamed(FAMILY, 'MaxUnpool');
    const attributes = { kernel_shape: [2, 2], strides: [2, 2] };
    const inputs = [f('1,1,2,2'), 'int64 1,1,2,2'];
    expect(inferText(entry, { inputs, attributes })).toEqual([f('1×1×4×4')]);
    const stated = [...inputs, constant([1, 1, 5, 5])];
    expect(inferText(entry, { inputs: stated, attributes })).toEqual([f('1×1×5×5')]);
    expect(mappingOf(entry, { inputs, attributes }).node).toBe('opaque');
  });

  it('pools regions', () => {
    const entry = entryNamed(FAMILY, 'MaxRoiPool');
    const spec = { inputs: [f('1,256,50,50'), f('r,5')], attributes: { pooled_shape: [7, 7] } };
    expect(inferText(entry, spec)).toEqual([f('r×256×7×7')]);
  });
});
