import { describe, expect, it } from 'vitest';
import { FAMILY } from '../../../compiler/ops/einsum.ts';
import { parseEinsum } from '../../../compiler/ops/einsumEquation.ts';
import type { OperatorCase } from './operatorCase.ts';
import { entryNamed, flopsOf, inferText, mappingOf } from './operatorCase.ts';

const einsum = entryNamed(FAMILY, 'Einsum');
const of = (equation: string, ...shapes: string[]): OperatorCase => ({
  inputs: shapes.map((shape) => `float32 ${shape}`),
  attributes: { equation },
});

describe('equations', () => {
  it.each([
    [
      'ij,jk',
      [
        ['i', 'j'],
        ['j', 'k'],
      ],
      ['i', 'k'],
    ],
    [
      ' b i j , b j k -> b i k ',
      [
        ['b', 'i', 'j'],
        ['b', 'j', 'k'],
      ],
      ['b', 'i', 'k'],
    ],
    ['...ii', [['...', 'i', 'i']], ['...']],
    ['ba', [['b', 'a']], ['a', 'b']],
    ['i->', [['i']], []],
    ['Bb,b', [['B', 'b'], ['b']], ['B']],
  ])('%s', (text, operands, output) => {
    expect(parseEinsum(text)).toEqual({ operands, output });
  });

  it.each(['i->j', 'i->ii', 'i1', 'i->j->k', '......i', 'i..'])('%s is refused', (text) => {
    expect(typeof parseEinsum(text)).toBe('string');
  });
});

describe('shapes', () => {
  it.each([
    ['ij,jk->ik', ['3,4', '4,5'], '3×5'],
    ['bij,bjk->bik', ['b,2,3', 'b,3,4'], 'b×2×4'],
    ['...ij,...jk', ['7,1,2,3', '5,3,4'], '7×5×2×4'],
    ['...ii->...i', ['9,4,4'], '9×4'],
    ['i,j->ij', ['3', '4'], '3×4'],
    ['ij->', ['3,4'], 'scalar'],
    ['bfnh,btnh->bnft', ['b,f,12,64', 'b,t,12,64'], 'b×12×f×t'],
    ['ij,jk->ik', ['?', '4,5'], 'label_i×5'],
    ['...j,jk->...k', ['?', '4,5'], '?'],
  ])('%s of %j', (equation, shapes, result) => {
    expect(inferText(einsum, of(equation, ...shapes))).toEqual([`float32 ${result}`]);
  });

  it.each([
    ['ij,jk->ik', ['3,4', '5,6'], /'j' is 4 .* 5/],
    ['ij', ['3,4,5'], /rank 3/],
    ['ij,jk', ['3,4'], /2 operands/],
  ])('%s of %j is refused', (equation, shapes, message) => {
    expect(inferText(einsum, of(equation, ...shapes))[0]).toMatch(message);
  });
});

it.each([
  ['ij,jk->ik', ['3,4', '4,5'], 'many-to-many'],
  ['ij->ji', ['3,4'], 'shuffle'],
  ['ij->ji', ['1,4'], 'reorganize'],
  ['ij->ij', ['3,4'], 'one-to-one'],
  ['ij,ij->ij', ['3,4', '3,4'], 'one-to-one'],
  ['i,j->ij', ['3', '4'], 'one-to-many'],
  ['ij->i', ['3,4'], 'many-to-many'],
  ['ii->i', ['3,3'], 'many-to-many'],
])('%s of %j is %s', (equation, shapes, type) => {
  expect(mappingOf(einsum, of(equation, ...shapes)).node).toBe(type);
});

it('counts label tuples', () => {
  expect(flopsOf(einsum, of('ij,jk->ik', '3,4', '4,5'))).toBe(String(2 * 3 * 4 * 5));
  expect(flopsOf(einsum, of('ij->i', '3,4'))).toBe('12');
  expect(flopsOf(einsum, of('ij->ji', '3,4'))).toBe('0');
  expect(flopsOf(einsum, of('i,j->ij', '3', '4'))).toBe('12');
});
