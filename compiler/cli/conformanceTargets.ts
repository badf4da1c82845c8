/**
 * Operator cases built for a target and run in a process of their own each, several side by side; equal kernels come
 * out of the compiler's cache.
 */
import { quoted } from '../onnx/names.ts';
import { RunFailure } from '../run/runFailure.ts';
import { runModel } from '../run/runModel.ts';
import type { RunModelOptions } from '../run/runModel.ts';
import type { PlanEdits } from '../fusion/plan.ts';
import type { CaseRunner } from './conformanceRun.ts';
import { NoKernel } from './conformanceRun.ts';

const LIMIT_SECONDS = 60;

export type TargetSettings = Pick<RunModelOptions, 'script' | 'compiler' | 'signal'>;

/** One thread: cases are small, and several run at the same time. */
export function targetRunner(
  target: 'wasm' | 'native',
  edits: PlanEdits,
  settings: TargetSettings,
): CaseRunner {
  return async (path, inputs) => {
    try {
      const { outputs, bundle } = await runModel({
        ...settings,
        location: { kind: 'file', path },
        edits,
        target,
        threads: 1,
        warmup: 0,
        runs: 0,
        limitSeconds: LIMIT_SECONDS,
        inputs,
        verify: false,
      });
      const placed: (typeof outputs)[number][] = [];
      outputs.forEach((tensor, i) => (placed[bundle.outputs[i]!.position ?? i] = tensor));
      return placed;
    } catch (error) {
      if (error instanceof RunFailure && error.failure === 'unsupported') {
        throw new NoKernel(plainReason(error));
      }
      throw error;
    }
  };
}

/** Without the operator's id, so that cases with one cause stand together. */
function plainReason({ message, operators = [] }: RunFailure): string {
  const [operator] = operators;
  if (operator === undefined) return message;
  const start = `The model cannot be run: operator ${quoted(operator)}: `;
  return message.startsWith(start) ? message.slice(start.length).replace(/\.$/, '') : message;
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
