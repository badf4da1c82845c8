// Flags that make a native program stop at the first undefined behaviour or access outside its memory.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cCompiler } from './compileAndRun.ts';

/**
 * Unoptimised, and for the plainest machine: gcc 12 cannot compile conversions of vectors for AVX-512 at -O0.
 */
export const SANITIZED = [
  '-std=gnu11',
  '-O0',
  '-ffp-contract=off',
  '-fno-math-errno',
  '-Wno-psabi',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all',
];

/** Whether the compiler comes with its sanitizers' libraries. */
export function hasSanitizers(): boolean {
  const compiler = cCompiler();
  if (compiler === undefined) return false;
  const folder = mkdtempSync(join(tmpdir(), 'fusion-c-'));
  try {
    const source = join(folder, 'try.c');
    writeFileSync(source, 'int main(void) { return 0; }\n');
    const flags = ['-fsanitize=address,undefined', source, '-o', join(folder, 'try')];
    return spawnSync(compiler, flags, { stdio: 'ignore' }).status === 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
