/**
 * Two plans in one module, the twin of `fusion_main.c`'s comparison: the steps, inputs and outputs of the second follow
 * those of the first. Both use the same arena and run by turns, the order flipped from pair to pair, so that whatever
 * drifts or depends on who came before hits both alike.
 */
import type { CompareSplit, RunnerOptions } from '../runnerOptions.ts';
import type { PlanIndex } from '../runProtocol.ts';
import type { RunTables } from '../runTables.ts';

/** Ranges of the tables: [from, to). */
export interface PlanPart {
  readonly index: PlanIndex;
  readonly steps: readonly [number, number];
  readonly inputs: readonly [number, number];
  readonly outputs: readonly [number, number];
}

/** Whatever the time limit, as many pairs as statistics need. */
const LEAST_PAIRS = 16;
const LEAST_BLOCK_PAIRS = 8;

export function planParts(
  { steps, inputs, outputs }: RunTables,
  split: CompareSplit,
): readonly [PlanPart, PlanPart] {
  return [
    {
      index: 0,
      steps: [0, split.steps],
      inputs: [0, split.inputs],
      outputs: [0, split.outputs],
    },
    {
      index: 1,
      steps: [split.steps, steps.length],
      inputs: [split.inputs, inputs.length],
      outputs: [split.outputs, outputs.length],
    },
  ];
}

/** Pairs for total times; `once` runs one inference of a plan. */
export function pairUp(options: RunnerOptions, once: (plan: PlanIndex) => void): void {
  inPairs(options, LEAST_PAIRS, once);
}

/** Pairs with a timer around every block. */
export function pairUpBlocks(options: RunnerOptions, once: (plan: PlanIndex) => void): void {
  inPairs(options, LEAST_BLOCK_PAIRS, once);
}

/** An even number of pairs where time ends them, so that each plan came first as often as the other. */
function inPairs(
  { runs, budgetMs }: RunnerOptions,
  least: number,
  once: (plan: PlanIndex) => void,
): void {
  const start = performance.now();
  for (let pair = 0; pair < runs; pair++) {
    const isOver = budgetMs > 0 && performance.now() - start > budgetMs;
    if (isOver && pair >= least && pair % 2 === 0) return;
    const first = (pair % 2) as PlanIndex;
    once(first);
    once((1 - first) as PlanIndex);
  }
}
