import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { layout } from '../../webview/layout/layout.ts';
import type { LayoutInput } from '../../webview/layout/types.ts';
import { LayoutMemory } from '../../webview/layoutMemory.ts';
import type { PageMemory } from '../../webview/pageMemory.ts';

const input = (edges: number[]): LayoutInput => ({
  nodeCount: 3,
  width: Float32Array.of(100, 80, 60),
  height: Float32Array.of(40, 40, 40),
  edges: Int32Array.from(edges),
  group: Int32Array.of(-1, -1, -1),
  groupCount: 0,
  groupHeader: 20,
  groupPadding: 10,
});

/** As VS Code keeps it: only what JSON can say. */
function jsonMemory(): PageMemory {
  let text = 'null';
  return {
    read: () => JSON.parse(text) as unknown,
    write: (value) => (text = JSON.stringify(value)),
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a page that comes back gets the same layout for the same input, and none for another', () => {
  const memory = jsonMemory();
  const shown = input([0, 1, 1, 2]);
  const result = layout(shown);
  new LayoutMemory(memory).keep(shown, result);
  vi.runAllTimers();
  const again = new LayoutMemory(memory);
  expect(again.empty).toBe(false);
  expect(again.recall(input([0, 1, 1, 2]))).toEqual(result);
  expect(again.recall(input([0, 1, 0, 2]))).toBeNull();
  expect(again.recall({ ...shown, height: Float32Array.of(40, 50, 40) })).toBeNull();
});

test('whatever else is in the memory is ignored', () => {
  expect(new LayoutMemory(jsonMemory()).empty).toBe(true);
  for (const value of [null, 7, 'x', {}, { key: 1, layout: 2 }, { key: '3/4/0/0', layout: '{' }]) {
    expect(
      new LayoutMemory({ read: () => value, write: () => undefined }).recall(input([])),
    ).toBeNull();
  }
});
