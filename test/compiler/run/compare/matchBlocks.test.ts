/** Blocks of two plans that cover the same operators. */
import { expect, test } from 'vitest';
import { matchBlocks } from '../../../../compiler/run/compare/matchBlocks.ts';

function match(a: string, b: string): string {
  const members = (text: string) => ({ members: text.split(' ').map((block) => [...block]) });
  return matchBlocks(members(a), members(b))
    .map((group) => `${group.a.join('+')}=${group.b.join('+')}`)
    .join(' ');
}

test('equal blocks, whatever their order', () => {
  expect(match('ab c', 'c ba')).toBe('0=1 1=0');
});

test('one block against several, and shifted borders', () => {
  expect(match('abc d', 'a bc d')).toBe('0=0+1 1=2');
  expect(match('ab cd e', 'a bc d e')).toBe('0+1=0+1+2 2=3');
});

test('operators that only one plan has after rewriting', () => {
  expect(match('ab c', 'ab')).toBe('0=0 1=');
  expect(match('ab', 'ab x')).toBe('0=0 =1');
});

test('ten thousand blocks', () => {
  const a = Array.from({ length: 10_000 }, (_, i) => [`o${i}`]);
  const b = Array.from({ length: 5_000 }, (_, i) => [`o${2 * i}`, `o${2 * i + 1}`]);
  const groups = matchBlocks({ members: a }, { members: b });
  expect(groups).toHaveLength(5_000);
  expect(groups.every((group) => group.a.length === 2 && group.b.length === 1)).toBe(true);
});
