/**
 * Two bundles as one, so that two plans run by turns in one program on any target: the second's kernels, buffers, steps,
 * inputs and outputs follow the first's. Equal kernels and equal constants are there once, so that a plan compared with itself
 * runs the same code on the same memory. Both use the same arena: inputs are filled in before every inference.
 */
import type { Bundle, BundleBuffer, BundleConstant, BundleStep } from '../../bundle/bundle.ts';
import { kernelKey } from '../../bundle/kernelKey.ts';
import type { EmittedKernel } from '../../emit/kernel.ts';
import { layoutKey } from '../../loop/layout.ts';
import { renameSizes } from './renameSizes.ts';
import type { CompareSplit } from '../runnerOptions.ts';

export interface MergedBundles {
  readonly bundle: Bundle;
  readonly split: CompareSplit;
  /** Blocks of the second's steps are numbered from here. */
  readonly secondBlock: number;
}

/** @param a, b made for the same target */
export function mergeBundles(a: Bundle, b: Bundle): MergedBundles {
  const secondBlock = 1 + Math.max(-1, ...a.steps.map(({ block }) => block));
  const kernels = mergeKernels(a.kernels, b.kernels);
  const memory = mergeMemory(a, b);
  const steps = b.steps.map((step): BundleStep => {
    const { checks } = b.kernels[step.kernel]!;
    return {
      block: step.block < 0 ? -1 : step.block + secondBlock,
      kernel: kernels.placeOf[step.kernel]!,
      buffers: step.buffers.map((buffer) => memory.placeOf[buffer]!),
      sizes: step.sizes.map((symbol) => symbol + a.symbols.length),
      counts: step.counts.map(({ symbol, buffer }) => ({
        symbol: symbol + a.symbols.length,
        buffer: memory.placeOf[buffer]!,
      })),
      // An equal kernel of the first blames the first's operators.
      checks: step.checks ?? checks,
    };
  });
  const nameOf = (symbol: number): string => `second${symbol}`;
  const renamed = new Map(b.symbols.map(({ name }, i) => [name, nameOf(i)]));
  const moved = (tensors: Bundle['inputs']): Bundle['inputs'] =>
    tensors.map((tensor) => ({
      ...tensor,
      dims: tensor.dims.map((dim) => renameSizes(dim, renamed)),
      buffer: memory.placeOf[tensor.buffer]!,
    }));
  const bundle: Bundle = {
    ...a,
    kernels: kernels.all,
    buffers: memory.buffers,
    steps: [...a.steps, ...steps],
    symbols: [...a.symbols, ...b.symbols.map((symbol, i) => ({ ...symbol, name: nameOf(i) }))],
    inputs: [...a.inputs, ...moved(b.inputs)],
    outputs: [...a.outputs, ...moved(b.outputs)],
    constants: memory.constants,
    arenaBytes: Math.max(a.arenaBytes, b.arenaBytes),
    weightBytes: memory.weightBytes,
    scratchBytes: Math.max(a.scratchBytes, b.scratchBytes),
  };
  const split = { steps: a.steps.length, inputs: a.inputs.length, outputs: a.outputs.length };
  return { bundle, split, secondBlock };
}

function mergeKernels(
  a: readonly EmittedKernel[],
  b: readonly EmittedKernel[],
): { readonly all: readonly EmittedKernel[]; readonly placeOf: readonly number[] } {
  const all = [...a];
  const names = new Set(a.map(({ name }) => name));
  const known = new Map(a.map((kernel, i) => [keyOf(kernel), i]));
  const placeOf = b.map((kernel) => {
    const same = known.get(keyOf(kernel));
    if (same !== undefined) return same;
    let { name } = kernel;
    while (names.has(name)) name += '_b';
    names.add(name);
    return all.push({ ...kernel, name }) - 1;
  });
  return { all, placeOf };
}

function keyOf({ phased }: EmittedKernel): string {
  return kernelKey(phased.program, []);
}

function mergeMemory(a: Bundle, b: Bundle) {
  const buffers = [...a.buffers];
  const constants: BundleConstant[] = [...(a.constants ?? [])];
  const known = new Map<BundleConstant['constant'], Map<string, number>>();
  for (const { constant, buffer } of constants) {
    const own = known.get(constant) ?? new Map<string, number>();
    known.set(constant, own.set(packingKey(buffers[buffer]!), buffer));
  }
  const constantOf = new Map((b.constants ?? []).map((entry) => [entry.buffer, entry]));
  let weightBytes = align(a.weightBytes);
  const placeOf = b.buffers.map((buffer, i) => {
    if (buffer.space === 'arena') return buffers.push(buffer) - 1;
    const entry = constantOf.get(i);
    const same = entry && known.get(entry.constant)?.get(packingKey(buffer));
    if (same !== undefined) return same;
    const at = buffers.push({ ...buffer, offset: weightBytes }) - 1;
    weightBytes = align(weightBytes + buffer.bytes);
    if (entry !== undefined) constants.push({ ...entry, buffer: at });
    return at;
  });
  return { buffers, constants, placeOf, weightBytes };
}

/** Constants that are packed alike are the same bytes. */
function packingKey({ storage, physical, layout, filter, bytes }: BundleBuffer): string {
  return `${storage} ${physical.join('x')} ${layoutKey(layout)} ${filter ?? ''} ${bytes}`;
}

function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
