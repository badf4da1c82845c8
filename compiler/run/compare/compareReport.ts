/** What two plans took and gave in one program, and whether one is faster: as a whole and block by block. */
import type { Bundle } from '../../bundle/bundle.ts';
import type { FusionPlan } from '../../fusion/plan.ts';
import type { RunnerResults } from '../followRunner.ts';
import type { PreparedModel } from '../prepareModel.ts';
import type { BundleRun } from '../runBundle.ts';
import { RunFailure } from '../runFailure.ts';
import { blockTimes } from '../runModel.ts';
import type { CompareSplit } from '../runnerOptions.ts';
import type {
  ComparedBlocks,
  ComparedPlan,
  CompareReport,
  CompareVerdict,
  Interval,
} from '../runProtocol.ts';
import { spreadMs } from '../spread.ts';
import { verifyReport } from '../verifyRun.ts';
import type { PairedComparison } from './bootstrap.ts';
import { comparePaired } from './bootstrap.ts';
import type { BlockGroup } from './matchBlocks.ts';
import { matchBlocks } from './matchBlocks.ts';

/** One of the two, as it was before they were merged. */
export interface PackagedPlan {
  readonly prepared: PreparedModel;
  readonly plan: FusionPlan;
  readonly bundle: Bundle;
}

/** Throws RunFailure when nothing was timed. */
export function compareReport(
  target: string,
  a: PackagedPlan,
  b: PackagedPlan,
  run: BundleRun,
  split: CompareSplit,
  packageMs: number,
): CompareReport {
  const { results, outputs, device } = run;
  const pairs = Math.min(results.total.length, results.second.total.length);
  if (pairs === 0) throw new RunFailure('crashed', 'The run timed nothing.');
  const timesOf = (steps: readonly (readonly number[])[]) => ({
    results: { ...results, blocks: steps },
  });
  const runA = timesOf(results.blocks.slice(0, split.steps));
  const runB = timesOf(results.blocks.slice(split.steps));
  const total = comparePaired(positive(results.total), positive(results.second.total));
  const comparedA = comparedPlan(a, run, runA, results.total, results.first);
  const comparedB = comparedPlan(b, run, runB, results.second.total, results.second.first);
  const names = a.bundle.outputs.map(({ name }) => name);
  const { passed, outputs: differences } = verifyReport(
    'given',
    names,
    outputs.slice(split.outputs),
    outputs.slice(0, split.outputs),
  );
  return {
    target,
    threads: results.hello.threads,
    a: comparedA,
    b: comparedB,
    pairs,
    differenceMs: inMs(total.difference),
    ratio: total.ratio,
    verdict: total.isDifferent ? fasterOf(total) : 'no-difference',
    blocks: comparedBlocks(a, b, runA.results.blocks, runB.results.blocks),
    compileMs: packageMs + run.compileMs,
    agreement: { passed, outputs: differences },
    noisy: [comparedA, comparedB].some(({ latencyMs: { median, p90 } }) => p90 > 1.25 * median),
    ...(device ? { device } : {}),
  };
}

function comparedPlan(
  { plan, bundle }: PackagedPlan,
  run: BundleRun,
  { results }: Pick<BundleRun, 'results'>,
  total: readonly number[],
  first: number,
): ComparedPlan {
  return {
    planner: plan.planner,
    latencyMs: spreadMs(total),
    firstRunMs: first / 1e6,
    blocks: blockTimes(plan, bundle, { ...run, results }),
    arenaBytes: bundle.arenaBytes,
    peakLiveBytes: bundle.report.peakLiveBytes,
    movedBytes: bundle.report.movedBytes,
  };
}

type StepTimes = RunnerResults['blocks'];

