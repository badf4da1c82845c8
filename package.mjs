// Packages the extension: a production build, then a .vsix in the root folder, whose size is checked.
//
//   npm run package [-- OUT.vsix]
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const limitBytes = 3_000_000;

const root = dirname(fileURLToPath(import.meta.url));
const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const out = resolve(root, process.argv[2] ?? `${name}-${version}.vsix`);

rmSync(out, { force: true });
// Everything that runs is bundled, so no node_modules go in. vsce runs `vscode:prepublish` itself.
const vsce = join(root, 'node_modules/@vscode/vsce/vsce');
const { status } = spawnSync(
  process.execPath,
  [vsce, 'package', '--no-dependencies', '--out', out],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
);
if (status !== 0) process.exit(status ?? 1);

const bytes = statSync(out).size;
console.log(`${out}: ${(bytes / 1e6).toFixed(2)} MB (limit ${limitBytes / 1e6} MB)`);
if (bytes >= limitBytes) {
  console.error('the package is too large');
  process.exit(1);
}
