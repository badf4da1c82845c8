/**
 * What a runner says while a bundle runs, one JSON object a line, the same for every target (WebAssembly
 * process, native program, phone). Untrusted when it comes from a device: `parseRunnerMessage` checks it.
 */

/** Where a model runs: on this computer, or on a phone's processor or GPU by its adb serial number. */
export type RunTarget = 'wasm' | 'native' | 'opencl' | `adb:${string}`;

/** Serial numbers as adb lists them: also `host:port` of a device over TCP. */
const DEVICE_TARGET = /^adb:([\w.:[\]%-]{1,128}?)(\/gpu)?$/;

/** The target that a text names, or undefined. */
export function parseRunTarget(text: string): RunTarget | undefined {
  if (text === 'wasm' || text === 'native' || text === 'opencl') return text;
  return DEVICE_TARGET.test(text) ? (text as RunTarget) : undefined;
}

/** Serial number and processor of a target on a device. */
export function deviceOf(
  target: RunTarget,
): { readonly serial: string; readonly gpu: boolean } | undefined {
  const match = DEVICE_TARGET.exec(target);
  return match === null ? undefined : { serial: match[1]!, gpu: match[2] !== undefined };
}

/** Of two plans that are compared in one program; absent: the first or only one. */
export type PlanIndex = 0 | 1;

export type RunnerMessage =
  /** First line. */
  | {
      readonly kind: 'hello';
      readonly runner: string;
      /** Of the library that drives the machine: 'OpenCL 3.0 …'. */
      readonly version?: string;
      readonly threads: number;
      readonly cores: number;
      /** First run, weights loaded: milliseconds. */
      readonly firstRunMs?: number;
    }
  /** The first inference, weights loaded; later ones find warm caches and optimised code. */
  | { readonly kind: 'first'; readonly plan?: PlanIndex; readonly nanoseconds: number }
  /** Whole inferences without block timers: nanoseconds of each repetition. Of two plans, the same places are a pair. */
  | { readonly kind: 'total'; readonly plan?: PlanIndex; readonly nanoseconds: readonly number[] }
  /** One step in repetitions of their own. */
  | { readonly kind: 'block'; readonly step: number; readonly nanoseconds: readonly number[] }
  /** Written to the outputs file: byte range, actual dims. */
  | {
      readonly kind: 'output';
      readonly index: number;
      readonly dims: readonly number[];
      readonly offset: number;
      readonly bytes: number;
    }
  /** A value that a block gives, as it lies in memory (layout, gaps), in the dump file; in the order of the steps. */
  | {
      readonly kind: 'tensor';
      readonly buffer: number;
      readonly offset: number;
      readonly bytes: number;
    }
  /** Data-dependent sizes of the last inference, one per symbol. */
  | { readonly kind: 'sizes'; readonly values: readonly number[] }
  | { readonly kind: 'memory'; readonly peakBytes: number }
  /** Ends the run. `check` counts from 0 within the kernel of the step. `failure`: there is no such device or library. */
  | {
      readonly kind: 'error';
      readonly failure?: 'unavailable';
      readonly step?: number;
      readonly check?: number;
      readonly message: string;
    }
  | { readonly kind: 'done' };

