import { describe, expect, it } from 'vitest';
import { dimEqual, dimMul, dimSymbol, formatDim } from '../../../compiler/graph/dim.ts';
import { dimOfParam, symbolName } from '../../../compiler/onnx/dimParam.ts';
import { boundedName, joinPath, shown, UniqueNames } from '../../../compiler/onnx/names.ts';
import { Symbols } from '../../../compiler/onnx/symbols.ts';

describe('dim_param texts', () => {
  it.each([
    ['batch', 'batch'],
    ['  batch ', 'batch'],
    ['128', '128'],
    ['2*s0 + 1', '2·s0 + 1'],
    ['s77//2', 'floordiv(s77, 2)'],
    ['(h - 1)*2', '2·h - 2'],
    ['s1 % 4', 'mod(s1, 4)'],
    ['Größe', 'Größe'],
    ['a.b:0', 'a.b:0'],
    ['floor(seq/2)', 'floor_seq_2_'],
    ['s0//0', 's0_0'],
    ['n·n', 'n_n'],
    ['<b>x</b>', '_b_x_b_'],
    ['((((((((((((((((((((1', '_1'],
  ])('%j is %s', (text, expected) => {
    expect(formatDim(dimOfParam(text) ?? -1)).toBe(expected);
  });

  it.each(['', '   ', '\u0000\u0001'])('%j says nothing', (text) => {
    expect(dimOfParam(text)).toBeUndefined();
  });

  it('cannot pass for an expression that it is not', () => {
    const product = dimMul(dimSymbol('a'), dimSymbol('b'));
    expect(dimEqual(dimOfParam('a·b') ?? -1, product)).toBe(false);
    expect(dimEqual(dimOfParam('a*b') ?? -1, product)).toBe(true);
  });

  it('are bounded', () => {
    expect(symbolName('x'.repeat(10_000))).toHaveLength(64);
    expect(formatDim(dimOfParam(`${'('.repeat(5000)}1`) ?? -1).length).toBeLessThanOrEqual(64);
  });

  it('never give two values one symbol by accident', () => {
    const symbols = new Symbols();
    const first = symbols.unnamed('a b', 0);
    expect(dimEqual(first, symbols.unnamed('a_b', 0))).toBe(false);
    expect(dimEqual(first, symbols.unnamed('a b', 0))).toBe(true);
  });
});

describe('names', () => {
  it('are shortened to a prefix and a hash of the whole', () => {
    const a = boundedName(`${'n'.repeat(1000)}a`);
    const b = boundedName(`${'n'.repeat(1000)}b`);
    expect(a).not.toBe(b);
    expect(a.length).toBeLessThan(250);
    expect(boundedName(`${'n'.repeat(1000)}a`)).toBe(a);
    expect(joinPath(a, 'x'.repeat(500)).length).toBeLessThan(512);
  });

  it('are numbered when they repeat, in constant time', () => {
    const names = new UniqueNames();
    expect(['x', 'x', 'x#2', 'x'].map((name) => names.take(name))).toEqual([
      'x',
      'x#2',
      'x#2#2',
      'x#3',
    ]);
    for (let i = 0; i < 50_000; i++) names.take('y');
    expect(names.take('y')).toBe('y#50001');
  });

  it('stay on one line in messages', () => {
    expect(shown('a\nb\u0000\u2028c')).toBe('a b  c');
    expect(shown('x'.repeat(500))).toHaveLength(101);
  });
});
