import { describe, expect, it } from 'vitest';
import { blockLabel, fitText } from '../../../webview/state/blockLabel.ts';

const measure = (text: string): number => text.length;
const label = (types: string, seed = -1, width = 30): string =>
  blockLabel(types.split(' '), seed, measure, width);

describe('blockLabel', () => {
  it.each([
    ['Conv BatchNormalization Relu', 'Conv + BatchNorm + Relu'],
    ['MatMul Add Add Add', 'MatMul + 3× Add'],
    ['Relu', 'Relu'],
  ])('%s -> %s', (types, expected) => expect(label(types)).toBe(expected));

  it('counts what does not fit', () => {
    expect(label('Conv BatchNormalization Relu Add Mul Sigmoid Mul', -1, 25)).toBe(
      'Conv + BatchNorm + 5 more',
    );
  });

  it('always names the seed', () => {
    const text = label('Reshape Transpose Reshape Transpose MatMul Add', 4, 26);
    expect(text).toContain('MatMul');
    expect(text).toMatch(/\+ \d more$/);
  });

  it('accounts for every operator', () => {
    const types = 'A B C D E F G H'.split(' ');
    for (let width = 4; width < 40; width++) {
      const text = blockLabel(types, 5, measure, width);
      const more = Number(/(\d+) more$/.exec(text)?.[1] ?? 0);
      const named = (text.match(/\b[A-H]\b/g) ?? []).length;
      expect(named + more).toBe(8);
    }
  });
});

it('fitText keeps the longest head that fits', () => {
  expect(fitText('abcdef', measure, 6)).toBe('abcdef');
  expect(fitText('abcdef', measure, 4)).toBe('abc…');
});
