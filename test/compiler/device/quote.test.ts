/** Whatever stands in a word, a shell takes it as one word and does nothing with it. */
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { shellWord } from '../../../compiler/device/quote.ts';
import { Rng } from './noise.ts';

const said = (words: readonly string[]): string =>
  execFileSync('sh', ['-c', `printf '%s\\n' ${words.map(shellWord).join(' ')}`]).toString();

describe('shellWord', () => {
  test('keeps what shells would obey', () => {
    const words = [
      "a'b",
      '$(id)',
      '`id`',
      '; rm -rf x',
      '* ?',
      '',
      '"',
      '\\',
      "''",
      '-n',
      '~',
      '!x',
    ];
    expect(said(words)).toBe(words.map((word) => `${word}\n`).join(''));
  });

  test('keeps words of random characters', () => {
    const rng = new Rng(7);
    const words = Array.from({ length: 200 }, () => rng.text(12).replaceAll('\0', 'x'));
    expect(said(words)).toBe(words.map((word) => `${word}\n`).join(''));
  });

  test('refuses what no word can hold', () => {
    expect(() => shellWord('a\0b')).toThrow(RangeError);
  });
});
