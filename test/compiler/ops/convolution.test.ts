import { describe, expect, it } from 'vitest';
import { FAMILY } from '../../../compiler/ops/convolution.ts';
import type { OperatorCase } from './operatorCase.ts';
import { constant, entryNamed, flopsOf, inferText, mappingOf } from './operatorCase.ts';

const conv = entryNamed(FAMILY, 'Conv');
const transposed = entryNamed(FAMILY, 'ConvTranspose');

const f = (shape: string): string => `float32 ${shape}`;

describe('Conv', () => {
  const cases: [string, OperatorCase, string][] = [
    ['no padding', { inputs: [f('1,3,224,224'), f('64,3,7,7!')] }, '1×64×218×218'],
    [
      'stride 2, pads 3',
      {
        inputs: [f('1,3,224,224'), f('64,3,7,7!')],
        attributes: { strides: [2, 2], pads: [3, 3, 3, 3] },
      },
      '1×64×112×112',
    ],
    [
      'dilated, uneven pads',
      {
        inputs: [f('2,8,20,31'), f('4,8,3,5!')],
        attributes: { dilations: [2, 3], pads: [1, 0, 2, 4] },
      },
      // (20+3-5)+1, (31+4-13)+1
      '2×4×19×23',
    ],
    [
      'SAME_UPPER rounds up',
      {
        inputs: [f('1,4,7,8'), f('4,4,3,3!')],
        attributes: { auto_pad: 'SAME_UPPER', strides: [2, 2] },
      },
      '1×4×4×4',
    ],
    [
      'VALID ignores pads',
      {
        inputs: [f('1,4,7,8'), f('4,4,3,3!')],
        attributes: { auto_pad: 'VALID', pads: [1, 1, 1, 1] },
      },
      '1×4×5×6',
    ],
    [
      'group',
      { inputs: [f('1,32,10'), f('32,1,3!')], attributes: { group: 32, pads: [1, 1] } },
      '1×32×10',
    ],
    ['3-D', { inputs: [f('1,3,8,16,16'), f('5,3,3,3,3!')] }, '1×5×6×14×14'],
    [
      'symbolic batch and height',
      { inputs: [f('n,3,h,64'), f('8,3,3,3!')], attributes: { pads: [1, 1, 1, 1] } },
      'n×8×h×64',
    ],
    ['weights of unknown shape', { inputs: [f('n,3,8,8'), f('?')] }, 'n×channels×size0×size1'],
    [
      'kernel_shape instead of weights',
      { inputs: [f('n,3,8,8'), f('?')], attributes: { kernel_shape: [3, 3] } },
      'n×channels×6×6',
    ],
    ['input of unknown shape', { inputs: [f('?'), f('8,3,3,3!')] }, 'batch×8×size0×size1'],
    ['nothing known', { inputs: [f('?'), f('?')] }, '?'],
  ];
  it.each(cases)('%s', (_, spec, shape) => {
    expect(inferText(conv, spec)).toEqual([f(shape)]);
  });

  it.each<[string, OperatorCase, RegExp]>([
    ['channels', { inputs: [f('1,4,8,8'), f('8,3,3,3!')] }, /4 channels/],
    ['ranks', { inputs: [f('1,3,8,8'), f('8,3,3!')] }, /rank/],
    [
      'kernel_shape',
      { inputs: [f('1,3,8,8'), f('8,3,3,3!')], attributes: { kernel_shape: [5, 5] } },
      /kernel_shape/,
    ],
    [
      'stride 0',
      { inputs: [f('1,3,8,8'), f('8,3,3,3!')], attributes: { strides: [0, 1] } },
      /strides/,
    ],
    ['pads count', { inputs: [f('1,3,8,8'), f('8,3,3,3!')], attributes: { pads: [1, 1] } }, /pads/],
    ['window too large', { inputs: [f('1,3,4,4'), f('8,3,9,9!')] }, /does not fit/],
    [
      'auto_pad',
      { inputs: [f('1,3,8,8'), f('8,3,3,3!')], attributes: { auto_pad: 'WIDE' } },
      /auto_pad/,
    ],
  ])('refuses contradicting %s', (_, spec, message) => {
    const [text] = inferText(conv, spec);
    expect(text).toMatch(/^! /);
    expect(text).toMatch(message);
  });

  it('counts two operations per tap and one per output for the bias', () => {
    const inputs = [f('1,3,8,8'), f('16,3,3,3!')];
    // 16·6·6 outputs, 27 taps each.
    expect(flopsOf(conv, { inputs })).toBe(String(16 * 36 * 27 * 2));
    expect(flopsOf(conv, { inputs: [...inputs, f('16!')] })).toBe(
      String(16 * 36 * 27 * 2 + 16 * 36),
    );
    expect(flopsOf(conv, { inputs: [f('n,3,8,8'), f('16,3,3,3!')] })).toBe('31104·n');
  });

  it('is Many-to-Many, its bias One-to-Many, and says when it is depthwise or pointwise', () => {
    const depthwise = mappingOf(conv, {
      inputs: [f('1,32,8,8'), f('32,1,3,3!'), f('32!')],
      attributes: { group: 32 },
    });
    expect(depthwise).toEqual({
      node: 'many-to-many',
      edges: ['many-to-many', 'many-to-many', 'one-to-many'],
      note: 'depthwise',
    });
    expect(mappingOf(conv, { inputs: [f('1,3,8,8'), f('16,3,1,1!')] }).note).toBe('pointwise');
  });
});

