/** A program of this computer's own C compiler. */
import { spawn } from 'node:child_process';
import type { NativeBuildOptions } from '../buildNative.ts';
import { buildNative } from '../buildNative.ts';
import { physicalCores } from '../cores.ts';
import { emitNative } from '../emitNative.ts';
import type { Place } from '../place.ts';
import { cleanEnvironment } from '../process.ts';
import { runnerArguments } from '../runnerOptions.ts';
import { runTables } from '../runTables.ts';
import type { Toolchain } from '../toolchain.ts';

export function nativePlace(
  toolchain: Toolchain,
  build: Pick<NativeBuildOptions, 'cacheFolder' | 'cacheBytes' | 'flags'> = {},
): Place {
  return {
    name: 'native',
    target: toolchain.target,
    prepare: async (bundle, { folder, threads, signal, onProgress, checkpoint }) => {
      const { emitted, ...sources } = await emitNative(bundle, checkpoint);
      const tables = runTables(bundle, emitted);
      const { program, compiled, cached } = await buildNative(tables, sources, {
        ...build,
        folder,
        toolchain,
        signal,
        onProgress: (done, total) => {
          if (total > 0) onProgress?.(`Compiling ${done} of ${total}`, done / total);
        },
      });
      const most = threads > 0 ? threads : physicalCores();
      return {
        tables,
        emitted,
        compiled,
        cached,
        start: (files, options) =>
          spawn(program, runnerArguments(files, { ...options, threads: most }), {
            cwd: folder,
            env: cleanEnvironment(),
            stdio: ['ignore', 'pipe', 'pipe'],
          }),
      };
    },
  };
}
