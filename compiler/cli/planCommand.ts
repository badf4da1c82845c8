/**
 * `fusion-studio plan`: import, plan and print, without a worker or an editor.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { analysePass, bindingsOf, importPass, planPass } from '../compile.ts';
import type { Diagnostic } from '../diagnostics.ts';
import { ModelError } from '../diagnostics.ts';
import { NO_EDITS, PLANNERS } from '../fusion/plan.ts';
import type { PlanEdits, PlannerName } from '../fusion/plan.ts';
import { fileSource } from '../onnx/source.ts';
import { overrideDiagnostics } from '../session/overrideDiagnostics.ts';
import { UsageError, onlyPositional, readArguments, readBindings } from './command.ts';
import type { Command } from './command.ts';
import { planReport, planTable } from './planReport.ts';

export const planCommand: Command = {
  name: 'plan',
  synopsis: `MODEL [--planner ${PLANNERS.join('|')}] [--overrides FILE] [--dim NAME=N] [--json]`,
  summary: 'Print the fusion plan of a model as a table or as JSON.',
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      planner: { type: 'string' },
      overrides: { type: 'string' },
      dim: { type: 'string', multiple: true },
      json: { type: 'boolean' },
    },
  });
  const path = onlyPositional(positionals, 'MODEL');
  const planner = readPlanner(values.planner);
  const bindings = readBindings(values.dim ?? []);
  const source = await fileSource(path);
  try {
    const imported = await importPass(source);
    const { edits: saved, diagnostics } = await readOverrides(values.overrides);
    const edits: PlanEdits = {
      ...saved,
      ...(planner ? { planner } : {}),
      bindings: { ...saved.bindings, ...bindings },
    };
    const analysed = await analysePass(imported, bindingsOf(edits));
    const planned = await planPass(analysed, edits);
    const report = planReport(basename(path), imported, analysed, planned, [
      ...diagnostics,
      ...overrideDiagnostics(planned.plan),
    ]);
    const text = values.json
      ? `${JSON.stringify(report, null, 2)}\n`
      : planTable(report, analysed, planned);
    process.stdout.write(text);
    return 0;
  } finally {
    source.close();
  }
}

function readPlanner(name: string | undefined): PlannerName | undefined {
  if (name === undefined) return undefined;
  const planner = PLANNERS.find((candidate) => candidate === name);
  if (!planner) throw new UsageError(`--planner is one of ${PLANNERS.join(', ')}, not '${name}'`);
  return planner;
}
