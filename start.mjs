// `npm start`: from a fresh clone to the sample on the screen.
//
//   npm start [-- --no-open]
//
// Installs what is missing, builds, prints the sample's fusion plan, runs it on WebAssembly and prints the time of
// every block, then opens the sample: in VS Code when `code` is on the PATH, else in the browser. Node's built-in modules only.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root, runCommand } from './test/setup/command.mjs';
import { ensureInstalled } from './test/setup/install.mjs';

const sample = join(root, 'media/samples/text-direction.onnx');
const cli = join(root, 'dist/cli.js');

/** @returns {Promise<number>} the exit status */
async function start() {
  const options = process.argv.slice(2);
  const unknown = options.filter((option) => option !== '--no-open');
  if (unknown.length > 0) {
    console.error(`npm start: unknown option ${unknown.join(' ')}; there is --no-open`);
    return 2;
  }
  if (!(await ensureInstalled(root))) return 1;
  if ((await runCommand(process.execPath, ['build.mjs', '--strict'])) !== 0) return 1;
  if ((await runCommand(process.execPath, [cli, 'plan', sample])) !== 0) return 1;
  if ((await runCommand(process.execPath, [cli, 'run', sample])) !== 0) return 1;
  if (options.includes('--no-open')) return 0;

  const code = findCode();
  if (code && (await openInCode(code))) return 0;
  return runCommand(process.execPath, [cli, 'open', sample]);
}

/** Opens the sample in VS Code. False when that did not work (for example: VS Code refuses to run as root). */
async function openInCode(code) {
  // A terminal inside VS Code's remote windows can only install an extension, not load one from a folder.
  if (process.env['VSCODE_IPC_HOOK_CLI']) {
    const vsix = join(root, 'fusion-studio.vsix');
    return (
      (await runCommand(process.execPath, ['package.mjs', vsix])) === 0 &&
      (await runCommand(code, ['--install-extension', vsix, '--force'])) === 0 &&
      (await runCommand(code, [sample])) === 0
    );
  }
  // A window of its own with the extension loaded from this folder: nothing is installed.
  const args = ['--new-window', `--extensionDevelopmentPath=${root}`, sample];
  return (await runCommand(code, args)) === 0;
}

/** The program behind the `code` command, or undefined when there is none that runs. */
function findCode() {
  const windows = process.platform === 'win32';
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, windows ? 'code.cmd' : 'code'))
    .find((file) => existsSync(file));
  if (!found) return undefined;
  // A .cmd file needs a shell; the program that it starts lies one folder up.
  const program = windows ? join(found, '../../Code.exe') : found;
  if (!windows && spawnSync(program, ['--version'], { stdio: 'ignore' }).status !== 0) {
    return undefined;
  }
  return program;
}

process.exitCode = await start();
