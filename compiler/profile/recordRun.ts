/**
 * Feeds the profile database from a run: every block's time under its canonical text, with the layouts that it ran with.
 */
import type { Ecg } from '../ecg/ecg.ts';
import { blockKey } from '../fusion/blockKey.ts';
import type { FusionPlan } from '../fusion/plan.ts';
import type { ProfileSample } from './profileFile.ts';
import type { ProfileStore } from './profileStore.ts';

export interface MeasuredBlock {
  /** Index in the plan. */
  readonly block: number;
  /** Nanoseconds of each repetition, all steps of the block together. */
  readonly nanoseconds: readonly number[];
  /** Canonical text of the layouts of what it reads and writes. */
  readonly layout: string;
}

export interface MeasuredRun {
  readonly ecg: Ecg;
  readonly plan: FusionPlan;
  readonly blocks: readonly MeasuredBlock[];
  /** The run's times varied a lot, or the device was throttled. */
  readonly noisy: boolean;
  /** When it ran, milliseconds since 1970. */
  readonly at: number;
}

/** @returns how many blocks were recorded */
export function recordRun(store: ProfileStore, device: string, run: MeasuredRun): number {
  const { ecg, plan, noisy, at } = run;
  // Equal blocks of one model are one measurement: together they are as good as more repetitions.
  const byKey = new Map<string, { measured: MeasuredBlock; all: number[] }>();
  for (const measured of run.blocks) {
    if (measured.nanoseconds.length === 0) continue;
    const key = blockKey(ecg, plan.blocks[measured.block]!.operators);
    const known = byKey.get(`${key}\n${measured.layout}`);
    if (known !== undefined) known.all.push(...measured.nanoseconds);
    else {
      byKey.set(`${key}\n${measured.layout}`, { measured, all: [...measured.nanoseconds] });
    }
  }
  for (const { measured, all } of byKey.values()) {
    const { operators } = plan.blocks[measured.block]!;
    store.record(device, {
      key: blockKey(ecg, operators),
      layout: measured.layout,
      types: operators.map((operator) => ecg.nodes[operator]!.operator.type),
      sample: sampleOf(all, noisy, at),
    });
  }
  return byKey.size;
}

/** The deviation is robust: from the quartiles, as a normal distribution's would be. */
function sampleOf(nanoseconds: readonly number[], noisy: boolean, at: number): ProfileSample {
  const sorted = Float64Array.from(nanoseconds).sort();
  const quantile = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const low = sorted[below]!;
    return low + (place - below) * ((sorted[below + 1] ?? low) - low);
  };
  return {
    median: quantile(0.5),
    deviation: (quantile(0.75) - quantile(0.25)) / 1.349,
    repetitions: sorted.length,
    at,
    noisy,
  };
}
