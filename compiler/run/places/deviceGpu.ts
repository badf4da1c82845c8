/**
 * The GPU of a phone, through adb: the same host program as on this computer, made with the NDK so that it can load the
 * phone's OpenCL library. No OpenCL on a phone is a normal state, and said.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE } from '../../device/remoteFolder.ts';
import { TARGETS } from '../../target/target.ts';
import { buildFiles } from '../buildNative.ts';
import { emitGpu } from '../opencl/emitGpu.ts';
import { builtPrefix } from '../objectCache.ts';
import { gpuFiles } from '../opencl/gpuFiles.ts';
import type { Place } from '../place.ts';
import { RunFailure } from '../runFailure.ts';
import { runTables } from '../runTables.ts';
import { DeviceRun } from './deviceRun.ts';
import { KERNELS_FILE } from './opencl.ts';
import type { DevicePlaceOptions } from './phone.ts';
import { openPhone } from './phone.ts';

/** Of the GPU's own, one; nothing is kept on certain processors. */
const ANYWHERE = { name: '', cores: [] };

/** In the run's folder, which is gone with it; built kernels move to the cache when they are complete. */
const UNFINISHED_FILE = 'kernels.tmp';

/** Throws RunFailure 'unavailable' with what to do, RunCancelled. */
export async function deviceGpuPlace(serial: string, options: DevicePlaceOptions): Promise<Place> {
  const { toolchain, ...phone } = await openPhone(serial, options, true);
  if (phone.facts.openclLibraries.length === 0) {
    throw new RunFailure(
      'unavailable',
      `${phone.facts.name} has no OpenCL library; many phones have none. Run on its processor instead (adb:${serial}).`,
    );
  }
  return {
    name: `adb:${serial}/gpu`,
    target: TARGETS.opencl,
    prepare: async (bundle, placing) => {
      const { folder, signal, onProgress } = placing;
      const { source, emitted } = await emitGpu(bundle, placing.checkpoint);
      const tables = runTables(bundle, emitted);
      const kernels = join(folder, KERNELS_FILE);
      await writeFile(kernels, source);
      const { program, compiled, cached } = await buildFiles(gpuFiles(tables, emitted), {
        folder,
        toolchain: { ...toolchain, linkFlags: [...(toolchain.linkFlags ?? []), '-ldl'] },
        signal,
        cacheFolder: options.cacheFolder,
        onProgress: (done, total) => {
          if (total > 0) onProgress?.(`Compiling ${done} of ${total}`, done / total);
        },
      });
      const run = new DeviceRun({
        ...phone,
        chosen: ANYWHERE,
        tables,
        program,
        files: [{ path: kernels, name: KERNELS_FILE }],
        args: [
          ...['--source', KERNELS_FILE],
          ...['--built', `${CACHE}/${builtPrefix(source)}`, '--unfinished', UNFINISHED_FILE],
        ],
        placing: { ...placing, threads: 1 },
      });
      const advice = `Programs of adb may not reach the GPU of every phone. Run on its processor instead (adb:${serial}).`;
      return { tables, emitted, compiled, cached, advice, ...run.steps() };
    },
  };
}
