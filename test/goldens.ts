// Golden texts: long expected results kept as .txt files beside the test that reads them and reviewed as
// diffs. `UPDATE_GOLDENS=1 npx vitest run PATH` rewrites them; on a build server (CI set) that is refused.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

/**
 * Compares `text` with the golden file at `path`, or writes it when UPDATE_GOLDENS=1 is set.
 *
 * @param path absolute path or file URL, usually `new URL('./name.txt', import.meta.url)`
 * @param text what the code produced; line ends are normalised and one newline closes the file
 */
export function expectGolden(path: string | URL, text: string): void {
  const file = path instanceof URL ? fileURLToPath(path) : path;
  const actual = text.replaceAll('\r\n', '\n').trimEnd() + '\n';

  if (process.env['UPDATE_GOLDENS'] === '1') {
    if (process.env['CI']) throw new Error('golden files are never rewritten on a build server');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, actual);
    return;
  }
  if (!existsSync(file)) {
    throw new Error(
      `no golden file ${file}: run this test once with UPDATE_GOLDENS=1 and review it`,
    );
  }
  const expected = readFileSync(file, 'utf8').replaceAll('\r\n', '\n');
  expect(actual, `differs from ${file}; refresh with UPDATE_GOLDENS=1`).toBe(expected);
}
