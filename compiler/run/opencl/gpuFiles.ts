/** All files of the host program of a GPU run, by name: what is the same for every model, and what is generated. */
import { KERNEL_HEADER } from '../../emit/c/kernelHeader.ts';
import type { GpuKernel } from '../../emit/opencl/emitKernel.ts';
import { MEMORY_SOURCE } from '../native/memorySource.ts';
import { programSource } from '../native/programSource.ts';
import { REPORT_SOURCE } from '../native/reportSource.ts';
import { RUNTIME_HEADER } from '../native/runtimeHeader.ts';
import { KERNEL_HEADER_NAME, PROGRAM_NAME, RUNTIME_HEADER_NAME } from '../native/runtimeSources.ts';
import type { RunTables } from '../runTables.ts';
import { CL_HEADER } from './clHeader.ts';
import { GPU_HEADER } from './gpuHeader.ts';
import { GPU_MAIN_SOURCE } from './gpuMainSource.ts';
import { launchName, launchSource } from './launchSource.ts';
import { LIBRARY_SOURCE } from './librarySource.ts';

export function gpuFiles(
  tables: RunTables,
  kernels: readonly GpuKernel[],
): ReadonlyMap<string, string> {
  return new Map([
    [KERNEL_HEADER_NAME, KERNEL_HEADER],
    [RUNTIME_HEADER_NAME, RUNTIME_HEADER],
    ['fusion_cl.h', CL_HEADER],
    ['fusion_gpu.h', GPU_HEADER],
    ['fusion_cl.c', LIBRARY_SOURCE],
    ['fusion_gpu_main.c', GPU_MAIN_SOURCE],
    ['fusion_memory.c', MEMORY_SOURCE],
    ['fusion_report.c', REPORT_SOURCE],
    ['launches.c', launchSource(kernels)],
    [
      PROGRAM_NAME,
      programSource(
        tables,
        kernels.map((_, i) => launchName(i)),
      ),
    ],
  ]);
}