describe('ConvTranspose', () => {
  const base: OperatorCase = { inputs: [f('1,4,3,5'), f('4,6,3,3!')] };
  const cases: [string, OperatorCase, string][] = [
    ['stride 1', base, '1×6×5×7'],
    // 2·(in-1) + 3 - 2
    ['stride 2, pads', { ...base, attributes: { strides: [2, 2], pads: [1, 1, 1, 1] } }, '1×6×5×9'],
    [
      'output padding',
      { ...base, attributes: { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] } },
      '1×6×6×10',
    ],
    [
      'stated output',
      { ...base, attributes: { strides: [3, 2], output_shape: [10, 8] } },
      '1×6×10×8',
    ],
    ['SAME', { ...base, attributes: { strides: [2, 2], auto_pad: 'SAME_UPPER' } }, '1×6×6×10'],
    ['group', { inputs: [f('1,4,3,5'), f('4,6,3,3!')], attributes: { group: 2 } }, '1×12×5×7'],
    ['dilation', { ...base, attributes: { dilations: [2, 2] } }, '1×6×7×9'],
    [
      'symbolic',
      { inputs: [f('n,4,h,5'), f('4,6,2,2!')], attributes: { strides: [2, 2] } },
      'n×6×2·h×10',
    ],
  ];
  it.each(cases)('%s', (_, spec, shape) => {
    expect(inferText(transposed, spec)).toEqual([f(shape)]);
  });

  it('counts taps per input element', () => {
    expect(flopsOf(transposed, base)).toBe(String(4 * 15 * 6 * 9 * 2));
  });
});

describe('the other convolutions', () => {
  it('ConvInteger accumulates in int32 and is opaque', () => {
    const entry = entryNamed(FAMILY, 'ConvInteger');
    const spec = { inputs: ['uint8 1,1,3,3', 'uint8 1,1,2,2!', 'uint8 scalar!'] };
    expect(inferText(entry, spec)).toEqual(['int32 1×1×2×2']);
    expect(mappingOf(entry, spec).node).toBe('opaque');
  });

  it('Col2Im puts blocks into the image', () => {
    const entry = entryNamed(FAMILY, 'Col2Im');
    const inputs = [f('1,10,12'), constant([3, 4, 5]), constant([1, 1, 5])];
    expect(inferText(entry, { inputs })).toEqual([f('1×2×3×4×5')]);
    expect(inferText(entry, { inputs: [f('1,10,12'), 'int64 2', constant([1, 5])] })).toEqual([
      f('1×2×size0×size1'),
    ]);
  });

  it('DeformConv has the shape of its convolution', () => {
    const entry = entryNamed(FAMILY, 'DeformConv');
    const inputs = [f('1,1,3,3'), f('1,1,2,2!'), f('1,8,4,4')];
    const attributes = { kernel_shape: [2, 2], pads: [1, 1, 1, 1] };
    expect(inferText(entry, { inputs, attributes })).toEqual([f('1×1×4×4')]);
  });

  it('CausalConvWithState keeps the length and k - 1 columns of state', () => {
    const entry = entryNamed(FAMILY, 'CausalConvWithState');
    expect(inferText(entry, { inputs: [f('2,4,8'), f('4,1,4')] })).toEqual([
      f('2×4×8'),
      f('2×4×3'),
    ]);
  });
});
