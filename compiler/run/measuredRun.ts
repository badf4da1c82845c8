/** A finished run as the profile database takes it: times and layouts of its blocks, and the name of its device. */
import { join } from 'node:path';
import { deviceKey } from '../profile/deviceKey.ts';
import { openProfiles, updateProfiles } from '../profile/profileDisk.ts';
import type { ProfileStore } from '../profile/profileStore.ts';
import type { MeasuredBlock, MeasuredRun } from '../profile/recordRun.ts';
import { recordRun } from '../profile/recordRun.ts';
import { layoutKey } from '../loop/layout.ts';
import type { PlanEdits } from '../fusion/plan.ts';
import type { ModelRun, RunModelOptions } from './runModel.ts';
import type { RunTarget } from './runProtocol.ts';

export type ProfilePlace = Pick<RunModelOptions, 'profiles' | 'cacheFolder'>;

/** Beside what else is kept between runs, unless a file is named; undefined: where this system keeps such things. */
export function profilePathOf({ profiles, cacheFolder }: ProfilePlace): string | undefined {
  return profiles ?? (cacheFolder === undefined ? undefined : join(cacheFolder, 'profiles.json'));
}

/** Key of the device that a run ran on. */
export function deviceOfRun({ report }: Pick<ModelRun, 'report'>): string {
  const { target, threads, device } = report;
  return deviceKey({ target: target as RunTarget, threads, device });
}

export function measuredRun(run: ModelRun, at = Date.now()): MeasuredRun {
  const { prepared, plan, report } = run;
  const noisy = report.noisy || report.device?.throttled === true;
  return { ecg: prepared.ecg, plan, blocks: measuredBlocks(run), noisy, at };
}

/**
 * Adds the run to the user's database; a run without block times changes nothing. Failing to write is no failure of the run.
 *
 * @param path of the database; default: the user's cache folder
 * @returns the database as it is now, or undefined where it was not changed
 */
export async function feedProfiles(
  run: ModelRun,
  path?: string,
): Promise<ProfileStore | undefined> {
  const measured = measuredRun(run);
  if (measured.blocks.every(({ nanoseconds }) => nanoseconds.length === 0)) return undefined;
  const device = deviceOfRun(run);
  try {
    return await updateProfiles((store) => void recordRun(store, device, measured), path);
  } catch {
    return undefined;
  }
}

/** What was measured, where some of the edits ask for it. */
export async function profilesFor(
  edits: readonly PlanEdits[],
  options: ProfilePlace,
): Promise<ProfileStore | undefined> {
  const isAsked = edits.some(({ device }) => device !== undefined);
  return isAsked ? openProfiles(profilePathOf(options)) : undefined;
}

function measuredBlocks({ plan, bundle, run }: ModelRun): readonly MeasuredBlock[] {
  const steps = new Map<number, number[]>();
  bundle.steps.forEach(({ block }, step) => {
    if (block >= 0) steps.set(block, [...(steps.get(block) ?? []), step]);
  });
  return plan.blocks.flatMap(({ index }) => {
    const own = steps.get(index);
    if (own === undefined) return [];
    const times = own.map((step) => run.results.blocks[step]!);
    const nanoseconds = times[0]!.map((_, repetition) =>
      times.reduce((sum, each) => sum + (each[repetition] ?? 0), 0),
    );
    const layout = own
      .flatMap((step) => bundle.steps[step]!.buffers)
      .map((buffer) => bundle.buffers[buffer]!)
      .filter(({ value, space }) => value >= 0 && space === 'arena')
      .map((buffer) => layoutKey(buffer.layout))
      .join('; ');
    return [{ block: index, nanoseconds, layout }];
  });
}
