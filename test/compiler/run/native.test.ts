/** The C runtime with kernels made by hand: results, timings, threads, checks, crashes, limits, the object cache. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildNative } from '../../../compiler/run/buildNative.ts';
import type { NativeBuildOptions, NativeSources } from '../../../compiler/run/buildNative.ts';
import { followRunner } from '../../../compiler/run/followRunner.ts';
import { NATIVE_SOURCES } from '../../../compiler/run/native/nativeSources.ts';
import { RunCancelled, RunFailure } from '../../../compiler/run/runFailure.ts';
import { findToolchain } from '../../../compiler/run/toolchain.ts';
import type { Toolchain } from '../../../compiler/run/toolchain.ts';
import { ELEMENTS, HANDMADE_TABLES, handmadeSources } from './handmade.ts';

/** The tables, three kernels, and what is the same for every model. */
const ALL_FILES = 4 + Object.keys(NATIVE_SOURCES).filter((name) => name.endsWith('.c')).length;

let base: string;
let toolchain: Toolchain;
let runs = 0;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'fusion-native-'));
  toolchain = await findToolchain();
});
afterAll(() => rmSync(base, { recursive: true }));

function newFolder(): string {
  const folder = join(base, `run${runs++}`);
  mkdirSync(folder);
  return folder;
}

function build(sources: NativeSources, folder: string, options: Partial<NativeBuildOptions> = {}) {
  const cacheFolder = join(base, 'cache');
  return buildNative(HANDMADE_TABLES, sources, { toolchain, folder, cacheFolder, ...options });
}

const inputs = Float32Array.from({ length: ELEMENTS + 8 }, (_, i) => Math.sin(i));
const positive = [...inputs.slice(0, ELEMENTS)].filter((x) => x > 0).map((x) => Math.fround(2 * x));

/** Copied: Node keeps small files in a buffer that others share. */
function floatsOf(path: string): Float32Array {
  return new Float32Array(Uint8Array.from(readFileSync(path)).buffer);
}

interface RunOptions {
  readonly sources?: NativeSources;
  readonly args?: readonly string[];
  readonly x?: Float32Array;
  readonly limitMs?: number;
  readonly signal?: AbortSignal;
  readonly flags?: readonly string[];
}

async function run({ sources = handmadeSources(), args = [], x = inputs, ...rest }: RunOptions) {
  const folder = newFolder();
  const { program } = await build(sources, folder, rest.flags ? { flags: rest.flags } : {});
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('weights'), new Float32Array([2, ...new Float32Array(15)]));
  writeFileSync(path('inputs'), x);
  const files = ['--weights', path('weights'), '--inputs', path('inputs')];
  const child = spawn(program, [...files, '--outputs', path('outputs'), ...args]);
  const results = await followRunner(child, {
    limits: { steps: 3, buffers: 7, outputs: 2, symbols: 1 },
    limitMs: rest.limitMs ?? 20_000,
    ...(rest.signal ? { signal: rest.signal } : {}),
    blame: (step, check) => ({ block: step, what: `block ${step} check ${check}` }),
  });
  const file = (name: string): Float32Array => floatsOf(path(name));
  return { results, outputs: file('outputs'), folder, path, file };
}

