/**
 * `fusion-studio compare-planners`: every planner with and without rewriting, side by side; with a target also what an
 * inference takes there.
 */
import { resolve } from 'node:path';
import { analysePass, bindingsOf, importPass, planPass } from '../compile.ts';
import type { PlanRow } from '../export/planTable.ts';
import { planCsv, planMarkdown } from '../export/planTable.ts';
import { NO_EDITS, PLANNERS } from '../fusion/plan.ts';
import type { PlanEdits, PlannerName } from '../fusion/plan.ts';
import { summarisePlan } from '../fusion/summary.ts';
import { openModelFile } from '../onnx/source.ts';
import type { RewriteSettings } from '../rewrite/rewrite.ts';
import { DEFAULT_REWRITES, NO_REWRITES } from '../rewrite/rewrite.ts';
import { runModel } from '../run/runModel.ts';
import { UsageError, onlyPositional, readArguments, readBindings } from './command.ts';
import type { Command } from './command.ts';
import { TARGET_NAMES, readCores, readCount, readTarget } from './runArguments.ts';
import { runSettings, showStage, withCancelling } from './runCommand.ts';
import { alignColumns, formatCount } from './terminal.ts';

export const comparePlannersCommand: Command = {
  name: 'compare-planners',
  synopsis:
    `MODEL [--target ${TARGET_NAMES}] [--threads N] [--cores all|big|LIST]\n` +
    '      [--fast-math] [--dim NAME=N] [--json | --csv | --markdown]',
  summary:
    'Print operators, blocks, FLOPs and intermediate bytes under every planner, with and without ' +
    'rewriting; with --target also the measured time of an inference.',
  run,
};

/** Of each plan. */
const BUDGET_MS = 3000;
const MOST_RUNS = 100;
const WARMUP = 2;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      target: { type: 'string' },
      threads: { type: 'string' },
      cores: { type: 'string' },
      'fast-math': { type: 'boolean' },
      dim: { type: 'string', multiple: true },
      json: { type: 'boolean' },
      csv: { type: 'boolean' },
      markdown: { type: 'boolean' },
    },
  });
  const path = onlyPositional(positionals, 'MODEL');
  if ([values.json, values.csv, values.markdown].filter(Boolean).length > 1) {
    throw new UsageError('--json, --csv and --markdown exclude each other');
  }
  const target = values.target === undefined ? undefined : readTarget(values.target);
  const threads = readCount('--threads', values.threads, 0, 256);
  const cores = readCores(values.cores);
  const rewriting = { ...DEFAULT_REWRITES, fastMath: values['fast-math'] ?? false };
  const bindings = readBindings(values.dim ?? []);
  const rows = await withCancelling(async (signal) => {
    const planned = await plannedRows(path, [NO_REWRITES, rewriting], bindings);
    if (target === undefined) return planned.map(({ row }) => row);
    const measured: PlanRow[] = [];
    for (const [i, { row, edits }] of planned.entries()) {
      const { report } = await runModel({
        ...runSettings(),
        location: { kind: 'file', path: resolve(path) },
        edits,
        assumeSizes: () => undefined,
        target,
        threads,
        warmup: WARMUP,
        runs: MOST_RUNS,
        budgetMs: BUDGET_MS,
        verify: false,
        device: { cores },
        signal,
        onProgress: (stage) =>
          showStage(
            `${row.planner}${row.rewriting ? ', rewritten' : ''}: ${stage}`,
            i / planned.length,
          ),
      });
      measured.push({ ...row, ms: report.latencyMs.median });
    }
    return measured;
  });
  if (typeof rows === 'number') return rows;
  const text = values.json
    ? `${JSON.stringify(rows, null, 2)}\n`
    : values.csv
      ? planCsv(rows)
      : values.markdown
        ? planMarkdown(rows)
        : table(rows);
  process.stdout.write(text);
  return 0;
}

interface PlannedRow {
  readonly row: PlanRow;
  readonly edits: PlanEdits;
}

/** Planners in their order, each without rewriting first. */
async function plannedRows(
  path: string,
  settings: readonly RewriteSettings[],
  bindings: PlanEdits['bindings'],
): Promise<readonly PlannedRow[]> {
  const source = openModelFile(path);
  try {
    const imported = await importPass(source);
    const found: PlannedRow[][] = [];
    for (const rewrite of settings) {
      const base: PlanEdits = { ...NO_EDITS, bindings, rewrite };
      const analysed = await analysePass(imported, bindingsOf(base), undefined, rewrite);
      const rows: PlannedRow[] = [];
      for (const planner of PLANNERS) {
        const edits = { ...base, planner };
        const { plan } = await planPass(analysed, edits);
        const summary = summarisePlan(analysed.ecg, plan);
        rows.push({ edits, row: rowOf(planner, rewrite, summary) });
      }
      found.push(rows);
    }
    return PLANNERS.flatMap((_, i) => found.map((rows) => rows[i]!));
  } finally {
    source.close();
  }
}

function rowOf(
  planner: PlannerName,
  { enabled }: RewriteSettings,
  summary: ReturnType<typeof summarisePlan>,
): PlanRow {
  const { operators, blocks, flops, intermediateBytesAfter: bytes } = summary;
  return { planner, rewriting: enabled, operators, blocks, flops, bytes };
}

function table(rows: readonly PlanRow[]): string {
  const isMeasured = rows.some(({ ms }) => ms !== undefined);
  const header = ['planner', 'rewriting', 'operators', 'blocks', 'FLOPs', 'bytes between blocks'];
  const lines = rows.map(({ planner, rewriting, operators, blocks, flops, bytes, ms }) => [
    ...[planner, rewriting ? 'on' : 'off', String(operators), String(blocks)],
    ...[formatCount(flops), `${formatCount(bytes)}B`],
    ...(isMeasured ? [ms === undefined ? '' : `${ms.toFixed(2)} ms`] : []),
  ]);
  const all = [[...header, ...(isMeasured ? ['median'] : [])], ...lines];
  return `${alignColumns(all, new Set([2, 3, 4, 5, 6])).join('\n')}\n`;
}
