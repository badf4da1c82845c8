/** All files of the host program of a GPU run, by name: what is the same for every model, and what is generated. */
import { KERNEL_HEADER, KERNEL_HEADER_NAME } from '../../emit/c/kernelHeader.ts';
import type { GpuKernel } from '../../emit/opencl/emitKernel.ts';
import { programSource } from '../runner/programSource.ts';
import { PROGRAM_NAME, RUNNER_SOURCES } from '../runner/runnerSources.ts';
import type { RunTables } from '../runTables.ts';
import { BUILD_SOURCE } from './buildSource.ts';
import { CL_HEADER } from './clHeader.ts';
import { DEVICE_HEADER } from './deviceHeader.ts';
import { DEVICE_SOURCE } from './deviceSource.ts';
import { GPU_HEADER } from './gpuHeader.ts';
import { launchName, launchSource } from './launchSource.ts';
import { LIBRARY_SOURCE } from './librarySource.ts';
import { GPU_MACHINE_SOURCE } from './machineSource.ts';

export function gpuFiles(
  tables: RunTables,
  kernels: readonly GpuKernel[],
): ReadonlyMap<string, string> {
  const functions = kernels.map((_, i) => launchName(i));
  return new Map([
    [KERNEL_HEADER_NAME, KERNEL_HEADER],
    ...Object.entries(RUNNER_SOURCES),
    ['fusion_cl.h', CL_HEADER],
    ['fusion_gpu.h', GPU_HEADER],
    ['fusion_device.h', DEVICE_HEADER],
    ['fusion_build.c', BUILD_SOURCE],
    ['fusion_cl.c', LIBRARY_SOURCE],
    ['fusion_device.c', DEVICE_SOURCE],
    ['fusion_gpu_machine.c', GPU_MACHINE_SOURCE],
    ['launches.c', launchSource(kernels)],
    [PROGRAM_NAME, programSource(tables, functions)],
  ]);
}