function comparedBlocks(
  a: PackagedPlan,
  b: PackagedPlan,
  timesA: StepTimes,
  timesB: StepTimes,
): readonly ComparedBlocks[] {
  const groups = matchBlocks({ members: membersOf(a) }, { members: membersOf(b) });
  // Steps that packaging put between blocks are one more group.
  const all = [...groups, { a: [-1], b: [-1] }];
  const sums = all.flatMap((group) => {
    const own = sumOf(group.a, a.bundle, timesA);
    const others = sumOf(group.b, b.bundle, timesB);
    return own === undefined && others === undefined ? [] : [{ group, own, others }];
  });
  const limit = manyErrors(sums.length);
  return sums.map(({ group, own, others }) =>
    comparedGroup(group, a.plan.blocks, b.plan.blocks, own, others, limit),
  );
}

function comparedGroup(
  group: BlockGroup,
  blocksA: PackagedPlan['plan']['blocks'],
  blocksB: PackagedPlan['plan']['blocks'],
  own: readonly number[] | undefined,
  others: readonly number[] | undefined,
  limit: number,
): ComparedBlocks {
  const ids = (blocks: readonly number[], all: PackagedPlan['plan']['blocks']): readonly string[] =>
    blocks.flatMap((block) => all[block]?.id ?? []);
  // What one plan does not have at all takes no time there.
  const count = Math.max(own?.length ?? 0, others?.length ?? 0);
  const times = (found: readonly number[] | undefined): readonly number[] =>
    positive(found ?? new Array<number>(count).fill(0));
  const a = times(own);
  const b = times(others);
  const compared = count === 0 ? undefined : comparePaired(a, b);
  const isDifferent =
    compared?.isDifferent === true && Math.abs(compared.difference.median) > limit * compared.error;
  return {
    a: ids(group.a, blocksA),
    b: ids(group.b, blocksB),
    aMs: own === undefined ? 0 : spreadMs(own).median,
    bMs: others === undefined ? 0 : spreadMs(others).median,
    differenceMs: compared === undefined ? NOTHING : inMs(compared.difference),
    verdict: isDifferent ? fasterOf(compared) : 'no-difference',
  };
}

const NOTHING: Interval = { median: 0, low: 0, high: 0 };

/** Operators by what they stand for in the file. */
function membersOf({ plan, prepared }: PackagedPlan): readonly (readonly string[])[] {
  const { operators } = prepared.bound.model.graph;
  return plan.blocks.map((block) =>
    block.operators.flatMap((index) => {
      const { id, originalIds } = operators[index]!;
      return originalIds.length > 0 ? originalIds : [id];
    }),
  );
}

/** Nanoseconds of the blocks' steps together, by repetition; undefined where they have none. */
function sumOf(
  blocks: readonly number[],
  bundle: Bundle,
  times: StepTimes,
): readonly number[] | undefined {
  const own = bundle.steps.flatMap(({ block }, step) => (blocks.includes(block) ? [step] : []));
  const [first] = own;
  if (first === undefined) return undefined;
  return times[first]!.map((_, run) =>
    own.reduce((sum, step) => sum + (times[step]![run] ?? 0), 0),
  );
}

/** Clocks are coarse: what took no time they could see took one nanosecond. */
function positive(times: readonly number[]): readonly number[] {
  return times.map((time) => Math.max(time, 1));
}

/**
 * How many standard errors a difference must have where `count` are tested, so that one in twenty comparisons of equals
 * says "different" about any (Bonferroni, quantile of the normal distribution by its tail's expansion).
 */
export function manyErrors(count: number): number {
  const tail = 0.025 / Math.max(1, count);
  const t = Math.sqrt(-2 * Math.log(tail));
  return t - (2.30753 + 0.27061 * t) / (1 + t * (0.99229 + 0.04481 * t));
}

function fasterOf({ difference }: Pick<PairedComparison, 'difference'>): CompareVerdict {
  return difference.median > 0 ? 'a-faster' : 'b-faster';
}

function inMs({ median, low, high }: Interval): Interval {
  return { median: median / 1e6, low: low / 1e6, high: high / 1e6 };
}