export interface Spread {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

/** A median and where it lies with 95 % confidence. */
export interface Interval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** `fusion-studio run --json`, and what the editor shows. */
export interface RunReport {
  readonly target: string;
  readonly threads: number;
  readonly latencyMs: Spread;
  readonly blocks: readonly {
    /** Stable block id; '' for a step that packaging put between blocks (a copy, a change of layout). */
    readonly id: string;
    readonly kernel: string;
    readonly medianMs: number;
  }[];
  /** Generating, compiling (kernels found in the cache cost nothing) and packing weights. */
  readonly compileMs: number;
  readonly firstRunMs: number;
  readonly arenaBytes: number;
  readonly peakLiveBytes: number;
  readonly movedBytes: number;
  readonly peakProcessBytes: number | null;
  readonly outputs: readonly {
    readonly name: string;
    readonly dims: readonly number[];
    readonly dtype: string;
  }[];
  readonly verify: VerifyReport | null;
  /** p90 more than 1.25 times the median. */
  readonly noisy: boolean;
  /** Of a phone or GPU: what ran it, and how it fared. */
  readonly device?: DeviceReport;
}

/** Settings of runs on phones; all from the user, none from a workspace. */
export interface DeviceOptions {
  /** The adb program; default: found. */
  readonly adb?: string | undefined;
  /** `host:port` of the adb server; default: the environment's, else this computer's. */
  readonly server?: string | undefined;
  /** Folder of an Android NDK, or a compiler; default: found. */
  readonly ndk?: string | undefined;
  /** 'all', 'big', or a list of processors ('4-7'). */
  readonly cores?: string | undefined;
}

/** Two plans of a model that ran by turns in one program; `fusion-studio compare --json`. */
export interface CompareReport {
  readonly target: string;
  readonly threads: number;
  readonly a: ComparedPlan;
  readonly b: ComparedPlan;
  /** Inferences of each without block timers. */
  readonly pairs: number;
  /** B - A. */
  readonly differenceMs: Interval;
  /** B / A. */
  readonly ratio: Interval;
  readonly verdict: CompareVerdict;
  /** Blocks that do the same work, and what they took in repetitions of their own. */
  readonly blocks: readonly ComparedBlocks[];
  /** Generating, compiling and packing weights for both. */
  readonly compileMs: number;
  /** The outputs of B next to those of A. */
  readonly agreement: Pick<VerifyReport, 'passed' | 'outputs'>;
  /** Of either plan, p90 more than 1.25 times the median. */
  readonly noisy: boolean;
  readonly device?: DeviceReport;
}

/** 'no-difference': the interval of the difference holds 0. */
export type CompareVerdict = 'a-faster' | 'b-faster' | 'no-difference';

export interface ComparedPlan extends Pick<
  RunReport,
  'latencyMs' | 'firstRunMs' | 'blocks' | 'arenaBytes' | 'peakLiveBytes' | 'movedBytes'
> {
  readonly planner: string;
}

export interface ComparedBlocks {
  /** Ids of blocks; both empty for the steps between blocks. */
  readonly a: readonly string[];
  readonly b: readonly string[];
  readonly aMs: number;
  readonly bMs: number;
  readonly differenceMs: Interval;
  /** Stricter than the interval of one alone, because there are many. */
  readonly verdict: CompareVerdict;
}

/** What a device says of itself: untrusted text, bounded and cleaned. */
export interface DeviceReport {
  /** Model of the phone, or name of the GPU. */
  readonly name: string;
  /** 'OpenCL 3.0 …', as the library says. */
  readonly opencl?: string;
  readonly soc?: string;
  readonly abi?: string;
  readonly android?: string;
  /** Processors that ran it, as asked for ('big', '4-7'). */
  readonly cores?: string;
  /** Hottest sensor, degrees Celsius. */
  readonly temperature?: { readonly before: number; readonly after: number };
  /** Highest clock of the processors in use, MHz. */
  readonly clock?: { readonly before: number; readonly after: number };
  readonly throttled: boolean;
}

/** What outputs were compared with, after 'against'. */
export const REFERENCES = {
  onnxruntime: 'ONNX Runtime',
  interpreter: 'the unfused interpreter',
  unfused: 'the unfused plan on the same target',
  given: 'the expected outputs',
} as const;

export interface VerifyReport {
  /** unfused: the same target without fusion, where the interpreter would take too long; given: by the caller. */
  readonly reference: 'onnxruntime' | 'interpreter' | 'unfused' | 'given';
  readonly passed: boolean;
  readonly outputs: readonly {
    readonly name: string;
    /** Largest |a - b|, and the largest of |a - b| / (1e-3·|b| + 1e-4·rms(b)). */
    readonly largestError: number;
    readonly worstOfTolerance: number;
    /** Types or sizes differ: nothing was compared. */
    readonly mismatch?: string;
  }[];
}
