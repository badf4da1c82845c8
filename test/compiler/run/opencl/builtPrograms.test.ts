/** Programs that a driver built are kept and used again; damage, another source, another driver or a full disk never fail a run. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { KERNEL_HEADER, KERNEL_HEADER_NAME } from '../../../../compiler/emit/c/kernelHeader.ts';
import { BUILD_SOURCE } from '../../../../compiler/run/opencl/buildSource.ts';
import { CL_HEADER } from '../../../../compiler/run/opencl/clHeader.ts';
import { DEVICE_HEADER } from '../../../../compiler/run/opencl/deviceHeader.ts';
import { DEVICE_SOURCE } from '../../../../compiler/run/opencl/deviceSource.ts';
import { LIBRARY_SOURCE } from '../../../../compiler/run/opencl/librarySource.ts';
import { MEMORY_SOURCE } from '../../../../compiler/run/runner/memorySource.ts';
import { RUNTIME_HEADER } from '../../../../compiler/run/runner/runtimeHeader.ts';
import { cCompiler } from '../../emit/c/compileAndRun.ts';
import { openclLacks, suiteName } from '../../emit/opencl/openclLacks.ts';

vi.setConfig({ testTimeout: 60_000 });

/** SOURCE BUILT UNFINISHED [DRIVER]: builds, runs the kernel, prints what it gave; counts builds from source. */
const MAIN = String.raw`#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fusion_device.h"

_Noreturn void fusion_fail(const char *message, const char *detail) {
  printf("%s %s\n", message, detail ? detail : "");
  exit(1);
}

_Noreturn void fusion_fail_unavailable(const char *message) { fusion_fail(message, NULL); }

static cl_program (*from_source)(cl_context, uint32_t, const char **, const size_t *, int32_t *);
static int from_source_count;

static cl_program counted(cl_context context, uint32_t count, const char **sources,
                          const size_t *lengths, int32_t *code) {
  from_source_count++;
  return from_source(context, count, sources, lengths, code);
}

int main(int count, char **words) {
  fusion_device device = fusion_device_open(NULL);
  from_source = clCreateProgramWithSource;
  clCreateProgramWithSource = counted;
  if (count > 4) strcpy(device.identity, words[4]);
  fusion_build_files files = {words[1], words[2], words[3]};
  cl_program program = fusion_device_build(&device, &files);
  int32_t code = 0, value = 0;
  cl_kernel kernel = clCreateKernel(program, "answer", &code);
  fusion_device_expect(code, "no kernel");
  cl_memory memory = fusion_device_memory(&device, 64, "the answer");
  fusion_device_expect(clSetKernelArg(kernel, 0, sizeof memory, &memory), "argument");
  size_t one[3] = {1, 1, 1};
  fusion_device_expect(
      clEnqueueNDRangeKernel(device.queue, kernel, 3, NULL, one, one, 0, NULL, NULL), "start");
  fusion_device_expect(
      clEnqueueReadBuffer(device.queue, memory, 1, 0, sizeof value, &value, 0, NULL, NULL), "read");
  printf("%d, %s", (int)value, from_source_count ? "built" : "kept");
  return 0;
}
`;

let base: string;
let cache: string;

const kernel = (answer: number): string =>
  `__kernel void answer(__global int *out) { out[0] = ${answer}; }\n`;

function answer(source: string, built = join(cache, 'built-'), ...more: readonly string[]): string {
  const path = join(base, 'kernels.cl');
  writeFileSync(path, source);
  const words = [path, built, join(cache, 'unfinished'), ...more];
  const { stdout, stderr } = spawnSync(join(base, 'program'), words, { encoding: 'utf8' });
  return stdout + stderr;
}

/** The one program that is kept. */
function kept(): string {
  const names = readdirSync(cache);
  expect(names).toEqual([expect.stringMatching(/^built-[\da-f]{16}$/)]);
  return join(cache, names[0]!);
}