describe('the C runtime', () => {
  test.each([1, 2, 5])('gives the outputs, compact, with %i threads', async (threads) => {
    const { results, outputs } = await run({ args: ['--threads', String(threads)] });
    expect(results.hello).toMatchObject({ runner: 'native 1', threads });
    expect(results.outputs).toEqual([
      { kind: 'output', index: 0, dims: [positive.length], offset: 0, bytes: positive.length * 4 },
      { kind: 'output', index: 1, dims: [], offset: positive.length * 4, bytes: 4 },
    ]);
    expect([...outputs.slice(0, -1)]).toEqual(positive);
    expect(outputs.at(-1)).toBeCloseTo(
      positive.reduce((sum, x) => sum + x / 2, 0),
      2,
    );
    expect(results.sizes).toEqual([positive.length]);
    expect(results.peakBytes).toBeGreaterThan(100_000);
  });

  test('times whole runs and blocks, as often as asked', async () => {
    const { results } = await run({ args: ['--runs', '7', '--warmup', '2', '--threads', '2'] });
    expect(results.total).toHaveLength(7);
    expect(results.blocks.map(({ length }) => length)).toEqual([7, 7, 7]);
    expect(Math.min(...results.total, results.first)).toBeGreaterThan(0);
  });

  test.each(['0', '0-0', '0,4000', '4000-4095'])(
    'runs on the processors %s, or where it may',
    async (list) => {
      const { results } = await run({ args: ['--cpus', list, '--threads', '2'] });
      expect(results.outputs).toHaveLength(2);
    },
  );

  test.each(['', '1-', '3-1', 'x', '-1', '1,', '99999'])('refuses %j as processors', (list) =>
    expect(run({ args: ['--cpus', list] })).rejects.toThrow('--cpus is no list of processors'),
  );

  test('ends a series when its time is over, after three repetitions at least', async () => {
    const { results } = await run({ args: ['--runs', '100000', '--budget-ms', '1'] });
    expect(results.total.length).toBeGreaterThanOrEqual(3);
    expect(results.total.length).toBeLessThan(100_000);
  });

  test('dumps what every block gives', async () => {
    const dump = join(base, 'dump');
    const { results } = await run({ args: ['--dump', dump] });
    expect(results.tensors.map(({ buffer, offset }) => [buffer, offset])).toEqual([
      [2, 0],
      [3, 4000],
      [5, 8000],
    ]);
    const values = floatsOf(dump);
    expect([...values.slice(0, 4)]).toEqual([...inputs.slice(0, 4)].map((x) => Math.fround(2 * x)));
    expect([...values.slice(1000, 1000 + positive.length)]).toEqual(positive);
  });

  test('names the step and the check that failed', async () => {
    const failing = run({ x: inputs.map(() => 1e30) });
    await expect(failing).rejects.toMatchObject({
      failure: 'check',
      block: 2,
      message: 'block 2 check 3',
    });
  });

  test('turns a crash into an error that names the step', async () => {
    const crash = handmadeSources({
      1: `#include "fusion_kernel.h"
int32_t kernel_1(const fusion_run *run, void *const *b, const int64_t *s) {
  return *(volatile int32_t *)(intptr_t)(run->threads + 64);
}
`,
    });
    await expect(run({ sources: crash })).rejects.toMatchObject({
      failure: 'crashed',
      block: 1,
      message: expect.stringContaining('SIGSEGV') as string,
    });
  });

  test('refuses a size above its bound', async () => {
    const many = handmadeSources({
      1: `#include "fusion_kernel.h"
int32_t kernel_1(const fusion_run *run, void *const *b, const int64_t *s) {
  *(int64_t *)b[2] = ${ELEMENTS + 1};
  return 0;
}
`,
    });
    await expect(run({ sources: many })).rejects.toThrow('a size is out of its bounds');
  });

  const endless = handmadeSources({
    0: `#include "fusion_kernel.h"
int32_t kernel_0(const fusion_run *run, void *const *b, const int64_t *s) {
  for (volatile int64_t n = 0; n < n + 1; n++) {}
  return 0;
}
`,
  });

  test('ends at its own time limit, at ours, and when cancelled', async () => {
    const own = run({ sources: endless, args: ['--limit-seconds', '1'] });
    await expect(own).rejects.toMatchObject({ failure: 'limit', block: 0 });
    const ours = run({ sources: endless, limitMs: 300 });
    await expect(ours).rejects.toMatchObject({ failure: 'limit' });
    const signal = AbortSignal.timeout(300);
    await expect(run({ sources: endless, signal })).rejects.toBeInstanceOf(RunCancelled);
  });

  // Any finding makes the program end with another status, before it is done or after.
  test.each(['address,undefined', 'thread'])(
    'is clean under -fsanitize=%s',
    async (kind) => {
      const args = ['--threads', '3', '--runs', '20', '--dump', join(base, 'sanitized')];
      const { outputs } = await run({ flags: [`-fsanitize=${kind}`], args, limitMs: 60_000 });
      expect([...outputs.slice(0, -1)]).toEqual(positive);
    },
    90_000,
  );

  test('refuses files of the wrong size and arguments that make no sense', async () => {
    const short = run({ x: inputs.slice(0, 8) });
    await expect(short).rejects.toThrow('a file has the wrong size: the inputs');
    for (const args of [['--threads', '0'], ['--threads'], ['--runs', '1x'], ['--other', '1']]) {
      await expect(run({ args })).rejects.toThrow('an argument');
    }
  });
});

