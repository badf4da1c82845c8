/**
 * What a runner needs to know of a bundle, as plain data (JSON): tables of kernels, buffers and steps, and where inputs
 * and outputs are. The native program has them as C tables, the WebAssembly process reads them from a file.
 */
import type { Bundle } from '../bundle/bundle.ts';
import { largestExtents } from '../bundle/kernelFacts.ts';
import { costOf } from '../emit/c/cost.ts';
import type { EmittedKernel } from '../emit/kernel.ts';
import type { Index } from '../loop/indexExpr.ts';
import { storageBytes } from '../loop/scalarType.ts';

export interface RunTables {
  readonly arenaBytes: number;
  readonly weightBytes: number;
  readonly scratchBytes: number;
  readonly inputBytes: number;
  readonly kernels: readonly KernelTable[];
  readonly buffers: readonly {
    readonly space: 'arena' | 'weights';
    readonly offset: number;
    readonly bytes: number;
  }[];
  readonly steps: readonly StepTable[];
  readonly symbols: readonly { readonly name: string; readonly upperBound: number }[];
  /** Places in the inputs file: 64-byte aligned, in the order of the inputs. */
  readonly inputs: readonly { readonly buffer: number; readonly fileOffset: number }[];
  readonly outputs: readonly OutputTable[];
}

export interface KernelTable {
  readonly name: string;
  /** Size parameters, in the order of the steps' `sizes`. */
  readonly sizes: readonly string[];
  /** For WebAssembly, whose phases the runner calls; null: it runs once. C kernels call their own. */
  readonly phases: readonly (ParallelPhase | null)[];
}

/** Over the sizes. */
export interface ParallelPhase {
  /** Independent iterations. */
  readonly extent: Index;
  /** Roughly the scalar operations of one. */
  readonly cost: Index;
}

export interface StepTable {
  readonly kernel: number;
  readonly buffers: readonly number[];
  readonly sizes: readonly number[];
  readonly counts: readonly { readonly symbol: number; readonly buffer: number }[];
  /** Of `buffers`, the values that the block gives. */
  readonly outputs: readonly number[];
}

export interface OutputTable {
  readonly buffer: number;
  readonly elementBytes: number;
  /** Over the symbols. */
  readonly dims: readonly Index[];
  readonly physical: readonly number[];
}

/** Ranks that the runners' fixed arrays hold. */
export const MOST_RANK = 32;

/**
 * @param kernels as the target's emitter made them: they know the scratch memory that its code needs.
 * Throws Error when the bundle contradicts itself: kernels would write outside of their memory.
 */
export function runTables(bundle: Bundle, kernels: readonly EmittedKernel[]): RunTables {
  let inputBytes = 0;
  const inputs = bundle.inputs.map(({ buffer }) => {
    const fileOffset = inputBytes;
    inputBytes = align(fileOffset + bundle.buffers[buffer]!.bytes);
    return { buffer, fileOffset };
  });
  checkBuffers(bundle);
  return {
    arenaBytes: bundle.arenaBytes,
    weightBytes: bundle.weightBytes,
    scratchBytes: Math.max(bundle.scratchBytes, ...kernels.map(scratchOf)),
    inputBytes,
    kernels: kernels.map(({ name, phased: { program, phases } }) => ({
      name,
      sizes: program.sizes.map((size) => size.name),
      phases: phases.map(({ parallel, body }) =>
        parallel === undefined ? null : { extent: parallel.extent, cost: costOf(body) },
      ),
    })),
    buffers: bundle.buffers.map(({ space, offset, bytes }) => ({ space, offset, bytes })),
    steps: bundle.steps.map((step) => stepTable(bundle, step)),
    symbols: bundle.symbols.map(({ name, upperBound }) => ({ name, upperBound })),
    inputs,
    outputs: bundle.outputs.map(({ buffer, storage, dims }) => ({
      buffer,
      elementBytes: storageBytes(storage),
      dims,
      physical: bundle.buffers[buffer]!.physical,
    })),
  };
}

function stepTable({ kernels, buffers }: Bundle, step: Bundle['steps'][number]): StepTable {
  const { program, shared } = kernels[step.kernel]!.phased;
  const first = program.inputs.length;
  const expected = first + program.outputs.length + shared.length;
  if (step.buffers.length !== expected || step.sizes.length !== program.sizes.length) {
    throw new Error(`step of block ${step.block}: ${step.buffers.length} of ${expected} buffers`);
  }
  const outputs = step.buffers
    .slice(first, first + program.outputs.length)
    .filter((buffer) => buffers[buffer]!.value >= 0);
  const { kernel, sizes, counts } = step;
  return { kernel, buffers: step.buffers, sizes, counts, outputs };
}

/** Of one thread, sizes at their upper bounds. */
function scratchOf({ scratchBytes, phased: { program } }: EmittedKernel): number {
  return Math.max(0, ...largestExtents([scratchBytes], program));
}

function checkBuffers({ buffers, arenaBytes, weightBytes, outputs }: Bundle): void {
  buffers.forEach(({ space, offset, bytes, physical, storage }, i) => {
    const limit = space === 'arena' ? arenaBytes : weightBytes;
    const needed = physical.reduce((product, dim) => product * dim, storageBytes(storage));
    if (offset < 0 || offset % 64 !== 0 || offset + bytes > limit || bytes < needed) {
      throw new Error(`buffer ${i}: ${bytes} bytes at ${offset} of ${limit}, ${needed} needed`);
    }
  });
  for (const { dims, buffer } of outputs) {
    const { physical } = buffers[buffer]!;
    if (dims.length > MOST_RANK) throw new RangeError(`an output has ${dims.length} axes`);
    if (dims.length !== physical.length) throw new Error('outputs are row-major');
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
