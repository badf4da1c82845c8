/**
 * `fusion-studio conformance`: runs a folder of ONNX operator cases and says what passes, fails or has no kernel.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { NO_EDITS, PLANNERS } from '../fusion/plan.ts';
import { RunCancelled } from '../run/runFailure.ts';
import { UsageError, onlyPositional, readArguments } from './command.ts';
import type { Command } from './command.ts';
import { findCases } from './conformanceCases.ts';
import { conformanceReport, conformanceText } from './conformanceReport.ts';
import { interpreterRunner, runCase } from './conformanceRun.ts';
import type { CaseRunner } from './conformanceRun.ts';
import { sideBySide, targetRunner } from './conformanceTargets.ts';
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
  const results = await withCancelling((signal) => {
    const runner: CaseRunner =
      target === 'interpreter'
        ? interpreterRunner(edits)
        : targetRunner(target, edits, { ...runSettings(), signal });
    let done = 0;
    return sideBySide(
      cases,
      target === 'interpreter' ? 1 : availableParallelism(),
      async (item) => {
        if (signal.aborted) throw new RunCancelled();
        const result = await runCase(item, runner);
        if (!values.json) showStage(item.name, ++done / cases.length);
        return result;
      },
    );
  });
  if (typeof results === 'number') return results;
  const report = conformanceReport(target, results);
  process.stdout.write(
    values.json ? `${JSON.stringify(report, null, 2)}\n` : conformanceText(report),
  );
  return report.counts.failed + report.small.failed > 0 ? 1 : 0;
}

function readTarget(name = 'interpreter'): (typeof TARGETS)[number] {
  const target = TARGETS.find((candidate) => candidate === name);
  if (!target) throw new UsageError(`--target is one of ${TARGETS.join(', ')}, not '${name}'`);
  return target;
}
