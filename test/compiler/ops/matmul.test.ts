import { describe, expect, it } from 'vitest';
import { FAMILY } from '../../../compiler/ops/matmul.ts';
import type { OperatorCase } from './operatorCase.ts';
import { entryNamed, flopsOf, inferText, mappingOf } from './operatorCase.ts';

const matmul = entryNamed(FAMILY, 'MatMul');
const gemm = entryNamed(FAMILY, 'Gemm');

const f = (shape: string): string => `float32 ${shape}`;
const two = (a: string, b: string): OperatorCase => ({ inputs: [f(a), f(b)] });

describe('MatMul', () => {
  it.each([
    ['3,4', '4,5', '3×5'],
    ['2,3,4', '2,4,5', '2×3×5'],
    ['2,1,3,4', '7,4,5', '2×7×3×5'],
    ['b,s,768', '768,3072', 'b×s×3072'],
    ['b,12,s,64', 'b,12,64,s', 'b×12×s×s'],
    ['4', '4', 'scalar'],
    ['4', '4,5', '5'],
    ['2,3,4', '4', '2×3'],
    ['4', '2,4,5', '2×5'],
    ['?', '4,5', '?'],
  ])('%s times %s is %s', (a, b, result) => {
    expect(inferText(matmul, two(a, b))).toEqual([f(result)]);
  });

  it.each([
    ['3,4', '5,6', /4 against 5/],
    ['2,3,4', '3,4,5', /broadcast/],
    ['scalar', '4,5', /scalar/],
  ])('refuses %s times %s', (a, b, message) => {
    expect(inferText(matmul, two(a, b))[0]).toMatch(message);
  });

  it('counts 2·M·N·K', () => {
    expect(flopsOf(matmul, two('3,4', '4,5'))).toBe('120');
    expect(flopsOf(matmul, two('b,s,768', '768,3072'))).toBe(`${2 * 768 * 3072}·b·s`);
    expect(flopsOf(matmul, two('4', '4'))).toBe('8');
  });

  it('is Many-to-Many; broadcast batches are One-to-Many edges; K = 1 is an outer product', () => {
    expect(mappingOf(matmul, two('2,3,4', '2,4,5')).edges).toEqual([
      'many-to-many',
      'many-to-many',
    ]);
    expect(mappingOf(matmul, two('2,3,4', '4,5'))).toEqual({
      node: 'many-to-many',
      edges: ['many-to-many', 'one-to-many'],
    });
    expect(mappingOf(matmul, two('7,1', '1,5')).node).toBe('one-to-many');
  });
});

describe('Gemm', () => {
  const attributes = { transA: 1, transB: 1 };
  it('transposes as its attributes say', () => {
    expect(inferText(gemm, two('n,512', '512,1000'))).toEqual([f('n×1000')]);
    expect(inferText(gemm, { ...two('6,3', '4,6'), attributes })).toEqual([f('3×4')]);
    expect(inferText(gemm, { ...two('3,6', '4,6'), attributes: { transB: 1 } })).toEqual([
      f('3×4'),
    ]);
    expect(inferText(gemm, two('?', '512,1000'))).toEqual([f('rows×1000')]);
  });

  it('refuses a K that differs and operands that are no matrices', () => {
    expect(inferText(gemm, two('3,6', '5,4'))[0]).toMatch(/K is 6 .* 5/);
    expect(inferText(gemm, two('1,3,6', '6,4'))[0]).toMatch(/matrix/);
  });

  it('has a bias edge by broadcast, and counts it', () => {
    const spec = { inputs: [f('3,6'), f('6,4!'), f('4!')] };
    expect(mappingOf(gemm, spec).edges).toEqual(['many-to-many', 'many-to-many', 'one-to-many']);
    expect(flopsOf(gemm, spec)).toBe(String(3 * 4 * 6 * 2 + 12));
    expect(flopsOf(gemm, { ...spec, attributes: { alpha: 0.5, beta: 0.5 } })).toBe(
      String(3 * 4 * 6 * 2 + 36),
    );
    const full = { inputs: [f('3,6'), f('6,4!'), f('3,4')] };
    expect(mappingOf(gemm, full).edges[2]).toBe('one-to-one');
  });
});

it('MatMulInteger gives int32 and is opaque; Det drops the matrix axes', () => {
  const integer = entryNamed(FAMILY, 'MatMulInteger');
  const spec = { inputs: ['uint8 4,3', 'int8 3,2'] };
  expect(inferText(integer, spec)).toEqual(['int32 4×2']);
  expect(mappingOf(integer, spec).node).toBe('opaque');
  const det = entryNamed(FAMILY, 'Det');
  expect(inferText(det, { inputs: [f('3,2,2')] })).toEqual([f('3')]);
  expect(inferText(det, { inputs: [f('2,2')] })).toEqual([f('scalar')]);
  expect(inferText(det, { inputs: [f('2,3')] })[0]).toMatch(/not square/);
});
