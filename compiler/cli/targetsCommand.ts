/** `fusion-studio targets`: where models can run from here, and what is missing where they cannot. */
import type { TargetChoice } from '../protocol.ts';
import { listTargets } from '../run/listTargets.ts';
import { UsageError, readArguments } from './command.ts';
import type { Command } from './command.ts';
import { runSettings } from './runCommand.ts';
import { alignColumns, printable } from './terminal.ts';

export const targetsCommand: Command = {
  name: 'targets',
  synopsis: '[--json]',
  summary:
    'List where models can run: this computer, its GPU, connected phones; and what is missing.',
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean' } },
  });
  if (positionals.length > 0) throw new UsageError(`unexpected argument '${positionals[0]}'`);
  const targets = await listTargets(runSettings());
  process.stdout.write(
    values.json ? `${JSON.stringify({ targets }, null, 2)}\n` : `${table(targets).join('\n')}\n`,
  );
  return 0;
}

function table(targets: readonly TargetChoice[]): readonly string[] {
  const rows = targets.map(({ target, label, detail, available }) => [
    printable(target),
    available ? 'ready' : 'not ready',
    printable(label),
    printable(detail),
  ]);
  return alignColumns([['target', '', 'name', 'detail'], ...rows], new Set());
}
