// Runs of a document: whose times belong to which block, one at a time, cancelled or failed.
import { expect, test } from 'vitest';
import { RunBook } from '../../../compiler/client/runBook.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import type { RunReport } from '../../../compiler/run/runProtocol.ts';
import { syntheticGraph } from '../../webview/fixtures/syntheticGraph.ts';
import { syntheticPlan } from '../../webview/fixtures/syntheticPlan.ts';

const graph = syntheticGraph(60);
const plan = syntheticPlan(graph, NO_EDITS, null);
const document = { graph, plan };

const reportOf = (of: typeof plan): RunReport => ({
  target: 'wasm',
  threads: 2,
  latencyMs: { median: 9, p10: 8, p90: 10 },
  blocks: of.blockIds.map((id, i) => ({ id, kernel: `k${i}`, medianMs: i + 1 })),
  compileMs: 1,
  firstRunMs: 1,
  arenaBytes: 1,
  peakLiveBytes: 1,
  movedBytes: 1,
  peakProcessBytes: null,
  outputs: [],
  verify: null,
  noisy: false,
});

test('times stay with the blocks that an edit does not touch', async () => {
  const book = new RunBook(() => undefined);
  await book.run(document, async () => reportOf(plan));
  expect([...book.state(document).shown!.blockMs]).toEqual(plan.blockIds.map((_, i) => i + 1));

  const large = plan.blockOf.findIndex(
    (block, operator) => operator > 0 && plan.blockOf[operator - 1] === block,
  );
  const cut = { kind: 'cut', a: graph.ids[large - 1]!, b: graph.ids[large]! } as const;
  const other = syntheticPlan(graph, { ...NO_EDITS, overrides: [cut] }, plan);
  const { blockMs } = book.state({ graph, plan: other }).shown!;
  const missing = [...blockMs].filter(Number.isNaN).length;
  expect(missing).toBeGreaterThan(0);
  expect(missing).toBeLessThanOrEqual(3);
});

test('one run at a time; stages are told; the newest is shown, an older one on demand', async () => {
  const stages: unknown[] = [];
  const book: RunBook = new RunBook(() => void stages.push(book.state(document).running?.stage));
  let finish: (report: RunReport) => void = () => undefined;
  const first = book.run(document, (onProgress) => {
    onProgress('Compiling', 0.5);
    return new Promise((resolve) => {
      finish = resolve;
    });
  });
  await expect(book.run(document, async () => reportOf(plan))).rejects.toThrow('already');
  finish(reportOf(plan));
  await first;
  expect(stages).toEqual(['Starting', 'Compiling', undefined]);
  await book.run(document, async () => reportOf(plan));
  const { history, shown } = book.state(document);
  expect(history.map(({ id }) => id)).toEqual([2, 1]);
  expect(shown?.id).toBe(2);
  book.show(1);
  expect(book.state(document).shown?.id).toBe(1);
  book.show(99);
  expect(book.state(document).shown).toBeNull();
});

test('a run that fails or is cancelled leaves no entry, and the next one may start', async () => {
  const book = new RunBook(() => undefined);
  const run = book.run(
    document,
    (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('cancelled')));
      }),
  );
  book.cancel();
  await expect(run).rejects.toThrow('cancelled');
  expect(book.state(document)).toMatchObject({ running: null, history: [], shown: null });
  await book.run(document, async () => reportOf(plan));
  expect(book.state(document).history.length).toBe(1);
});
