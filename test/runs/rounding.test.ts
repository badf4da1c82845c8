// The judge of whole models, judged: what it lets pass because of rounding, and that it lets nothing else pass.
import { expect, test } from 'vitest';
import type { Tensor } from '../../compiler/tensor/tensor.ts';
import { tensorOf } from '../../compiler/tensor/tensor.ts';
import type { Verdict } from './rounding.ts';
import { judgeOf } from './rounding.ts';

const row = (...values: number[]): Tensor => tensorOf('float32', [values.length], values);

/** @param answers of the reference: to the inputs, then to moved ones */
async function verdict(
  value: Tensor,
  answers: readonly Tensor[],
  selects = false,
): Promise<Verdict['kind']> {
  let asked = 0;
  const run = () =>
    Promise.resolve(new Map([['y', answers[Math.min(asked++, answers.length - 1)]!]]));
  const judge = await judgeOf({ run }, new Map(), { selects });
  return judge.verdict('y', value).kind;
}

test('elements may be apart by some times what the reference is from itself', async () => {
  expect(await verdict(row(1, 2), [row(1, 2)])).toBe('same');
  expect(await verdict(row(1, 2.01), [row(1, 2)])).toBe('wrong');
  expect(await verdict(row(1, 2.01), [row(1, 2), row(1, 2.005)])).toBe('rounding');
  expect(await verdict(row(1, 2.1), [row(1, 2), row(1, 2.005)])).toBe('wrong');
});

test('another size passes only where the reference gives it too, with these elements', async () => {
  expect(await verdict(row(1, 2, 3), [row(1, 2)])).toBe('wrong');
  expect(await verdict(row(1, 2, 3), [row(1, 2), row(1, 2, 3)])).toBe('rounding');
  expect(await verdict(row(1, 2, 4), [row(1, 2), row(1, 2, 3)])).toBe('wrong');
  expect(await verdict(row(1, 2, 3, 4), [row(1, 2), row(1, 2, 3)])).toBe('wrong');
});

test('a size that moves does not excuse wrong elements', async () => {
  expect(await verdict(row(1, 9), [row(1, 2), row(1, 2, 3)])).toBe('wrong');
  expect(await verdict(row(1, 9), [row(1, 2), row(1, 2, 3)], true)).toBe('wrong');
});

test('another order passes where a model selects, other elements do not', async () => {
  expect(await verdict(row(2, 1), [row(1, 2)])).toBe('wrong');
  expect(await verdict(row(2, 1), [row(1, 2)], true)).toBe('rounding');
  expect(await verdict(row(2, 3), [row(1, 2)], true)).toBe('wrong');
});

test('one place in a hundred may be that of a neighbour which is as good', async () => {
  const places = (other: number, count = 100): Tensor =>
    tensorOf(
      'int64',
      [count],
      Array.from({ length: count }, (_, i) => BigInt(i < other ? 2 * i + 1 : 2 * i)),
    );
  expect(await verdict(places(1), [places(0)], true)).toBe('rounding');
  expect(await verdict(places(1), [places(0)])).toBe('wrong');
  expect(await verdict(places(2), [places(0)], true)).toBe('wrong');
  expect(await verdict(places(1, 99), [places(0, 99)], true)).toBe('wrong');
});

test('places of a selection may be others where their number moves for the reference', async () => {
  const places = (...values: number[]): Tensor =>
    tensorOf('int64', [values.length], values.map(BigInt));
  const answers = [places(1, 2, 3), places(1, 2)];
  expect(await verdict(places(1, 2, 4), answers, true)).toBe('rounding');
  expect(await verdict(places(1, 2, 4), answers)).toBe('wrong');
  expect(await verdict(places(1, 2, 4), [answers[0]!], true)).toBe('wrong');
  expect(await verdict(places(1, 2, 3, 4), answers, true)).toBe('wrong');
});
