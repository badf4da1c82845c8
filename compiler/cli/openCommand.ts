/**
 * `fusion-studio open`: the studio in any browser, for people without VS Code. Prints its address as the last
 * line on stdout and runs until it is interrupted.
 */
import { spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { ModelError } from '../diagnostics.ts';
import { startStudio } from '../serve/studio.ts';
import { UsageError, onlyPositional, readArguments } from './command.ts';
import type { Command } from './command.ts';
import { printable } from './terminal.ts';

export const openCommand: Command = {
  name: 'open',
  synopsis: 'MODEL [--port N] [--no-browser]',
  summary: 'Open a model in the studio: a page in your browser, served on 127.0.0.1 only.',
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: { port: { type: 'string' }, 'no-browser': { type: 'boolean' } },
  });
  const path = resolve(onlyPositional(positionals, 'MODEL'));
  const port = readPort(values.port);
  await access(path).catch(() => {
    throw new ModelError('model/not-onnx', `There is no readable file ${path}.`);
  });
  const studio = await startStudio(path, port);
  process.stdout.write(`${printable(basename(path))} is open; stop with Ctrl+C.\n${studio.url}\n`);
  if (!values['no-browser']) openBrowser(studio.url);
  await new Promise<void>((done) => {
    process.once('SIGINT', done);
    process.once('SIGTERM', done);
  });
  await studio.close();
  return 0;
}

function readPort(text: string | undefined): number {
  if (text === undefined) return 0;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535) throw new UsageError(`--port wants 0 to 65535`);
  return port;
}

/** The address goes to the opener as one argument, never through a shell; failure is silent: it is printed. */
function openBrowser(url: string): void {
  const [program, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', url]
        : ['xdg-open', url];
  const child = spawn(program as string, args, { stdio: 'ignore', detached: true });
  child.once('error', () => undefined);
  child.unref();
}
