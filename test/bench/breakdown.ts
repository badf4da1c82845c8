// The paper's breakdown on this computer: the model as in its file, + rewriting, + fusion, + layouts, one thread, the steps
// by turns within each round. Medians of all repetitions, milliseconds; ratios above 1 mean that a step makes it faster.
//   npm run bench -- breakdown [--models a,b] [--rounds 2] [--budget 500] [--threads 1] [--planner dnnfusion]
// The first run compiles several hundred kernels; later ones find them in the cache.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { PLANNERS } from '../../compiler/fusion/plan.ts';
import { runModel } from '../../compiler/run/runModel.ts';
import type { ModelName } from '../runs/materialised.ts';
import { materialised, MODELS } from '../runs/materialised.ts';
import { bundle } from '../setup/bundle.ts';
import type { Step } from './steps/breakdown.ts';
import { BREAKDOWN, editsOf } from './steps/breakdown.ts';
import { geometricMean, median } from './report/statistics.ts';

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string', default: MODELS.join(',') },
    rounds: { type: 'string', default: '2' },
    budget: { type: 'string', default: '500' },
    threads: { type: 'string', default: '1' },
    planner: { type: 'string', default: 'dnnfusion' },
  },
});
const planner = PLANNERS.find((name) => name === flags.planner);
if (planner === undefined) throw new Error(`there is no planner ${flags.planner}`);
const models = MODELS.filter((name) => flags.models.split(',').includes(name));
const steps = BREAKDOWN.map((step) => (step.planner === 'none' ? step : { ...step, planner }));
const MOST_RUNS = 200;

const root = resolve(import.meta.dirname, '../..');
const script = join(root, 'dist/bench/runWorker.cjs');
await bundle(join(root, 'compiler/runWorker.ts'), script);

/** Milliseconds of each inference. */
async function timesOf(model: ModelName, step: Step): Promise<readonly number[]> {
  const { run } = await runModel({
    location: { kind: 'file', path: materialised(model) },
    edits: editsOf(step),
    layouts: step.layouts,
    assumeSizes: () => undefined,
    target: 'native',
    threads: Number(flags.threads),
    warmup: 1,
    runs: MOST_RUNS,
    budgetMs: Number(flags.budget),
    verify: false,
    script,
  });
  return run.results.total.map((nanoseconds) => nanoseconds / 1e6);
}

/** By step, in the order of `steps`. */
async function measure(model: ModelName): Promise<readonly number[]> {
  const times = steps.map((): number[] => []);
  for (let round = 0; round < Number(flags.rounds); round++) {
    // Every other round backwards: what drifts with time favours nobody.
    const order = [...steps.keys()];
    if (round % 2 === 1) order.reverse();
    for (const at of order) times[at]!.push(...(await timesOf(model, steps[at]!)));
  }
  return times.map(median);
}

/** What each step gains over the one before, and all of them together. */
function gains(medians: readonly number[]): readonly number[] {
  const each = medians.slice(1).map((after, i) => medians[i]! / after);
  return [...each, medians[0]! / medians.at(-1)!];
}

const row = (cells: readonly string[]): void => console.log(`| ${cells.join(' | ')} |`);
const times = (ratio: number): string => `${ratio.toFixed(2)}×`;

row([
  ...['model', 'none', '+ rewriting', '+ fusion', '+ layouts'],
  ...['rewriting', 'fusion', 'layouts', 'all'],
]);
row(['---', ...steps.map(() => '--:'), ...steps.map(() => '--:')]);
const all: (readonly number[])[] = [];
for (const model of models) {
  try {
    const medians = await measure(model);
    all.push(gains(medians));
    row([model, ...medians.map((ms) => ms.toPrecision(4)), ...gains(medians).map(times)]);
  } catch (error) {
    row([model, error instanceof Error ? error.message : String(error)]);
  }
}
if (all.length > 0) {
  const means = steps.map((_, i) => geometricMean(all.map((each) => each[i]!)));
  row(['geometric mean', ...steps.map(() => ''), ...means.map(times)]);
}
