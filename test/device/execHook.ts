// Builds the library that stands between a device's shell and the programs that were pushed.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('execHook.c', import.meta.url));

/** Path of the library; built once for each version of its source. */
export function execHook(): string {
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12);
  const folder = join(tmpdir(), 'fusion-studio-device');
  const library = join(folder, `execHook-${hash}.so`);
  if (existsSync(library)) return library;
  mkdirSync(folder, { recursive: true });
  const unfinished = `${library}.${process.pid}`;
  execFileSync('gcc', ['-O1', '-shared', '-fPIC', '-o', unfinished, source, '-ldl']);
  renameSync(unfinished, library);
  return library;
}
