/**
 * Messages between the editor's host and a run process (`runWorker.ts`), over Node IPC. One request, then any
 * number of progress messages, then one report or failure, and the process ends. To cancel, the host ends it.
 */
import type { PlanEdits } from '../fusion/plan.ts';
import type { ModelLocation } from '../protocol.ts';
import type { DeviceOptions, RunReport, RunTarget } from './runProtocol.ts';

export interface RunRequest {
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
}

export type RunAnswer =
  /** 'Generating kernels', 'Compiling 12 of 59', 'Running' …; `fraction` of the whole run, 0 to 1, where known. */
  | { readonly kind: 'progress'; readonly stage: string; readonly fraction?: number }
  | { readonly kind: 'report'; readonly report: RunReport }
  | {
      readonly kind: 'failed';
      /** Plain text, says what to do next. */
      readonly message: string;
      /** Ids of the operators that it is about. */
      readonly operators?: readonly string[];
      /** A compiler's own output, or another long text for the log. */
      readonly details?: string;
    };
