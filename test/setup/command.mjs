// Runs one outside program for the test runner: prints what it runs, streams its output, and answers
// with the exit status instead of throwing. Node built-ins only: this runs before `npm ci`.
import { spawn } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * Runs a program to its end and returns its exit status (128 when a signal ended it, 127 when it could
 * not be started). Arguments go to the program as they are: no shell reads them.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, quiet?: boolean }} [options]
 * @returns {Promise<number>}
 */
export function runCommand(program, args, options = {}) {
  const { cwd = root, env = {}, quiet = false } = options;
  console.log(`\n$ ${[program, ...args].join(' ')}`);
  return new Promise((done) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', quiet ? 'ignore' : 'inherit', 'inherit'],
    });
    child.on('error', (error) => {
      console.error(`${program}: ${error.message}`);
      done(127);
    });
    child.on('close', (code) => done(code ?? 128));
  });
}
