import { describe, expect, it } from 'vitest';
import { FAMILY } from '../../../compiler/ops/quantisation.ts';
import { entryNamed, inferText, mappingOf } from './operatorCase.ts';

const f = (shape: string): string => `float32 ${shape}`;
const quantize = entryNamed(FAMILY, 'QuantizeLinear');
const dequantize = entryNamed(FAMILY, 'DequantizeLinear');

describe('QuantizeLinear', () => {
  it.each([
    ['zero point decides', [f('n,4'), f('scalar!'), 'int8 scalar!'], {}, 'int8 n×4'],
    ['uint8 without one', [f('n,4'), f('scalar!')], {}, 'uint8 n×4'],
    ['output_dtype', [f('n,4'), f('scalar!')], { output_dtype: 5 }, 'int16 n×4'],
    ['4 bits, blocked', [f('3,4'), f('3,2!'), 'uint4 3,2!'], { block_size: 2 }, 'uint4 3×4'],
  ])('%s', (_, inputs, attributes, result) => {
    expect(inferText(quantize, { inputs, attributes })).toEqual([result]);
  });

  it('is One-to-One; scales per axis are One-to-Many edges, which count only at run time', () => {
    expect(mappingOf(quantize, { inputs: [f('n,4'), f('scalar'), 'int8 scalar'] })).toEqual({
      node: 'one-to-one',
      edges: ['one-to-one', 'one-to-one', 'one-to-one'],
    });
    const perAxis = mappingOf(quantize, { inputs: [f('n,4'), f('4!'), 'int8 4!'] });
    expect(perAxis).toEqual({
      node: 'one-to-one',
      edges: ['one-to-one', 'one-to-many', 'one-to-many'],
    });
    expect(mappingOf(quantize, { inputs: [f('n,4'), f('4')] }).node).toBe('one-to-many');
  });
});

it('DequantizeLinear gives the scale’s element type', () => {
  const inputs = ['int8 n,4', 'float16 4!', 'int8 4!'];
  expect(inferText(dequantize, { inputs })).toEqual(['float16 n×4']);
  expect(inferText(dequantize, { inputs, attributes: { output_dtype: 1 } })).toEqual([f('n×4')]);
  const clash = { inputs: ['int8 n,4', f('4!'), 'int8 4,2!'] };
  expect(inferText(dequantize, clash)[0]).toMatch(/zero point/);
});

it('DynamicQuantizeLinear gives values, scale and zero point', () => {
  const entry = entryNamed(FAMILY, 'DynamicQuantizeLinear');
  const spec = { inputs: [f('n,4')] };
  expect(inferText(entry, spec)).toEqual(['uint8 n×4', f('scalar'), 'uint8 scalar']);
  expect(mappingOf(entry, spec).node).toBe('opaque');
});

it('quantised kernels have the shapes of the real ones and are opaque', () => {
  const convolution = entryNamed(FAMILY, 'QLinearConv');
  const scalar = f('scalar!');
  const zero = 'uint8 scalar!';
  const spec = {
    inputs: ['uint8 1,3,8,8', scalar, zero, 'int8 16,3,3,3!', scalar, zero, scalar, 'int8 scalar!'],
    attributes: { pads: [1, 1, 1, 1] },
  };
  expect(inferText(convolution, spec)).toEqual(['int8 1×16×8×8']);
  expect(mappingOf(convolution, spec).node).toBe('opaque');
  const product = entryNamed(FAMILY, 'QLinearMatMul');
  const operands = ['uint8 2,2,4', scalar, zero, 'uint8 4,3', scalar, zero, scalar, zero];
  expect(inferText(product, { inputs: operands })).toEqual(['uint8 2×2×3']);
});
