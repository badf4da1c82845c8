// Fused against unfused in one program, by turns: the model as in its file and the rewritten one under a planner. Separate
// programs differ by some per cent in where their memory lies; here only the plans differ, and the interval says what is noise.
//   npm run bench -- fused [--models a,b] [--planners dnnfusion,extended] [--targets native] [--threads 1,2] [--pairs 40]
//     [--seconds 20]
// Medians in milliseconds; unfused / fused with its 95 % interval: a planner is slower where the whole interval is below 1.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { PlannerName } from '../../compiler/fusion/plan.ts';
import { NO_EDITS, PLANNERS } from '../../compiler/fusion/plan.ts';
import { NO_REWRITES } from '../../compiler/rewrite/rewrite.ts';
import { compareModel } from '../../compiler/run/compare/compareModel.ts';
import type { RunTarget } from '../../compiler/run/runProtocol.ts';
import type { ModelName } from '../runs/materialised.ts';
import { materialised, MODELS } from '../runs/materialised.ts';
import { bundle } from '../setup/bundle.ts';
import { geometricMean } from './report/statistics.ts';

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string', default: MODELS.join(',') },
    planners: { type: 'string', default: 'dnnfusion' },
    targets: { type: 'string', default: 'native' },
    threads: { type: 'string', default: '1,2' },
    pairs: { type: 'string', default: '40' },
    seconds: { type: 'string', default: '20' },
  },
});
const models = MODELS.filter((name) => flags.models.split(',').includes(name));
const planners = PLANNERS.filter((name) => flags.planners.split(',').includes(name));

const root = resolve(import.meta.dirname, '../..');
const script = join(root, 'dist/bench/runWorker.cjs');
await bundle(join(root, 'compiler/runWorker.ts'), script);

interface Row {
  readonly cells: readonly string[];
  /** Unfused / fused. */
  readonly gain: number;
  readonly isSlower: boolean;
}

async function measure(
  model: ModelName,
  planner: PlannerName,
  target: RunTarget,
  threads: number,
): Promise<Row> {
  const { a, b, ratio, agreement } = await compareModel({
    location: { kind: 'file', path: materialised(model) },
    a: { ...NO_EDITS, planner: 'none', rewrite: NO_REWRITES },
    b: { ...NO_EDITS, planner },
    assumeSizes: () => undefined,
    target,
    threads,
    warmup: 2,
    runs: Number(flags.pairs),
    budgetMs: Number(flags.seconds) * 1000,
    script,
  });
  const [gain, low, high] = [ratio.median, ratio.high, ratio.low].map((value) => 1 / value);
  return {
    cells: [
      model,
      a.latencyMs.median.toFixed(1),
      b.latencyMs.median.toFixed(1),
      `${gain!.toFixed(3)}×`,
      `${low!.toFixed(3)}–${high!.toFixed(3)}`,
      low! > 1 ? 'faster' : high! < 1 ? 'SLOWER' : '',
      agreement.passed ? '' : 'outputs differ',
    ],
    gain: gain!,
    isSlower: high! < 1,
  };
}

const print = (cells: readonly string[]): void => console.log(`| ${cells.join(' | ')} |`);

for (const target of flags.targets.split(',') as RunTarget[]) {
  for (const threads of flags.threads.split(',').map(Number)) {
    for (const planner of planners) {
      console.log(`\n${target}, ${threads} thread${threads === 1 ? '' : 's'}, ${planner}\n`);
      print([
        'model',
        'unfused',
        planner,
        'unfused / fused',
        '95 % interval',
        'fused is',
        'outputs',
      ]);
      print(['---', '--:', '--:', '--:', '--:', '---', '---']);
      const rows: Row[] = [];
      for (const model of models) {
        try {
          const row = await measure(model, planner, target, threads);
          rows.push(row);
          print(row.cells);
        } catch (error) {
          print([model, error instanceof Error ? error.message : String(error)]);
        }
      }
      const mean = geometricMean(rows.map(({ gain }) => gain));
      const slower = rows.filter(({ isSlower }) => isSlower).length;
      console.log(`\ngeometric mean ${mean.toFixed(3)}×, slower on ${slower} of ${rows.length}`);
    }
  }
}
