/**
 * Where bundles run: a WebAssembly process, a native program, a phone. A place says for which target record code is
 * generated, makes a program of a bundle, and starts it; `runBundle` does the rest the same way for all of them.
 */
import type { Bundle } from '../bundle/bundle.ts';
import type { EmittedKernel } from '../emit/kernel.ts';
import type { Target } from '../target/target.ts';
import type { FollowedProcess } from './process.ts';
import type { RunnerFiles, RunnerOptions } from './runnerOptions.ts';
import type { DeviceReport, RunTarget } from './runProtocol.ts';
import type { RunTables } from './runTables.ts';

export interface Place {
  readonly name: RunTarget;
  readonly target: Target;
  /** Emits and builds. Throws RunFailure, CompilerError, RunCancelled. */
  readonly prepare: (bundle: Bundle, options: PlaceOptions) => Promise<PlacedRun>;
}

export interface PlaceOptions {
  /** Of the run, on this computer; empty, removed by the caller. */
  readonly folder: string;
  /** 0: as many as the place thinks best. */
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((stage: string, fraction?: number) => void) | undefined;
  readonly checkpoint: () => Promise<void>;
}

/** A program that waits to be started. */
export interface PlacedRun {
  readonly tables: RunTables;
  readonly emitted: readonly EmittedKernel[];
  readonly compiled: number;
  readonly cached: number;
  /** Brings weights and inputs to where the program is. */
  readonly carry?: (files: RunnerFiles) => Promise<void>;
  /** What to do where the program finds that its device is missing; a sentence. */
  readonly advice?: string;
  /** Says JSON lines (`RunnerMessage`) on its standard output; killing it ends the run. */
  readonly start: (files: RunnerFiles, options: RunnerOptions) => FollowedProcess;
  /** Brings outputs and dump to the files named before. */
  readonly collect?: (files: RunnerFiles) => Promise<void>;
  /** Leaves nothing behind; called however the run ended. */
  readonly dispose?: () => Promise<void>;
  /** Facts and measurements of a device, once the run has ended. */
  readonly device?: () => DeviceReport | undefined;
}
