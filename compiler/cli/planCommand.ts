/**
 * `fusion-studio plan`: import, plan and print, without a worker or an editor.
 */
import { basename } from 'node:path';
import { analysePass, bindingsOf, importPass, planPass } from '../compile.ts';
import { NO_EDITS, PLANNERS } from '../fusion/plan.ts';
import type { PlanEdits } from '../fusion/plan.ts';
import { openModelFile } from '../onnx/source.ts';
import { overrideDiagnostics } from '../session/overrideDiagnostics.ts';
import { editsAsRecorded, matchSidecar } from '../sidecar/match.ts';
import { operatorGraph } from '../session/graphSnapshot.ts';
import { onlyPositional, readArguments, readBindings } from './command.ts';
import type { Command } from './command.ts';
import { chosenRewrites, readPlanner, readSidecar, REWRITE_OPTIONS } from './editArguments.ts';
import { planReport, planTable } from './planReport.ts';

export const planCommand: Command = {
  name: 'plan',
  synopsis: `MODEL [--planner ${PLANNERS.join('|')}] [--overrides FILE] [--dim NAME=N] [--no-rewrite] [--fast-math] [--json]`,
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
      ...REWRITE_OPTIONS,
      json: { type: 'boolean' },
    },
  });
  const path = onlyPositional(positionals, 'MODEL');
  const planner = readPlanner(values.planner);
  const bindings = readBindings(values.dim ?? []);
  const source = openModelFile(path);
  try {
    const imported = await importPass(source);
    const sidecar = values.overrides === undefined ? null : await readSidecar(values.overrides);
    const saved = sidecar ? editsAsRecorded(sidecar) : NO_EDITS;
    const chosen: Partial<PlanEdits> = {
      ...(planner ? { planner } : {}),
      bindings: { ...saved.bindings, ...bindings },
      ...chosenRewrites(values, saved.rewrite),
    };
    const all = { ...saved, ...chosen };
    const analysed = await analysePass(imported, bindingsOf(all), undefined, all.rewrite);
    // Operators may have to be found by their surroundings: the model may be a later export.
    const match = sidecar ? matchSidecar(sidecar, operatorGraph(analysed.ecg)) : null;
    const edits: PlanEdits = { ...saved, ...match?.edits, ...chosen };
    const planned = await planPass(analysed, edits);
    const report = planReport(basename(path), imported, analysed, planned, [
      ...(match?.diagnostics ?? []),
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
