/**
 * Bundles one entry point into a folder of the test's own, as `build.mjs` does, so that a test of a program never
 * depends on what happens to lie in dist/.
 */
import { build } from 'esbuild';

/** `require` for bundled CommonJS packages that ask for Node's own modules. */
const BANNER = [
  "import { createRequire as createRequireForBundle } from 'node:module';",
  'const require = createRequireForBundle(import.meta.url);',
].join('\n');

/** @param outfile ends with .mjs (an ES module) or .cjs */
export async function bundle(entry: string, outfile: string): Promise<void> {
  const esm = outfile.endsWith('.mjs');
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: esm ? 'esm' : 'cjs',
    ...(esm ? { banner: { js: BANNER } } : {}),
    logLevel: 'error',
  });
}
