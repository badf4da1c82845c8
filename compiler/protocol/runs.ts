/** Kernels as people read them; runs and their times, as the page shows them. */
import type { PlannerName } from '../fusion/plan.ts';
import type {
  CompareReport,
  DeviceReport,
  RunTarget,
  Spread,
  VerifyReport,
} from '../run/runProtocol.ts';

/** A generated kernel as people read it. */
export interface KernelText {
  /** 'k12_conv.c': a file name of the compiler's own. */
  readonly name: string;
  readonly text: string;
}

export interface RunSummary {
  /** Unique within the document's history. */
  readonly id: number;
  readonly target: RunTarget;
  /** 'WebAssembly', 'Pixel 8 (GPU)'. Partly a device's own words. */
  readonly place: string;
  readonly threads: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly planner: PlannerName;
  readonly rewriting: boolean;
  /** With the user's overrides. */
  readonly edited: boolean;
  readonly blocks: number;
  readonly latencyMs: Spread;
  readonly noisy: boolean;
  readonly device: DeviceReport | null;
  readonly verify: VerifyReport | null;
}

export interface ShownRun extends RunSummary {
  /** Per block of the plan on screen, milliseconds; NaN where the run did not have this block. */
  readonly blockMs: Float64Array;
  readonly arenaBytes: number;
  readonly movedBytes: number;
  readonly compileMs: number;
}

/** A place to run at, as a picker shows it. */
export interface TargetChoice {
  readonly target: RunTarget;
  readonly label: string;
  /** What it is, or why it cannot be used and what to do. */
  readonly detail: string;
  readonly available: boolean;
}

/** Two plans that ran by turns. */
export interface ComparedSummary {
  readonly a: string;
  readonly b: string;
  readonly place: string;
  readonly report: CompareReport;
}

/** Where the next run goes. */
export interface ChosenTarget {
  readonly target: RunTarget;
  readonly label: string;
  /** Why it cannot be reached now, and what to do. */
  readonly obstacle?: string;
}

export interface RunsState {
  readonly target: ChosenTarget;
  readonly running: { readonly stage: string; readonly fraction: number | null } | null;
  /** Newest first. */
  readonly history: readonly RunSummary[];
  /** Whose times are on the graph. */
  readonly shown: ShownRun | null;
  /** The last comparison. */
  readonly compared: ComparedSummary | null;
}
