/**
 * `fusion-studio conformance`: runs a folder of ONNX operator cases and says what passes, fails or has no kernel.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { NO_EDITS, PLANNERS } from '../fusion/plan.ts';
import type { PlanEdits } from '../fusion/plan.ts';
import { RunCancelled } from '../run/runFailure.ts';
import { UsageError, onlyPositional, readArguments } from './command.ts';
import type { Command } from './command.ts';
import { findCases } from './conformanceCases.ts';
import type { ConformanceCase } from './conformanceCases.ts';
import { caseLine, conformanceReport, conformanceText } from './conformanceReport.ts';
import { interpreterRunner, runCase } from './conformanceRun.ts';
import type { CaseResult } from './conformanceRun.ts';
import { runCases } from './conformanceTargets.ts';
import { readPlanner } from './editArguments.ts';
import { runSettings, showStage, withCancelling } from './runCommand.ts';

const TARGETS = ['interpreter', 'wasm', 'native'] as const;

export const conformanceCommand: Command = {
  name: 'conformance',
  synopsis: `DIR [--target ${TARGETS.join('|')}] [--planner ${PLANNERS.join('|')}] [--match TEXT] [--json]`,
  summary:
    'Run the operator cases of ONNX below DIR (model.onnx, test_data_set_N) and count what passes, ' +
    'fails or has no kernel. Exit status 1 when one fails.',
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      target: { type: 'string' },
      planner: { type: 'string' },
      match: { type: 'string' },
      json: { type: 'boolean' },
    },
  });
  const folder = onlyPositional(positionals, 'DIR');
  const target = readTarget(values.target);
  const planner = readPlanner(values.planner);
  const edits = planner === undefined ? NO_EDITS : { ...NO_EDITS, planner };
  const { match = '' } = values;
  const cases = findCases(resolve(folder)).filter(({ name }) => name.includes(match));
  const results: CaseResult[] = [];
  const done = (result: CaseResult): void => {
    results.push(result);
    if (values.json) showStage(result.name, results.length / cases.length);
    else process.stdout.write(caseLine(result));
  };
  const ended = await withCancelling(async (signal) => {
    if (target === 'interpreter') await interpretCases(cases, edits, signal, done);
    else {
      const sideBySide = availableParallelism();
      await runCases(cases, { ...runSettings(), target, edits, signal, sideBySide }, done);
    }
    return undefined;
  });
  // What there is of a run that was cancelled counts.
  if (ended !== undefined && results.length === 0) return ended;
  results.sort((a, b) => (a.name < b.name ? -1 : 1));
  const report = conformanceReport(target, results, cases.length - results.length);
  process.stdout.write(
    values.json ? `${JSON.stringify(report, null, 2)}\n` : `\n${conformanceText(report)}`,
  );
  return ended ?? (report.counts.failed + report.small.failed > 0 ? 1 : 0);
}

async function interpretCases(
  cases: readonly ConformanceCase[],
  edits: PlanEdits,
  signal: AbortSignal,
  done: (result: CaseResult) => void,
): Promise<void> {
  const runner = interpreterRunner(edits);
  for (const item of cases) {
    // Signals are heard between two cases.
    await new Promise((settle) => setImmediate(settle));
    if (signal.aborted) throw new RunCancelled();
    done(await runCase(item, runner));
  }
}

function readTarget(name = 'interpreter'): (typeof TARGETS)[number] {
  const target = TARGETS.find((candidate) => candidate === name);
  if (!target) throw new UsageError(`--target is one of ${TARGETS.join(', ')}, not '${name}'`);
  return target;
}
