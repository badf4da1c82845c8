// `npm run bench -- NAME [arguments]`: bundles test/bench/NAME.ts and runs it; without a name, lists what there is.
// Benchmarks print tables and never fail on a number: machines are noisy.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
// Models and pictures that several of them use are no benchmarks.
const names = readdirSync(here)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('Model.ts'))
  .map((name) => name.slice(0, -3));
const [name, ...args] = process.argv.slice(2);
if (!names.includes(name)) {
  console.log(`npm run bench -- NAME, where NAME is one of: ${names.join(', ')}`);
  process.exit(name === undefined ? 0 : 2);
}
const outfile = join(root, 'dist/bench', `${name}.mjs`);
await esbuild.build({
  entryPoints: [join(here, `${name}.ts`)],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // `require` for bundled CommonJS packages that ask for Node's own modules.
  banner: {
    js: [
      "import { createRequire as createRequireForBundle } from 'node:module';",
      'const require = createRequireForBundle(import.meta.url);',
    ].join('\n'),
  },
  // What it drives rather than contains.
  external: ['playwright-core', 'onnxruntime-node', 'esbuild'],
  logLevel: 'error',
});
process.exitCode =
  spawnSync(process.execPath, [outfile, ...args], {
    cwd: root,
    stdio: 'inherit',
  }).status ?? 1;
