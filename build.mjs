// Bundles the sources into dist/: the extension and the compiler's worker and command line for Node, the
// page and its layout worker for browsers.
//
//   node build.mjs [--production] [--strict] [--watch]
//
// --production minifies and leaves out source maps; --strict fails when an entry point does not exist
// (otherwise it is skipped with a note); --watch rebuilds on every change.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import { thirdPartyNotices } from './notices.mjs';

const root = dirname(fileURLToPath(import.meta.url));
const flags = new Set(process.argv.slice(2));
for (const flag of flags) {
  if (!['--production', '--strict', '--watch'].includes(flag)) {
    console.error(`build.mjs: unknown option ${flag}`);
    process.exit(2);
  }
}
const production = flags.has('--production');

const node = { platform: 'node', target: 'node20' };
const browser = {
  platform: 'browser',
  target: ['chrome120', 'firefox121', 'safari17'],
  format: 'iife',
};

/** The folder's package.json says "module", so the CommonJS bundles carry the extension .cjs. */
const bundles = [
  {
    ...node,
    format: 'cjs',
    entry: 'extension/activate.ts',
    out: 'extension.cjs',
    external: ['vscode'],
  },
  { ...node, format: 'cjs', entry: 'compiler/worker.ts', out: 'worker.cjs' },
  { ...node, format: 'cjs', entry: 'compiler/runWorker.ts', out: 'runWorker.cjs' },
  {
    ...node,
    format: 'esm',
    entry: 'compiler/cli.ts',
    out: 'cli.js',
    // The shebang, and `require` for bundled CommonJS packages that ask for Node's own modules.
    banner: {
      js: [
        '#!/usr/bin/env node',
        "import { createRequire as createRequireForBundle } from 'node:module';",
        'const require = createRequireForBundle(import.meta.url);',
      ].join('\n'),
    },
  },
  { ...browser, entry: 'webview/main.ts', out: 'webview.js' },
  { ...browser, entry: 'webview/layout/worker.ts', out: 'layoutWorker.js' },
];

/** esbuild's options for one bundle, or undefined when its entry point is not there. */
function optionsOf({ entry, out, ...options }) {
  if (!existsSync(join(root, entry))) {
    console.log(`${flags.has('--strict') ? 'missing' : 'skipped'}: ${entry} does not exist`);
    rmSync(join(root, 'dist', out), { force: true });
    if (flags.has('--strict')) process.exitCode = 1;
    return undefined;
  }
  return {
    ...options,
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: join('dist', out),
    bundle: true,
    minify: production,
    // Class and function names stay readable in error reports; a page pays for that whenever it is shown.
    keepNames: production && options.platform === 'node',
    sourcemap: production ? false : 'linked',
    legalComments: 'none',
    metafile: true,
    define: { 'process.env.NODE_ENV': production ? '"production"' : '"development"' },
    loader: { '.svg': 'dataurl' },
    logLevel: flags.has('--watch') ? 'info' : 'warning',
  };
}

const found = bundles.map(optionsOf).filter((options) => options !== undefined);
if (process.exitCode) process.exit();

if (flags.has('--watch')) {
  for (const options of found) await (await esbuild.context(options)).watch();
} else {
  mkdirSync(join(root, 'dist'), { recursive: true });
  const results = await Promise.allSettled(found.map((options) => esbuild.build(options)));
  const built = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (built.length < results.length) process.exitCode = 1;
  const notices = thirdPartyNotices(
    root,
    built.map((result) => result.metafile),
  );
  writeFileSync(join(root, 'dist/THIRD-PARTY-NOTICES.txt'), notices);
}
