// What a page keeps of its document while it is hidden.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NO_EDITS } from '../../compiler/fusion/plan.ts';
import type { DocumentState } from '../../compiler/protocol.ts';
import { DocumentMemory } from '../../webview/documentMemory.ts';
import { memorySlot } from '../../webview/pageMemory.ts';
import type { PageMemory } from '../../webview/pageMemory.ts';
import { syntheticGraph } from './fixtures/syntheticGraph.ts';
import { syntheticPlan } from './fixtures/syntheticPlan.ts';

const graph = syntheticGraph(30);
const document: DocumentState = {
  graph,
  plan: syntheticPlan(graph, NO_EDITS, null),
  edits: NO_EDITS,
  diagnostics: [],
  timings: { importMs: 1, inferMs: 1, planMs: 1 },
  readOnly: null,
};

/** Holds JSON only, as the workbench does. */
function jsonMemory(): PageMemory {
  let text = 'null';
  return {
    read: () => JSON.parse(text) as unknown,
    write: (value) => {
      text = JSON.stringify(value);
    },
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a page that comes back has the document and its stamp, beside what other parts keep', () => {
  const whole = jsonMemory();
  const other = memorySlot(whole, 'layout');
  new DocumentMemory(memorySlot(whole, 'document')).keep('life/3', document);
  other.write('theirs');
  vi.runAllTimers();
  const again = new DocumentMemory(memorySlot(whole, 'document'));
  expect(again.stamp).toBe('life/3');
  expect(again.recall()).toEqual(document);
  expect(other.read()).toBe('theirs');
});

test('only the last of several states is written, and one without a stamp never', () => {
  const memory = new DocumentMemory(jsonMemory());
  memory.keep('a', document);
  memory.keep('b', { ...document, readOnly: 'a copy' });
  vi.runAllTimers();
  expect(memory.stamp).toBe('b');
  expect(memory.recall()?.readOnly).toBe('a copy');
  memory.keep(undefined, document);
  vi.runAllTimers();
  expect(memory.stamp).toBe('b');
});

test('what cannot be read is no document', () => {
  for (const value of [null, 7, {}, { stamp: 1, document: '' }, { stamp: 'a', document: '{' }]) {
    const memory = new DocumentMemory({ read: () => value, write: () => undefined });
    expect(memory.recall()).toBeNull();
  }
});
