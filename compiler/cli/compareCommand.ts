/** `fusion-studio compare`: two plans of a model by turns in one program, and whether one of them is faster. */
import { basename, resolve } from 'node:path';
import type { Diagnostic } from '../diagnostics.ts';
import { PLANNERS } from '../fusion/plan.ts';
import type { PlanEdits } from '../fusion/plan.ts';
import { compareModel } from '../run/compare/compareModel.ts';
import { UsageError, onlyPositional, readArguments } from './command.ts';
import type { Command } from './command.ts';
import { compareTable } from './compareReport.ts';
import { readEdits } from './editArguments.ts';
import { TARGET_NAMES, readCores, readCount, readTarget } from './runArguments.ts';
import { readTensors, runSettings, sayAssumed, showStage, withCancelling } from './runCommand.ts';
import { printable } from './terminal.ts';

export const compareCommand: Command = {
  name: 'compare',
  synopsis:
    `MODEL --a PLAN --b PLAN [--target ${TARGET_NAMES}]\n` +
    '      [--dim NAME=N] [--threads N] [--warmup N] [--runs N] [--cores all|big|LIST] [--inputs DIR] [--json]',
  summary:
    'Run two plans by turns in one program and say which is faster, with a 95 % interval. PLAN is a file as --overrides of ' +
    `run takes, or planner:${PLANNERS.join('|')}; --runs counts pairs.`,
  run,
};

/** Without --runs: as many pairs as fit in this time. */
const BUDGET_MS = 8000;
const MOST_UNASKED_PAIRS = 200;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      a: { type: 'string' },
      b: { type: 'string' },
      target: { type: 'string' },
      dim: { type: 'string', multiple: true },
      threads: { type: 'string' },
      warmup: { type: 'string' },
      runs: { type: 'string' },
      cores: { type: 'string' },
      inputs: { type: 'string' },
      json: { type: 'boolean' },
    },
  });
  const path = onlyPositional(positionals, 'MODEL');
  if (values.a === undefined || values.b === undefined) {
    throw new UsageError('--a and --b name the two plans');
  }
  const target = readTarget(values.target);
  const threads = readCount('--threads', values.threads, 0, 256);
  const warmup = readCount('--warmup', values.warmup, 2, 100_000);
  const runs = readCount('--runs', values.runs, MOST_UNASKED_PAIRS, 100_000);
  if (runs === 0) throw new UsageError('--runs wants at least one pair');
  const cores = readCores(values.cores);
  const a = await readPlan(path, values.a, values.dim);
  const b = await readPlan(path, values.b, values.dim);
  const inputs = values.inputs === undefined ? [] : await readTensors(values.inputs, 'input');
  const report = await withCancelling((signal) =>
    compareModel({
      location: { kind: 'file', path: resolve(path) },
      a: a.edits,
      b: b.edits,
      // Inputs that are given say their sizes.
      ...(values.inputs === undefined ? { assumeSizes: sayAssumed } : {}),
      target,
      threads,
      warmup,
      runs,
      budgetMs: values.runs === undefined ? BUDGET_MS : 0,
      inputs,
      ...runSettings(),
      device: { cores },
      signal,
      ...(values.json ? {} : { onProgress: showStage }),
    }),
  );
  if (typeof report === 'number') return report;
  if (values.json) {
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  } else {
    const names = { a: planName(values.a), b: planName(values.b) };
    process.stdout.write(compareTable(basename(path), names, report));
    for (const { severity, code, message } of [...a.diagnostics, ...b.diagnostics]) {
      process.stdout.write(`${severity} ${code}: ${printable(message)}\n`);
    }
  }
  return report.agreement.passed ? 0 : 1;
}

const PLANNER_PLAN = /^planner:(.*)$/s;

function readPlan(
  path: string,
  plan: string,
  dim: string[] | undefined,
): Promise<{ readonly edits: PlanEdits; readonly diagnostics: readonly Diagnostic[] }> {
  const planner = PLANNER_PLAN.exec(plan)?.[1];
  return planner === undefined
    ? readEdits(path, { overrides: plan, dim })
    : readEdits(path, { planner, dim });
}

function planName(plan: string): string {
  return PLANNER_PLAN.exec(plan)?.[1] ?? basename(plan);
}
