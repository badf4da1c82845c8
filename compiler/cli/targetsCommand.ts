/** `fusion-studio targets`: where models can run from here, the compilers for phones, and what is missing. */
import { Adb } from '../device/adb.ts';
import { DeviceError } from '../device/errors.ts';
import type { Abi } from '../device/facts.ts';
import { ABIS } from '../device/facts.ts';
import type { TargetChoice } from '../protocol.ts';
import { listDevices, listTargets } from '../run/listTargets.ts';
import { RunFailure } from '../run/runFailure.ts';
import { findDeviceToolchain } from '../run/toolchains/deviceToolchain.ts';
import { UsageError, readArguments } from './command.ts';
import type { Command } from './command.ts';
import { runSettings, withCancelling } from './runCommand.ts';
import { alignColumns, printable } from './terminal.ts';

export const targetsCommand: Command = {
  name: 'targets',
  synopsis: '[--json]',
  summary:
    'List where models can run: this computer and connected phones; the compilers for phones; what is missing.',
  run,
};

interface Targets {
  readonly targets: readonly TargetChoice[];
  /** Why no phone can be reached, and what to do; null: adb works. */
  readonly adb: string | null;
  readonly compilers: readonly {
    readonly abi: Abi;
    readonly available: boolean;
    /** Which, or what to install. */
    readonly detail: string;
  }[];
}

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean' } },
  });
  if (positionals.length > 0) throw new UsageError(`unexpected argument '${positionals[0]}'`);
  const found = await withCancelling(find);
  if (typeof found === 'number') return found;
  process.stdout.write(values.json ? `${JSON.stringify(found, null, 2)}\n` : asText(found));
  return 0;
}

async function find(signal: AbortSignal): Promise<Targets> {
  const { compiler } = runSettings();
  const [own, compilers, adb] = await Promise.all([
    listTargets({ compiler, signal }),
    Promise.all(ABIS.map((abi) => compilerFor(abi, signal))),
    adbProblem(signal),
  ]);
  const phones = adb === null ? await listDevices({ signal }) : [];
  return { targets: [...own, ...phones], adb, compilers };
}

async function adbProblem(signal: AbortSignal): Promise<string | null> {
  try {
    await Adb.open({ signal });
    return null;
  } catch (error) {
    if (error instanceof DeviceError) return error.message;
    throw error;
  }
}

async function compilerFor(abi: Abi, signal: AbortSignal): Promise<Targets['compilers'][number]> {
  try {
    const { label, compiler, isDynamic } = await findDeviceToolchain({ abi, signal });
    const kind = isDynamic ? '' : ', static programs: no GPU';
    return { abi, available: true, detail: `${label} (${compiler})${kind}` };
  } catch (error) {
    if (!(error instanceof RunFailure) || error.failure !== 'unavailable') throw error;
    return { abi, available: false, detail: error.message };
  }
}

function asText({ targets, adb, compilers }: Targets): string {
  const hasPhones = targets.some(({ target }) => target.startsWith('adb:'));
  const state = (available: boolean): string => (available ? 'ready' : 'not ready');
  const rows = [
    ...targets.map(({ target, label, detail, available }) => [
      target,
      state(available),
      label,
      detail,
    ]),
    ...(hasPhones
      ? []
      : [
          ['adb:…', state(false), 'Phones', adb ?? 'adb knows of none: connect one by USB or TCP.'],
        ]),
    ...compilers.map(({ abi, available, detail }) => [
      '',
      state(available),
      `Compiler for ${abi}`,
      detail,
    ]),
  ];
  const shown = rows.map((row) => row.map(printable));
  return `${alignColumns([['target', '', 'name', 'detail'], ...shown], new Set()).join('\n')}\n`;
}
