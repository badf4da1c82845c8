// What rewriting does to models: operators, FLOPs, bytes that operators write, blocks under `dnnfusion`, applications
// per rule, and how long rewriting and planning take (the first run of a process, and the median of later ones). The last
// line is a transformer of 6,300 operators.
// Run: npm run bench -- rewrites [MODEL...]
//      npm run bench -- rewrites --cold [MODEL...]: rewriting and planning in fresh processes, processor time of all threads
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { plannerFor } from '../../compiler/compile.ts';
import { buildEcg } from '../../compiler/ecg/buildEcg.ts';
import { NO_EDITS } from '../../compiler/fusion/plan.ts';
import type { Model } from '../../compiler/graph/graph.ts';
import type { ModelSummary } from '../compiler/rewrite/modelSummary.ts';
import { modelSummary } from '../compiler/rewrite/modelSummary.ts';
import { swinModel } from './swinModel.ts';
import { median } from './report/statistics.ts';

const RUNS = 5;

function plan(model: Model): { readonly blocks: number; readonly milliseconds: number } {
  const start = performance.now();
  const ecg = buildEcg(model, new Map());
  const { blocks } = plannerFor(model, ecg).plan({ ...NO_EDITS, planner: 'dnnfusion' });
  return { blocks: blocks.length, milliseconds: performance.now() - start };
}

function change(before: number, after: number): string {
  const percent = before === 0 ? 0 : (100 * (after - before)) / before;
  return `${percent <= 0 ? '' : '+'}${percent.toFixed(1)} %`;
}

function print(path: string, first: ModelSummary, later: readonly ModelSummary[]): void {
  const { before, after, rules, result, milliseconds } = first;
  const plain = plan(modelSummary(path, { ...SETTINGS, enabled: false }).result.model);
  const rewritten = plan(result.model);
  const cells = [
    basename(path, '.onnx'),
    `${before.operators} -> ${after.operators}`,
    `${(before.flops / 1e9).toFixed(3)} GFLOP ${change(before.flops, after.flops)}`,
    `${(before.bytes / 1e6).toFixed(1)} MB ${change(before.bytes, after.bytes)}`,
    `blocks ${plain.blocks} -> ${rewritten.blocks}`,
    `rewriting ${milliseconds.toFixed(0)} then ${median(later.map((run) => run.milliseconds)).toFixed(0)} ms`,
    `planning ${rewritten.milliseconds.toFixed(0)} ms`,
  ];
  console.log(cells.join(' | '));
  console.log(`    ${[...rules].map(([rule, count]) => `${rule} ${count}`).join(', ')}`);
}

const SETTINGS = {
  enabled: true,
  fastMath: false,
  offClasses: [],
  offRules: [],
  offApplications: [],
} as const;

/** In a process that has done nothing before. */
function printColdTimes(path: string): void {
  const start = process.cpuUsage();
  const { result, milliseconds } = modelSummary(path);
  const rewriting = process.cpuUsage(start);
  const before = process.cpuUsage();
  const planned = plan(result.model);
  const planning = process.cpuUsage(before);
  const all = ({ user, system }: NodeJS.CpuUsage): string => ((user + system) / 1000).toFixed(0);
  console.log(
    `${basename(path, '.onnx')}: rewriting ${milliseconds.toFixed(0)} ms, planning ${planned.milliseconds.toFixed(0)} ms; ` +
      `processor time of import to rewriting ${all(rewriting)}, of planning ${all(planning)} ms`,
  );
}

function spawnCold(path: string): void {
  const { stdout } = spawnSync(process.execPath, [process.argv[1]!, '--one', path]);
  process.stdout.write(stdout);
}

const folder = mkdtempSync(join(tmpdir(), 'rewrites-'));
try {
  const isCold = process.argv.includes('--cold');
  const isOne = process.argv.includes('--one');
  const given = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const swin = join(folder, 'swin.onnx');
  writeFileSync(swin, swinModel());
  const models = readdirSync('test/models').filter((name) => name.endsWith('.onnx'));
  const all = [...models.map((name) => join('test/models', name)), swin];
  for (const path of given.length > 0 ? given : all) {
    if (isCold || isOne) {
      (isOne ? printColdTimes : spawnCold)(path);
      continue;
    }
    const first = modelSummary(path);
    print(
      path,
      first,
      Array.from({ length: RUNS }, () => modelSummary(path)),
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
