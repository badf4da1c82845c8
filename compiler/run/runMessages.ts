/**
 * Messages between the editor's host and a run process (`runWorker.ts`), over Node IPC. One request, then any
 * number of progress messages, then one report or failure, and the process ends. To cancel, the host ends it.
 */
import type { PlanEdits } from '../fusion/plan.ts';
import type { ModelLocation } from '../protocol.ts';
import type { CompareReport, DeviceOptions, RunReport, RunTarget } from './runProtocol.ts';

export interface RunRequest {
  readonly kind?: 'run';
  readonly location: ModelLocation;
  readonly edits: PlanEdits;
  readonly target: RunTarget;
  /** 0: one per physical core. */
  readonly threads: number;
  readonly warmup: number;
  readonly runs: number;
  readonly verify: boolean;
  /** C compiler for `native`, a setting; default: found. */
  readonly compiler?: string;
  /** Folder for object files and packed weights; default: the user's cache folder. */
  readonly cacheFolder?: string;
  /** Folders of the workspace: no program in them is run, whatever the search path says. */
  readonly untrusted?: readonly string[];
  /** How phones are reached. */
  readonly device?: DeviceOptions;
  /** Folder of an installed `onnxruntime-node` to verify with, a setting. */
  readonly onnxRuntime?: string;
  /** File of measured times, which the run adds to; default: the user's. */
  readonly profiles?: string;
}

/** Two plans by turns; `runs` counts pairs. */
export interface CompareRequest extends Omit<
  RunRequest,
  'kind' | 'edits' | 'verify' | 'onnxRuntime'
> {
  readonly kind: 'compare';
  readonly a: PlanEdits;
  readonly b: PlanEdits;
  /** Most milliseconds of a series of pairs (but 16 pairs at least); default: as many as asked for. */
  readonly budgetMs?: number;
}

/** Runs of variants that measure what the yellow cells of a plan ask for, for *Plan for this device*. */
export interface MeasureRequest extends Omit<RunRequest, 'kind' | 'verify' | 'onnxRuntime'> {
  readonly kind: 'measure';
  /** Most milliseconds of a series of repetitions; default: as many as asked for. */
  readonly budgetMs?: number;
}

export interface MeasureReport {
  /** Key of the device in the profile database: what `PlanEdits.device` names. */
  readonly device: string;
  readonly runs: number;
  /** Yellow cells that could not be measured. */
  readonly unanswered: number;
  /** Of the plan as it was. */
  readonly report: RunReport;
}

export type RunAnswer =
  /** 'Generating kernels', 'Compiling 12 of 59', 'Running' …; `fraction` of the whole run, 0 to 1, where known. */
  | { readonly kind: 'progress'; readonly stage: string; readonly fraction?: number }
  /** `device`: key in the profile database. */
  | { readonly kind: 'report'; readonly report: RunReport; readonly device: string }
  | { readonly kind: 'compared'; readonly report: CompareReport }
  | { readonly kind: 'measured'; readonly report: MeasureReport }
  | {
      readonly kind: 'failed';
      /** Plain text, says what to do next. */
      readonly message: string;
      /** Ids of the operators that it is about. */
      readonly operators?: readonly string[];
      /** A compiler's own output, or another long text for the log. */
      readonly details?: string;
    };
