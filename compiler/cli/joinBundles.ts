/**
 * Many small bundles as one that runs them one after the other: one program, one process. Each keeps memory of its own,
 * since all inputs are there before the first step; the block of a step is the number of its bundle.
 */
import type { Bundle, BundleBuffer, BundleConstant, BundleStep } from '../bundle/bundle.ts';
import { aligned } from '../bundle/memoryPlan.ts';
import { renameSizes } from '../run/compare/renameSizes.ts';

export interface BundlePart {
  readonly bundle: Bundle;
  /** Packed, `bundle.weightBytes` long. */
  readonly weights: Uint8Array;
}

export interface JoinedBundles {
  readonly bundle: Bundle;
  /** By part: where its outputs begin. */
  readonly firstOutput: readonly number[];
}

/** @param parts one or more, made for the same target */
export function joinBundles(parts: readonly BundlePart[]): JoinedBundles {
  const kernels: Bundle['kernels'][number][] = [];
  const buffers: BundleBuffer[] = [];
  const constants: BundleConstant[] = [];
  const steps: BundleStep[] = [];
  const symbols: Bundle['symbols'][number][] = [];
  const [inputs, outputs] = [[] as Bundle['inputs'][number][], [] as Bundle['outputs'][number][]];
  const firstOutput: number[] = [];
  let [arenaBytes, weightBytes, scratchBytes] = [0, 0, 0];
  parts.forEach(({ bundle, weights }, part) => {
    const [kernelAt, bufferAt, symbolAt] = [kernels.length, buffers.length, symbols.length];
    const prefix = `part${part}_`;
    const renamed = new Map(bundle.symbols.map(({ name }) => [name, `${prefix}${name}`]));
    const [arenaAt, weightsAt] = [arenaBytes, weightBytes];
    const moved = (tensors: Bundle['inputs']): Bundle['inputs'] =>
      tensors.map((tensor) => ({
        ...tensor,
        dims: tensor.dims.map((dim) => renameSizes(dim, renamed)),
        buffer: tensor.buffer + bufferAt,
      }));
    firstOutput.push(outputs.length);
    kernels.push(...bundle.kernels.map((each) => ({ ...each, name: `${prefix}${each.name}` })));
    buffers.push(
      ...bundle.buffers.map((buffer) => ({
        ...buffer,
        offset: buffer.offset + (buffer.space === 'weights' ? weightsAt : arenaAt),
      })),
    );
    steps.push(
      ...bundle.steps.map((step) => ({
        ...step,
        block: part,
        kernel: step.kernel + kernelAt,
        buffers: step.buffers.map((buffer) => buffer + bufferAt),
        sizes: step.sizes.map((symbol) => symbol + symbolAt),
        counts: step.counts.map(({ symbol, buffer }) => ({
          symbol: symbol + symbolAt,
          buffer: buffer + bufferAt,
        })),
      })),
    );
    symbols.push(
      ...bundle.symbols.map((symbol) => ({ ...symbol, name: `${prefix}${symbol.name}` })),
    );
    inputs.push(...moved(bundle.inputs));
    outputs.push(...moved(bundle.outputs));
    if (weights.length > 0) constants.push(asConstant(weights, weightsAt, buffers));
    arenaBytes += aligned(bundle.arenaBytes);
    weightBytes += aligned(bundle.weightBytes);
    scratchBytes = Math.max(scratchBytes, bundle.scratchBytes);
  });
  const { target } = parts[0]!.bundle;
  const report = { peakLiveBytes: 0, movedBytes: 0, layoutConversions: { count: 0, bytes: 0 } };
  const joined = { kernels, buffers, steps, symbols, inputs, outputs, constants };
  const bundle = { target, ...joined, arenaBytes, weightBytes, scratchBytes, report };
  return { bundle, firstOutput };
}

/** All weights of a part are one constant of bytes; its buffers lie inside. */
function asConstant(bytes: Uint8Array, offset: number, buffers: BundleBuffer[]): BundleConstant {
  const { length } = bytes;
  const place = { offset, bytes: length, storage: 'u8', physical: [length] } as const;
  const buffer = buffers.push({ value: -1, space: 'weights', ...place }) - 1;
  const source = { kind: 'bytes', bytes } as const;
  return { buffer, constant: { dtype: 'uint8', dims: [length], source } };
}
