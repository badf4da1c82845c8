/** WebAssembly in a process of its own: needs nothing but this program. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { engine } from '../../emit/wasm/engine.ts';
import { hasRelaxedSimd } from '../../emit/wasm/features.ts';
import { TARGETS } from '../../target/target.ts';
import { physicalCores } from '../cores.ts';
import { emitWasm } from '../emitWasm.ts';
import type { Place } from '../place.ts';
import { cleanEnvironment } from '../process.ts';
import { runnerArguments } from '../runnerOptions.ts';
import { runTables } from '../runTables.ts';
import { MODULE_FILE, PROGRAM_FILE } from '../wasm/wasmProgram.ts';

/** @param script absolute path of the bundled `runWorker` */
export function wasmPlace(script: string): Place {
  return {
    name: 'wasm',
    // The process that runs the module has the same engine as this one.
    target: hasRelaxedSimd(engine) ? TARGETS['wasm-relaxed'] : TARGETS.wasm,
    prepare: async (bundle, { folder, threads, checkpoint }) => {
      await checkpoint();
      const most = threads > 0 ? threads : physicalCores();
      const { module, exports, emitted } = emitWasm(bundle, most > 1);
      const tables = runTables(bundle, emitted);
      await writeFile(join(folder, MODULE_FILE), module);
      await writeFile(join(folder, PROGRAM_FILE), JSON.stringify({ tables, exports }));
      return {
        tables,
        emitted,
        compiled: 0,
        cached: 0,
        start: (files, options) =>
          // The channel tells the process when nobody is left to read its results.
          spawn(
            process.execPath,
            [script, 'wasm', ...runnerArguments(files, { ...options, threads: most })],
            { cwd: folder, env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
          ),
      };
    },
  };
}
