// Installs the VS Code workbench that the end-to-end suite drives: code-server from npm, built for the
// Node 24 that it asks for (also from npm), into an ignored folder named after both versions. A folder
// counts only once its marker is written, so a broken half of an install is thrown away and redone.
// The machine's own node is never replaced. Run alone: `node test/setup/workbench.mjs`.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, runCommand } from './command.mjs';

const codeServerVersion = '4.139.1';
const nodeVersion = '24.21.0';

const cache = join(root, 'test/e2e/.workbench');
const folder = join(cache, `code-server-${codeServerVersion}-node-${nodeVersion}-${process.arch}`);
const nodePackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

/** Under `npm test` the outer npm tells which Node runs it, and the install scripts would believe it. */
const withoutOuterNpm = {
  npm_config_user_agent: undefined,
  npm_config_node_gyp: undefined,
  npm_execpath: undefined,
  npm_node_execpath: undefined,
  NODE: undefined,
};

/** Where the workbench lies once it is installed. */
export const workbench = {
  marker: join(folder, 'complete.json'),
  /** The Node 24 program that runs the server. */
  node: join(folder, 'node_modules/node24/node_modules', nodePackage, 'bin/node'),
  /** code-server's own entry point, to be run by `node`. */
  codeServer: join(folder, 'node_modules/code-server/out/node/entry.js'),
};

/**
 * Makes sure that the workbench is there. Linux only.
 *
 * @returns {Promise<string | undefined>} what went wrong, or undefined when it is ready
 */
export async function ensureWorkbench() {
  if (existsSync(workbench.marker)) return undefined;

  mkdirSync(cache, { recursive: true });
  for (const old of readdirSync(cache)) rmSync(join(cache, old), { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');

  const flags = ['--no-audit', '--no-fund', '--no-save', '--loglevel=error'];
  const started = Date.now();
  const node = `node24@npm:node@${nodeVersion}`;
  if (
    (await runCommand('npm', ['install', ...flags, node], {
      cwd: folder,
      env: withoutOuterNpm,
    })) !== 0
  ) {
    return 'Node 24 could not be installed from npm';
  }
  // Native modules compile against the headers that lie beside this Node, never the machine's.
  const home = join(workbench.node, '../..');
  const env = {
    ...withoutOuterNpm,
    PATH: join(home, 'bin') + delimiter + process.env['PATH'],
    npm_config_nodedir: home,
  };
  const server = ['install', ...flags, node, `code-server@${codeServerVersion}`];
  if ((await runCommand('npm', server, { cwd: folder, env })) !== 0) {
    return 'code-server could not be installed from npm';
  }
  const seconds = Math.round((Date.now() - started) / 1000);
  writeFileSync(workbench.marker, JSON.stringify({ seconds }) + '\n');
  console.log(`workbench installed in ${seconds} s`);
  return undefined;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const reason = await ensureWorkbench();
  if (reason) {
    console.error(reason);
    process.exitCode = 1;
  }
}
