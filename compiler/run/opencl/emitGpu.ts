/** OpenCL source of a bundle, and the C sources of its host program. */
import type { Bundle } from '../../bundle/bundle.ts';
import type { GpuKernel } from '../../emit/opencl/emitKernel.ts';
import { emitGpuKernel, gpuProgram } from '../../emit/opencl/emitKernel.ts';

export interface EmittedGpu {
  /** OpenCL C of all kernels. */
  readonly source: string;
  readonly emitted: readonly GpuKernel[];
}

/** Emits kernel after kernel; `checkpoint` is awaited between them and may throw to cancel. */
export async function emitGpu(
  { kernels }: Pick<Bundle, 'kernels'>,
  checkpoint: () => Promise<void> = () => Promise.resolve(),
): Promise<EmittedGpu> {
  const emitted: GpuKernel[] = [];
  for (const [i, { phased }] of kernels.entries()) {
    await checkpoint();
    emitted.push(emitGpuKernel(`k${i}`, phased.program));
  }
  return { source: gpuProgram(emitted), emitted };
}
