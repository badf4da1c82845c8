// Compiler processes of the workbench server under test (Linux), for specs that end one.
import { readFileSync, readdirSync } from 'node:fs';

/**
 * Ids of the running `dist/worker.cjs` below the workbench server at `url`. Other servers on the machine have
 * their own: the harness marks what it starts through the environment, port last.
 */
export function compilerProcesses(url: string): readonly number[] {
  const marked = new RegExp(
    `(^|\\0)FUSION_STUDIO_E2E_GROUP=workbench-\\d+-${new URL(url).port}\\0`,
  );
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        if (!/dist\/worker\.cjs\0/.test(readFileSync(`/proc/${entry}/cmdline`, 'utf8')))
          return false;
        return marked.test(readFileSync(`/proc/${entry}/environ`, 'utf8'));
      } catch {
        return false; // Gone in the meantime, or another user's.
      }
    })
    .map(Number);
}