describe('buildNative', () => {
  test('compiles only what changed', async () => {
    const cacheFolder = join(base, 'cache2');
    const first = await build(handmadeSources(), newFolder(), { cacheFolder });
    expect(first).toMatchObject({ compiled: ALL_FILES, cached: 0 });
    const again = await build(handmadeSources(), newFolder(), { cacheFolder });
    expect(again).toMatchObject({ compiled: 0, cached: ALL_FILES });
    const text = handmadeSources().kernels[0]!.replace('x[i] * w[0]', 'x[i] * w[0] + 1');
    const progress: [number, number][] = [];
    const changed = await build(handmadeSources({ 0: text }), newFolder(), {
      cacheFolder,
      onProgress: (done, total) => void progress.push([done, total]),
    });
    expect(changed).toMatchObject({ compiled: 1, cached: ALL_FILES - 1 });
    expect(progress).toEqual([
      [0, 1],
      [1, 1],
    ]);
    const flagged = await build(handmadeSources(), newFolder(), { cacheFolder, flags: ['-DX=1'] });
    expect(flagged.cached).toBe(0);
  });

  test('keeps the cache within its limit, the newest objects first', async () => {
    const cacheFolder = join(base, 'cache3');
    await build(handmadeSources(), newFolder(), { cacheFolder });
    const text = handmadeSources().kernels[0]!.replace('w[0]', 'w[0] * 3');
    await build(handmadeSources({ 0: text }), newFolder(), { cacheFolder, cacheBytes: 1 });
    // What the build needs stays, whatever the limit says; the kernel it did not need went.
    expect(readdirSync(cacheFolder)).toHaveLength(ALL_FILES);
  });

  test("shows the compiler's own message and names the file", async () => {
    const broken = handmadeSources({ 1: '#include "fusion_kernel.h"\nint wrong = "text" * 2;\n' });
    const failure = await build(broken, newFolder()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RunFailure);
    expect(failure).toMatchObject({
      failure: 'compiler',
      file: 'kernel_0001.c',
      details: expect.stringContaining('kernel_0001.c:2') as string,
    });
    const unlinked = handmadeSources({ 1: '#include "fusion_kernel.h"\n' });
    await expect(build(unlinked, newFolder())).rejects.toThrow('could not be linked');
  });

  test('ends the compilers when cancelled and leaves nothing half made', async () => {
    const cacheFolder = join(base, 'cache4');
    const signal = AbortSignal.timeout(20);
    const slow = build(handmadeSources(), newFolder(), { cacheFolder, signal });
    await expect(slow).rejects.toBeInstanceOf(RunCancelled);
    expect(readdirSync(cacheFolder).filter((name) => !name.endsWith('.o'))).toEqual([]);
  });

  test('a compiler that breaks while it optimises is asked again for less', async () => {
    const compiler = join(base, 'breaking-cc');
    // The last -O counts; at -O3 it fails on one file, as gcc 12 does on some vector conversions.
    const script = `#!/bin/sh
level=3; file=
for word in "$@"; do
  case "$word" in -O?) level=\${word#-O};; kernel_0001.c) file=hit;; esac
done
if [ "$file" = hit ] && [ "$level" = 3 ]; then echo 'internal compiler error: in store' >&2; exit 1; fi
exec ${toolchain.compiler} "$@"
`;
    writeFileSync(compiler, script, { mode: 0o755 });
    const cacheFolder = join(base, 'cache5');
    const breaking = { ...toolchain, compiler, identity: 'breaking' };
    const { compiled } = await build(handmadeSources(), newFolder(), {
      cacheFolder,
      toolchain: breaking,
    });
    expect(compiled).toBeGreaterThan(1);
  });

  test('refuses a cache folder that others may write to', async () => {
    const cacheFolder = join(base, 'open');
    mkdirSync(cacheFolder);
    const { chmodSync } = await import('node:fs');
    chmodSync(cacheFolder, 0o777);
    await expect(build(handmadeSources(), newFolder(), { cacheFolder })).rejects.toThrow(
      'Other users may write',
    );
  });
});
