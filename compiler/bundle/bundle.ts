/**
 * A model ready to run on one target: unique kernels, packed weights, one arena, the steps in order. Plain data, but for
 * the weights, which are produced in chunks when they are written.
 */
import type { EmittedKernel, KernelCheck } from '../emit/kernel.ts';
import type { Constant, KnownTensor } from '../graph/graph.ts';
import type { Index } from '../loop/indexExpr.ts';
import type { Layout } from '../loop/layout.ts';
import type { StorageType } from '../loop/scalarType.ts';
import type { TileSize } from '../schedule/winograd/transforms.ts';
import type { Target } from '../target/target.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Memory of one value, 64-byte aligned. */
export interface BundleBuffer {
  /** Value index in the graph, or -1 (scratch that kernels share between phases). */
  readonly value: number;
  readonly space: 'arena' | 'weights';
  readonly offset: number;
  /** Bytes, sizes at their upper bounds. */
  readonly bytes: number;
  readonly storage: StorageType;
  /** Extents in memory; data-dependent ones at their upper bound. */
  readonly physical: readonly number[];
  readonly layout?: Layout;
  /** Weights that are 3 x 3 filters, transformed for tiles of this size before they are laid out. */
  readonly filter?: TileSize;
}

export interface BundleStep {
  /** Index of the fusion block in the plan; -1: a step that packaging added (a copy, sizes as a tensor). */
  readonly block: number;
  /** Index into `kernels`. */
  readonly kernel: number;
  /** Indices into `buffers`: inputs, outputs, shared, in the order of the kernel's arguments. */
  readonly buffers: readonly number[];
  /** Index into `symbols` of each size parameter. */
  readonly sizes: readonly number[];
  /** Sizes that this step finds out: element 0 (int64) of the buffer becomes the symbol's value. */
  readonly counts: readonly { readonly symbol: number; readonly buffer: number }[];
  /** Whom a failed check blames, where it is not what the kernel (shared with another block) says. */
  readonly checks?: readonly KernelCheck[];
}

export interface BundleTensor {
  readonly name: string;
  /** Among the inputs or outputs of the model file, the N of `input_N.pb`; default: the place in the list. */
  readonly position?: number;
  readonly storage: StorageType;
  /** Over `symbols` by name where data-dependent. */
  readonly dims: readonly Index[];
  /** Index into `buffers`. Inputs and outputs are row-major, but strides are those of `physical`. */
  readonly buffer: number;
}

/** An input that is part of the bundle: it was built for this value and must not run with another. */
export interface BoundInput {
  /** Among the inputs of the model file. */
  readonly position: number;
  readonly name: string;
  readonly tensor: Tensor;
}

/** One packed constant of the weights. */
export interface BundleConstant {
  /** Index into `buffers`. */
  readonly buffer: number;
  readonly constant: Constant;
  /** Elements of computed constants. */
  readonly known?: KnownTensor;
}

export interface Bundle {
  readonly target: Target;
  readonly kernels: readonly EmittedKernel[];
  readonly buffers: readonly BundleBuffer[];
  readonly steps: readonly BundleStep[];
  /** Data-dependent sizes, set while running; `name` is the compiler's own (`size3`). */
  readonly symbols: readonly {
    readonly name: string;
    /** What the graph calls it: untrusted text. */
    readonly symbol?: string;
    readonly upperBound: number;
  }[];
  /** Written before every run: later steps may use the memory of an input that is not read any more. */
  readonly inputs: readonly BundleTensor[];
  readonly outputs: readonly BundleTensor[];
  readonly bound?: readonly BoundInput[];
  /** What the weights are made of, by ascending offset; see `writeWeights`. */
  readonly constants?: readonly BundleConstant[];
  readonly arenaBytes: number;
  readonly weightBytes: number;
  /** Scratch of one thread: the most that any kernel needs. */
  readonly scratchBytes: number;
  readonly report: BundleReport;
}

export interface BundleReport {
  /** The largest sum of tensors that live at the same time: what no arena can be below. */
  readonly peakLiveBytes: number;
  /** Written and read between blocks. */
  readonly movedBytes: number;
  readonly layoutConversions: { readonly count: number; readonly bytes: number };
}
