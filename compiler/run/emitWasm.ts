/** The WebAssembly module of a bundle, and the names of its phases. */
import type { Bundle } from '../bundle/bundle.ts';
import type { EmittedKernel } from '../emit/kernel.ts';
import { emitModule, phaseExport } from '../emit/wasm/emitModule.ts';

export interface EmittedWasm {
  readonly module: Uint8Array;
  /** Exported function of each phase, by kernel. */
  readonly exports: readonly (readonly string[])[];
  readonly emitted: readonly EmittedKernel[];
}

/** @param shared the memory is shared between threads */
export function emitWasm(
  { kernels, target }: Pick<Bundle, 'kernels' | 'target'>,
  shared: boolean,
): EmittedWasm {
  const options = { sharedMemory: shared, relaxedSimd: target.fma };
  const { bytes, kernels: emitted } = emitModule(kernels, options);
  const exports = emitted.map(({ name, phased }) =>
    phased.phases.map((_, phase) => phaseExport(name, phase)),
  );
  return { module: bytes, exports, emitted };
}
