/**
 * Runs operator cases for a target in batches; several batches are prepared, compiled and run side by side.
 */
import type { PlanEdits } from '../fusion/plan.ts';
import { placeOf } from '../run/placeOf.ts';
import type { PlaceChoice } from '../run/placeOf.ts';
import { RunCancelled } from '../run/runFailure.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { BatchSettings, CaseOutputs, PreparedCase } from './conformanceBatch.ts';
import { prepareCase, runBatch } from './conformanceBatch.ts';
import type { ConformanceCase } from './conformanceCases.ts';
import type { CaseResult, ExaminedCase } from './conformanceRun.ts';
import { examineCase, failedCase, judgeCase } from './conformanceRun.ts';

export interface TargetSettings extends PlaceChoice {
  readonly edits: PlanEdits;
  readonly signal: AbortSignal;
  /** Batches at a time. */
  readonly sideBySide: number;
}

const CASES_PER_BATCH = 48;

/** Calls `done` with each result as it comes. Throws RunCancelled, RunFailure where there is no such target. */
export async function runCases(
  cases: readonly ConformanceCase[],
  settings: TargetSettings,
  done: (result: CaseResult) => void,
): Promise<void> {
  const { edits, signal } = settings;
  const batch = { place: await placeOf(settings), edits, signal };
  const starts = cases.flatMap((_, i) => (i % CASES_PER_BATCH === 0 ? [i] : []));
  await sideBySide(starts, settings.sideBySide, (start) =>
    runSome(cases.slice(start, start + CASES_PER_BATCH), batch, done),
  );
}

async function runSome(
  cases: readonly ConformanceCase[],
  settings: BatchSettings,
  done: (result: CaseResult) => void,
): Promise<void> {
  const examined: ExaminedCase<PreparedCase>[] = [];
  for (const item of cases) {
    if (settings.signal.aborted) throw new RunCancelled();
    const found = await examineCase(item, (inputs, imported) =>
      prepareCase(imported, inputs, settings),
    );
    if ('verdict' in found) done(found);
    else examined.push(found);
    // Compilers of the batch beside this one report meanwhile.
    await new Promise((settle) => setImmediate(settle));
  }
  const sets = examined.flatMap((item) => item.sets.map(({ given }) => given));
  const outputs = await runBatch(sets, settings);
  let at = 0;
  for (const item of examined) {
    const own = outputs.slice(at, (at += item.sets.length));
    done(judged(item, own));
  }
}

function judged(item: ExaminedCase<PreparedCase>, outputs: readonly CaseOutputs[]): CaseResult {
  const error = outputs.find((each) => each instanceof Error);
  if (error !== undefined) return failedCase(item, error);
  const sets = item.sets.map(({ expected }, set) => ({
    expected,
    given: outputs[set] as readonly Tensor[],
  }));
  return judgeCase({ ...item, sets });
}

/** Runs `work` over the items, so many at a time; results in order. */
export async function sideBySide<T, R>(
  items: readonly T[],
  count: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  let next = 0;
  const one = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at]!, at);
  };
  await Promise.all(Array.from({ length: Math.max(1, count) }, one));
  return results;
}
