/**
 * `fusion-studio profile`: measures what planning for a device has to know, says what that changes, and moves the database
 * of measured times between computers.
 */
import { basename, resolve } from 'node:path';
import { ModelError } from '../diagnostics.ts';
import { PLANNERS } from '../fusion/plan.ts';
import { plannerFor } from '../compile.ts';
import { planForDevice } from '../profile/planForDevice.ts';
import type { DevicePlan } from '../profile/planForDevice.ts';
import {
  exportProfiles,
  openProfiles,
  readProfiles,
  updateProfiles,
} from '../profile/profileDisk.ts';
import { ProfileFileError } from '../profile/profileFile.ts';
import type { Measured } from '../run/measureModel.ts';
import { measureModel } from '../run/measureModel.ts';
import { UsageError, onlyPositional, readArguments } from './command.ts';
import type { Command } from './command.ts';
import { readEdits } from './editArguments.ts';
import { TARGET_NAMES, readCores, readCount, readTarget } from './runArguments.ts';
import { runSettings, sayAssumed, showStage, withCancelling } from './runCommand.ts';
import { printable } from './terminal.ts';

export const profileCommand: Command = {
  name: 'profile',
  synopsis:
    `[MODEL] [--target ${TARGET_NAMES}] [--planner ${PLANNERS.join('|')}]\n` +
    '      [--overrides FILE] [--dim NAME=N] [--threads N] [--runs N] [--cores all|big|LIST]\n' +
    '      [--import FILE] [--export FILE] [--json]',
  summary:
    'Measure what the yellow cells of a plan ask for on a target, and say how a plan with measured times differs. ' +
    '--import adds the measurements of a file, --export writes all to one.',
  run,
};

const BUDGET_MS = 2000;
const MOST_UNASKED_RUNS = 60;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      target: { type: 'string' },
      planner: { type: 'string' },
      overrides: { type: 'string' },
      dim: { type: 'string', multiple: true },
      threads: { type: 'string' },
      runs: { type: 'string' },
      cores: { type: 'string' },
      import: { type: 'string' },
      export: { type: 'string' },
      json: { type: 'boolean' },
    },
  });
  const target = readTarget(values.target);
  const threads = readCount('--threads', values.threads, 0, 256);
  const runs = readCount('--runs', values.runs, MOST_UNASKED_RUNS, 100_000);
  const cores = readCores(values.cores);
  const isMove = values.import !== undefined || values.export !== undefined;
  if (positionals.length === 0 && !isMove) throw new UsageError('MODEL is missing');
  if (values.import !== undefined) await addFile(values.import);
  if (positionals.length > 0) {
    const path = onlyPositional(positionals, 'MODEL');
    const { edits } = await readEdits(path, values);
    const store = await openProfiles();
    const measured = await withCancelling((signal) =>
      measureModel({
        location: { kind: 'file', path: resolve(path) },
        edits,
        assumeSizes: sayAssumed,
        target,
        threads,
        warmup: 2,
        runs,
        budgetMs: values.runs === undefined ? BUDGET_MS : 0,
        store,
        ...runSettings(),
        device: { cores },
        signal,
        ...(values.json ? {} : { onProgress: showStage }),
      }),
    );
    if (typeof measured === 'number') return measured;
    await updateProfiles((own) => own.merge(store.content()));
    const { ecg, bound } = measured.first.prepared;
    const planner = plannerFor(bound.model, ecg, store);
    const found = planForDevice(ecg, planner, edits, measured.device);
    process.stdout.write(values.json ? asJson(measured, found) : asText(path, measured, found));
  }
  if (values.export !== undefined) await exportProfiles(await openProfiles(), values.export);
  return 0;
}

async function addFile(path: string): Promise<void> {
  try {
    const content = await readProfiles(path);
    if (content.size === 0) throw new ProfileFileError('It is missing or empty.');
    await updateProfiles((store) => store.merge(content));
  } catch (error) {
    if (!(error instanceof ProfileFileError)) throw error;
    throw new ModelError('model/unreadable', `${path}: ${error.message}`);
  }
}

function asJson({ device, runs, unanswered }: Measured, found: DevicePlan): string {
  const { flips, changed, measured, plan } = found;
  const text = {
    device,
    runs,
    unanswered,
    measured,
    blocks: plan.blocks.length,
    changed: changed.map(({ block, before }) => ({ block: plan.blocks[block]!.id, before })),
    flips: flips.map(({ sentence, after }) => ({ fused: after.fused, sentence })),
  };
  return `${JSON.stringify(text, null, 2)}\n`;
}

function asText(path: string, { device, runs, unanswered }: Measured, found: DevicePlan): string {
  const { flips, changed, measured, plan } = found;
  const lines = [
    `${printable(basename(path))} on ${printable(device)}: ${runs} run${runs === 1 ? '' : 's'}`,
    `${measured} yellow edges decided by measured times` +
      (unanswered > 0 ? `, ${unanswered} could not be measured` : ''),
    ...flips.map(({ sentence }) => `  ${printable(sentence)}`),
    flips.length === 0
      ? 'the plan stays as it is'
      : `${changed.length} of ${plan.blocks.length} blocks are new`,
  ];
  return `${lines.join('\n')}\n`;
}