describe.skipIf(openclLacks() !== undefined)(suiteName('built programs'), () => {
  beforeAll(() => {
    base = mkdtempSync(join(tmpdir(), 'fusion-built-'));
    vi.stubEnv('POCL_CACHE_DIR', join(base, 'pocl'));
    const files = {
      [KERNEL_HEADER_NAME]: KERNEL_HEADER,
      'fusion_runtime.h': RUNTIME_HEADER,
      'fusion_cl.h': CL_HEADER,
      'fusion_device.h': DEVICE_HEADER,
      'build.c': BUILD_SOURCE,
      'device.c': DEVICE_SOURCE,
      'library.c': LIBRARY_SOURCE,
      'memory.c': MEMORY_SOURCE,
      'main.c': MAIN,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(base, name), text);
    const sources = Object.keys(files).filter((name) => name.endsWith('.c'));
    const args = ['-std=gnu11', '-Wall', '-Wextra', ...sources, '-o', 'program', '-ldl'];
    const { status, stderr } = spawnSync(cCompiler()!, args, { cwd: base, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
  beforeEach(() => {
    cache = mkdtempSync(join(base, 'cache-'));
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(base, { recursive: true });
  });

  test('are used again', () => {
    expect(answer(kernel(7))).toBe('7, built');
    kept();
    expect(answer(kernel(7))).toBe('7, kept');
    kept();
  });

  test.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 9)],
    ['cut off within its header', (bytes: Buffer) => bytes.subarray(0, 20)],
    ['empty', () => Buffer.alloc(0)],
    ['longer', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(3)])],
    ['changed in the middle', (bytes: Buffer) => changed(bytes, bytes.length >> 1)],
    ['changed in its header', (bytes: Buffer) => changed(bytes, 9)],
    ['another file', () => Buffer.from('x'.repeat(5000))],
  ])('are built again when a kept one is %s', (_what, damage) => {
    answer(kernel(7));
    const path = kept();
    writeFileSync(path, damage(readFileSync(path)));
    expect(answer(kernel(7))).toBe('7, built');
    expect(answer(kernel(7))).toBe('7, kept');
  });

  test('are built again when the driver refuses what it is given', () => {
    // All sums are right, but it is no program.
    const none = Buffer.alloc(64, 1);
    answer(kernel(7));
    const path = kept();
    const header = readFileSync(path).subarray(0, 40);
    header.writeBigUInt64LE(fnv(none), 24);
    header.writeBigInt64LE(BigInt(none.length), 32);
    writeFileSync(path, Buffer.concat([header, none]));
    expect(answer(kernel(7))).toBe('7, built');
  });

  test('of another source, or of another driver, are not taken', () => {
    answer(kernel(7));
    const path = kept();
    expect(answer(kernel(8))).toBe('8, built');
    expect(answer(kernel(7), undefined, 'another driver')).toBe('7, built');
    expect(readdirSync(cache)).toHaveLength(2);
    // Even under the right name.
    const other = readdirSync(cache).find((name) => join(cache, name) !== path)!;
    copyFileSync(join(cache, other), path);
    expect(answer(kernel(7))).toBe('7, built');
  });

  test('need no place to be kept in', () => {
    const nowhere = join(base, 'nowhere', 'built-');
    expect(answer(kernel(7), nowhere)).toBe('7, built');
    expect(readdirSync(cache)).toEqual([]);
    expect(existsSync(nowhere)).toBe(false);
  });

  test('that the compiler refuses end the run with what it said', () => {
    expect(answer('__kernel void answer(')).toMatch(/the device's compiler refused the kernels/);
    expect(readdirSync(cache)).toEqual([]);
  });
});

function changed(bytes: Buffer, at: number): Buffer {
  const other = Buffer.from(bytes);
  other[at]! ^= 255;
  return other;
}

function fnv(bytes: Buffer): bigint {
  return bytes.reduce(
    (hash, byte) => ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn,
    0xcbf29ce484222325n,
  );
}
