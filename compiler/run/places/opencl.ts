/** The GPU of this computer, or any other device that its OpenCL library offers. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TARGETS } from '../../target/target.ts';
import type { NativeBuildOptions } from '../buildNative.ts';
import { buildFiles } from '../buildNative.ts';
import { ObjectCache } from '../objectCache.ts';
import { emitGpu } from '../opencl/emitGpu.ts';
import { gpuFiles } from '../opencl/gpuFiles.ts';
import type { Place } from '../place.ts';
import { cleanEnvironment } from '../process.ts';
import { runnerArguments } from '../runnerOptions.ts';
import { runTables } from '../runTables.ts';
import type { Toolchain } from '../toolchain.ts';

/** File of the kernels, in the run's folder. */
export const KERNELS_FILE = 'kernels.cl';

/** @param device part of the name of a device or platform; default: the first GPU, else the first device */
export function openclPlace(
  toolchain: Toolchain,
  build: Pick<NativeBuildOptions, 'cacheFolder' | 'cacheBytes' | 'flags'> = {},
  device?: string,
): Place {
  return {
    name: 'opencl',
    target: TARGETS.opencl,
    prepare: async (bundle, { folder, signal, onProgress, checkpoint }) => {
      const { source, emitted } = await emitGpu(bundle, checkpoint);
      const tables = runTables(bundle, emitted);
      const kernels = join(folder, KERNELS_FILE);
      await writeFile(kernels, source);
      const { program, compiled, cached } = await buildFiles(gpuFiles(tables, emitted), {
        ...build,
        folder,
        toolchain: { ...toolchain, linkFlags: [...(toolchain.linkFlags ?? []), '-ldl'] },
        signal,
        onProgress: (done, total) => {
          if (total > 0) onProgress?.(`Compiling ${done} of ${total}`, done / total);
        },
      });
      const cache = await ObjectCache.open(build.cacheFolder, build.cacheBytes);
      const { built, unfinished } = cache.builtFiles(source);
      const kept = ['--built', built, '--unfinished', unfinished];
      const chosen = device === undefined ? [] : ['--device', device];
      return {
        tables,
        emitted,
        compiled,
        cached,
        advice: ADVICE,
        start: (files, options) =>
          spawn(
            program,
            [
              ...runnerArguments(files, { ...options, threads: 1 }),
              ...['--source', kernels, ...kept, ...chosen],
            ],
            { cwd: folder, env: gpuEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] },
          ),
      };
    },
  };
}

const ADVICE =
  "Install the driver of this computer's GPU with its OpenCL part (on Linux also the package ocl-icd-libopencl1; PoCL, pocl-opencl-icd, offers the processor), or run on this computer's processor instead (native).";

/** OpenCL drivers keep compiled kernels in the user's cache folder and read where they are installed. */
function gpuEnvironment(): NodeJS.ProcessEnv {
  const names = ['HOME', 'OCL_ICD_VENDORS', 'POCL_CACHE_DIR', 'LD_LIBRARY_PATH', 'XDG_CACHE_HOME'];
  const kept = names.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...cleanEnvironment(), ...Object.fromEntries(kept) };
}
