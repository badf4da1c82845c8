// What keeps this computer from running OpenCL kernels. Suites that need it are skipped with the reason.
import { spawnSync } from 'node:child_process';
import { cCompiler } from '../c/compileAndRun.ts';

/** Undefined: nothing. Asked once, since a driver takes its time to start. */
export function openclLacks(): string | undefined {
  return (found ??= { lacks: look() }).lacks;
}

let found: { readonly lacks: string | undefined } | undefined;

function look(): string | undefined {
  if (cCompiler() === undefined) return 'no C compiler for the host program';
  const { status, stdout, error } = spawnSync('clinfo', ['-l'], { encoding: 'utf8' });
  if (error !== undefined) return 'no clinfo: apt-get install clinfo pocl-opencl-icd';
  if (status === 0 && stdout.includes('Device')) return undefined;
  return 'no OpenCL device: apt-get install pocl-opencl-icd';
}

/** A suite's name, with the reason where it is skipped. */
export function suiteName(name: string): string {
  const lacks = openclLacks();
  return lacks === undefined ? name : `${name} (skipped: ${lacks})`;
}
