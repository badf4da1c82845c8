/**
 * Measures what the profile database lacks for *Plan for this device*: the plan as it is, then variants that time what its
 * yellow cells ask for, until every one is answered or a limit is reached. Answers change the plan and so the questions.
 */
import { DEFAULT_CONTEXT } from '../fusion/context.ts';
import { loweringCanCompile } from '../lower/compilable.ts';
import type { ProfileStore } from '../profile/profileStore.ts';
import { recordRun } from '../profile/recordRun.ts';
import { measuringVariant, missingMeasurements } from '../profile/yellowQuestions.ts';
import { deviceOfRun, measuredRun } from './measuredRun.ts';
import type { ModelRun, RunModelOptions } from './runModel.ts';
import { runModel } from './runModel.ts';

export interface MeasureOptions extends Omit<RunModelOptions, 'verify' | 'expected' | 'dump'> {
  /** Gets the measurements; the caller writes them to disk. */
  readonly store: ProfileStore;
  /** Runs after the first; default 8. */
  readonly mostVariants?: number;
}

export interface Measured {
  /** Key of the device in the database. */
  readonly device: string;
  /** Runs, the first included. */
  readonly runs: number;
  /** Yellow cells of the plan that are still not answered: no kernel, or the limit of runs. */
  readonly unanswered: number;
  /** The run of the plan as it was. */
  readonly first: ModelRun;
}

const MOST_VARIANTS = 8;

/** Throws RunFailure, RunCancelled, ModelError. */
export async function measureModel(options: MeasureOptions): Promise<Measured> {
  const { store, mostVariants = MOST_VARIANTS, onProgress, ...rest } = options;
  const measure = async (edits: RunModelOptions['edits'], name: string): Promise<ModelRun> => {
    const run = await runModel({
      ...rest,
      edits,
      verify: false,
      onProgress: (stage, fraction) => onProgress?.(`${name}: ${stage}`, fraction),
    });
    recordRun(store, deviceOfRun(run), measuredRun(run));
    return run;
  };
  const first = await measure(options.edits, 'Plan');
  const device = deviceOfRun(first);
  const { ecg, bound } = first.prepared;
  const context = {
    ...DEFAULT_CONTEXT,
    profile: store,
    canCompile: loweringCanCompile(bound.model),
  };
  const edits = { ...options.edits, device };
  const tried = new Set<string>();
  let runs = 1;
  let missing = missingMeasurements(ecg, edits, context);
  for (; missing.length > 0 && runs <= mostVariants; runs++) {
    const variant = measuringVariant(ecg, edits, missing, tried);
    if (variant === undefined) break;
    await measure(variant, `Measurement ${runs}`);
    missing = missingMeasurements(ecg, edits, context);
  }
  return { device, runs, unanswered: missing.length, first };
}
