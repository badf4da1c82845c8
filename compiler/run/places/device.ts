/** The processor of a phone, through adb: a program is compiled here and run there. */
import { buildNative } from '../buildNative.ts';
import { emitNative } from '../emitNative.ts';
import type { Place } from '../place.ts';
import { runTables } from '../runTables.ts';
import { DeviceRun } from './deviceRun.ts';
import type { DevicePlaceOptions } from './phone.ts';
import { openPhone } from './phone.ts';

/** Throws RunFailure 'unavailable' with what to do, RunCancelled. */
export async function devicePlace(serial: string, options: DevicePlaceOptions): Promise<Place> {
  const { toolchain, ...phone } = await openPhone(serial, options);
  return {
    name: `adb:${serial}`,
    target: toolchain.target,
    prepare: async (bundle, placing) => {
      const { folder, signal, onProgress } = placing;
      const { emitted, ...sources } = await emitNative(bundle, placing.checkpoint);
      const tables = runTables(bundle, emitted);
      const { program, compiled, cached } = await buildNative(tables, sources, {
        folder,
        toolchain,
        signal,
        cacheFolder: options.cacheFolder,
        ...(options.compilerFlags ? { flags: options.compilerFlags } : {}),
        onProgress: (done, total) => {
          if (total > 0) onProgress?.(`Compiling ${done} of ${total}`, done / total);
        },
      });
      const run = new DeviceRun({ ...phone, tables, program, placing });
      return { tables, emitted, compiled, cached, ...run.steps() };
    },
  };
}
