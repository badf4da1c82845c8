/**
 * `fusion-studio rewrite`: rewrites a model by mathematical properties and writes it as a model for other tools.
 */
import { basename } from 'node:path';
import { analysePass, importPass } from '../compile.ts';
import type { Analysed } from '../compile.ts';
import { ModelError } from '../diagnostics.ts';
import { ExportError } from '../export/exportError.ts';
import type { SavedModel } from '../export/saveModel.ts';
import { saveModel } from '../export/saveModel.ts';
import { NO_EDITS } from '../fusion/plan.ts';
import { Unsupported } from '../lower/unsupported.ts';
import { openModelFile } from '../onnx/source.ts';
import type { ModelSource } from '../onnx/source.ts';
import type { RewriteApplication } from '../rewrite/rewrite.ts';
import { DEFAULT_REWRITES } from '../rewrite/rewrite.ts';
import { RunCancelled } from '../run/runFailure.ts';
import { editsAsRecorded } from '../sidecar/match.ts';
import { UsageError, onlyPositional, readArguments, readBindings } from './command.ts';
import type { Command } from './command.ts';
import { readSidecar } from './editArguments.ts';
import { withCancelling } from './runCommand.ts';
import { alignColumns, formatCount, printable } from './terminal.ts';

export const rewriteCommand: Command = {
  name: 'rewrite',
  synopsis: 'MODEL -o OUT.onnx [--overrides FILE] [--dim NAME=N] [--fast-math] [--json]',
  summary:
    'Rewrite a model by mathematical properties and write it as OUT.onnx. Beside the model, weights ' +
    'stay in its files; elsewhere they are copied. --overrides takes what a saved plan switches off.',
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      output: { type: 'string', short: 'o' },
      overrides: { type: 'string' },
      dim: { type: 'string', multiple: true },
      'fast-math': { type: 'boolean' },
      json: { type: 'boolean' },
    },
  });
  const path = onlyPositional(positionals, 'MODEL');
  const { output } = values;
  if (output === undefined) throw new UsageError('-o OUT.onnx is missing');
  const sidecar = values.overrides === undefined ? null : await readSidecar(values.overrides);
  const recorded = sidecar === null ? NO_EDITS : editsAsRecorded(sidecar);
  const saved = recorded.rewrite ?? DEFAULT_REWRITES;
  const settings = values['fast-math'] ? { ...saved, enabled: true, fastMath: true } : saved;
  const bindings = { ...recorded.bindings, ...readBindings(values.dim ?? []) };
  const source = openModelFile(path);
  try {
    const imported = await importPass(source);
    const analysed = await analysePass(
      imported,
      new Map(Object.entries(bindings)),
      undefined,
      settings,
    );
    const written = await withCancelling((signal) => write(analysed, source, path, output, signal));
    if (typeof written === 'number') return written;
    const text = values.json
      ? `${JSON.stringify(report(path, output, analysed, written), null, 2)}\n`
      : table(output, analysed, written);
    process.stdout.write(text);
    return 0;
  } finally {
    source.close();
  }
}

async function write(
  { model }: Analysed,
  source: ModelSource,
  path: string,
  output: string,
  signal: AbortSignal,
): Promise<SavedModel> {
  try {
    return await saveModel(model, source, path, output, () =>
      signal.aborted ? Promise.reject(new RunCancelled()) : Promise.resolve(),
    );
  } catch (error) {
    if (error instanceof ExportError) throw new ModelError('model/unsupported', error.message);
    if (error instanceof Unsupported) {
      throw new ModelError('model/unsupported', `A constant cannot be computed: ${error.message}.`);
    }
    const { code, message } = error as NodeJS.ErrnoException;
    // What the file system says names the file.
    if (code !== undefined && /^E[A-Z]+$/.test(code))
      throw new ModelError('model/unreadable', message);
    throw error;
  }
}

function report(path: string, output: string, { rewriting }: Analysed, written: SavedModel) {
  const { before, after, applications } = rewriting;
  return {
    model: basename(path),
    output,
    ...written,
    before,
    after,
    applications: applications.map(
      ({ id, rule, ruleClass, removed, added, originalIds, saves }) => ({
        ...{ id, rule, class: ruleClass },
        ...{ removed, added, originalIds, saves },
      }),
    ),
  };
}

function table(output: string, { rewriting }: Analysed, written: SavedModel): string {
  const { before, after, applications } = rewriting;
  const change = (name: string, from: number, to: number): string[] => [
    ...[name, formatCount(from), formatCount(to)],
    from === 0 ? '' : `${((100 * (to - from)) / from).toFixed(1)} %`,
  ];
  const costs = [
    ['', 'before', 'after', ''],
    change('operators', before.operators, after.operators),
    change('FLOPs', before.flops, after.flops),
    change('intermediate bytes', before.bytes, after.bytes),
  ];
  const { opset, bytes, dataBytes, refers } = written;
  const where = refers ? ', weights stay in the files of the model' : '';
  const data = dataBytes > 0 ? `, ${formatCount(dataBytes)}B of weights beside it` : '';
  const lines = [
    ...alignColumns(
      [['rule', 'class', 'times', 'FLOPs saved', 'bytes saved'], ...ruleRows(applications)],
      new Set([2, 3, 4]),
    ),
    '',
    ...alignColumns(costs, new Set([1, 2, 3])),
    '',
    `${printable(output)}: opset ${opset}, ${formatCount(bytes)}B${where}${data}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** By rule, in order of first use. */
function ruleRows(applications: readonly RewriteApplication[]): readonly string[][] {
  const byRule = new Map<string, RewriteApplication[]>();
  for (const application of applications) {
    byRule.set(application.rule, [...(byRule.get(application.rule) ?? []), application]);
  }
  return [...byRule].map(([rule, all]) => {
    const sum = (of: (saves: RewriteApplication['saves']) => number): string => {
      const total = all.reduce((a, { saves }) => a + of(saves), 0);
      return `${total < 0 ? '-' : ''}${formatCount(Math.abs(total)).trimEnd()}`;
    };
    return [
      ...[rule, all[0]!.ruleClass, String(all.length)],
      ...[sum(({ flops }) => flops), sum(({ bytes }) => bytes)],
    ];
  });
}
