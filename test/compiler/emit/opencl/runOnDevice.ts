// Emitted kernels on an OpenCL device: built as one program for many runs, fed and read through files. Memory around every
// buffer is watched: a store outside of it is found.
// OPENCL_KEEP=folder keeps what runs, a folder of its own each: `./program kernels.cl input output` runs it on another
// computer. OPENCL_REPLAY=folder judges the outputs that were made there instead of running anything.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KERNEL_HEADER } from '../../../../compiler/emit/c/kernelHeader.ts';
import type { GpuKernel, GpuLaunch } from '../../../../compiler/emit/opencl/emitKernel.ts';
import { gpuProgram } from '../../../../compiler/emit/opencl/emitKernel.ts';
import type { Scalar } from '../../../../compiler/loop/arithmetic.ts';
import type { Buffer as LoopBuffer } from '../../../../compiler/loop/expr.ts';
import type { Index } from '../../../../compiler/loop/indexExpr.ts';
import { evaluateIndex } from '../../../../compiler/loop/indexExpr.ts';
import { shapeOf } from '../../../../compiler/loop/interpret.ts';
import { storageBytes } from '../../../../compiler/loop/scalarType.ts';
import { CL_HEADER } from '../../../../compiler/run/opencl/clHeader.ts';
import { LIBRARY_SOURCE } from '../../../../compiler/run/opencl/librarySource.ts';
import { RUNTIME_HEADER } from '../../../../compiler/run/runner/runtimeHeader.ts';
import { cCompiler } from '../c/compileAndRun.ts';
import { fromBytes, toBytes } from '../c/elementBytes.ts';

export interface GpuRun {
  readonly kernel: GpuKernel;
  readonly inputs: readonly (readonly Scalar[])[];
  readonly sizes?: Readonly<Record<string, number>>;
}

export interface GpuResult {
  /** 0, or 1 + the index of the check that failed. */
  readonly code: number;
  readonly outputs: readonly (readonly Scalar[])[];
}

const NAME_BYTES = 64;
/** Of groups whose items need scratch memory. */
const SCRATCH_GROUPS = 2;

/** Throws Error with what a compiler or the program said. */
export function runOnDevice(runs: readonly GpuRun[]): readonly GpuResult[] {
  const kernels = [...new Set(runs.map(({ kernel }) => kernel))];
  const [source, input] = [gpuProgram(kernels), Buffer.concat(runs.map(encode))];
  const name = createHash('sha256').update(source).update(input).digest('hex').slice(0, 16);
  const { OPENCL_REPLAY: replay, OPENCL_KEEP: keep } = process.env;
  if (replay !== undefined) return decode(runs, readFileSync(join(replay, name, 'output')));
  const folder = mkdtempSync(join(tmpdir(), 'fusion-cl-'));
  try {
    build(folder);
    writeFileSync(join(folder, 'kernels.cl'), source);
    writeFileSync(join(folder, 'input'), input);
    if (keep !== undefined) cpSync(folder, join(keep, name), { recursive: true });
    const env = { ...process.env, POCL_CACHE_DIR: join(folder, 'cache') };
    check(
      'the program',
      spawnSync(join(folder, 'program'), ['kernels.cl', 'input', 'output'], {
        cwd: folder,
        encoding: 'utf8',
        env,
      }),
    );
    return decode(runs, readFileSync(join(folder, 'output')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function build(folder: string): void {
  const files = {
    'fusion_cl.h': CL_HEADER,
    'fusion_cl.c': LIBRARY_SOURCE,
    'fusion_runtime.h': RUNTIME_HEADER,
    'fusion_kernel.h': KERNEL_HEADER,
    'main.c': MAIN,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const args = ['-std=gnu11', '-O1', '-Wall', 'main.c', 'fusion_cl.c', '-o', 'program', '-ldl'];
  check('the compiler', spawnSync(cCompiler()!, args, { cwd: folder, encoding: 'utf8' }));
}

function check(
  what: string,
  { status, signal, stdout, stderr, error }: ReturnType<typeof spawnSync>,
): void {
  if (status === 0) return;
  const said = `${String(stdout)}${String(stderr)}`.slice(0, 6000);
  throw new Error(`${what}: ${error?.message ?? signal ?? status}\n${said}`);
}

function encode({ kernel, inputs, sizes = {} }: GpuRun): Buffer {
  const { program, shared } = kernel.phased;
  const known = new Map(Object.entries(sizes));
  const buffers = [...program.inputs, ...program.outputs, ...shared];
  const parts = [numbers(buffers.length)];
  buffers.forEach((buffer, i) => {
    const kind = i < inputs.length ? 0 : i < inputs.length + program.outputs.length ? 1 : 2;
    const bytes = bytesOf(buffer, known);
    parts.push(numbers(kind, bytes));
    if (kind === 0) parts.push(toBytes(buffer.storage, inputs[i]!));
  });
  parts.push(numbers(kernel.launches.length));
  const values = program.sizes.map(({ name }) => known.get(name)!);
  for (const launch of kernel.launches) {
    const name = Buffer.alloc(NAME_BYTES);
    name.write(launch.name);
    const own = launch.sizes.map((size) => values[size]!);
    parts.push(name, numbers(launch.buffers.length, ...launch.buffers, own.length, ...own));
    parts.push(numbers(...shapeOfLaunch(launch, known)));
  }
  return Buffer.concat(parts);
}

/** Numbers of groups, of items, and bytes of scratch memory of each item. */
function shapeOfLaunch(
  { iterations, groups = [], items, scratchBytes }: GpuLaunch,
  sizes: ReadonlyMap<string, number>,
): readonly number[] {
  const valueOf = (index: Index): number => evaluateIndex(index, none, (name) => sizes.get(name)!);
  const three = (list: readonly number[]): readonly number[] => [...list, 1, 1, 1].slice(0, 3);
  const scratch = valueOf(scratchBytes);
  const own = three(items);
  if (iterations === undefined) return [...three(groups.map(valueOf)), ...own, scratch];
  const all = Math.ceil(valueOf(iterations) / own[0]!);
  return [...three([scratch > 0 ? Math.min(all, SCRATCH_GROUPS) : all]), ...own, scratch];
}

function none(name: string): never {
  throw new Error(`${name} in a size`);
}

function decode(runs: readonly GpuRun[], bytes: Buffer): readonly GpuResult[] {
  let at = 0;
  return runs.map(({ kernel, sizes = {} }) => {
    const code = Number(bytes.readBigInt64LE(at));
    at += 8;
    const outputs = kernel.phased.program.outputs.map((buffer) => {
      const length = bytesOf(buffer, new Map(Object.entries(sizes)));
      const part = bytes.subarray(at, at + length);
      at += length;
      return fromBytes(buffer.storage, part);
    });
    return { code, outputs };
  });
}

function bytesOf({ shape, storage }: LoopBuffer, sizes: ReadonlyMap<string, number>): number {
  const count = shapeOf(shape, sizes).reduce((product, dim) => product * dim, 1);
  return count * storageBytes(storage);
}

function numbers(...values: readonly number[]): Buffer {
  return Buffer.from(BigInt64Array.from(values, BigInt).buffer);
}

const MAIN = String.raw`#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fusion_cl.h"
#include "fusion_runtime.h"

#define MARGIN 64
#define MARK 0xa5

_Noreturn void fusion_fail(const char *message, const char *detail) {
  printf("%s %s\n", message, detail ? detail : "");
  exit(1);
}

_Noreturn void fusion_fail_unavailable(const char *message) { fusion_fail(message, NULL); }

static void expect(int32_t code, const char *what) {
  if (code == 0) return;
  printf("%s: OpenCL error %d\n", what, (int)code);
  exit(1);
}

static cl_device device;
static cl_context context;
static cl_queue queue;
static cl_program built;

static int64_t number(FILE *input) {
  int64_t value;
  if (fread(&value, 8, 1, input) != 1) fusion_fail("the input is short", NULL);
  return value;
}

static void open_device(void) {
  cl_platform platforms[8];
  uint32_t count = 0;
  int32_t code = 0;
  fusion_cl_load();
  expect(clGetPlatformIDs(8, platforms, &count), "platforms");
  int found = 0;
  for (int any = 0; any < 2; any++) {
    for (uint32_t i = 0; i < count && i < 8 && !found; i++) {
      found = clGetDeviceIDs(platforms[i], any ? CL_TYPE_ALL : CL_TYPE_GPU, 1, &device, NULL) == 0;
    }
  }
  if (!found) fusion_fail("no device", NULL);
  context = clCreateContext(NULL, 1, &device, NULL, NULL, &code);
  expect(code, "context");
  queue = clCreateCommandQueue(context, device, 0, &code);
  expect(code, "queue");
}

static void build(const char *path) {
  FILE *file = fopen(path, "rb");
  fseek(file, 0, SEEK_END);
  size_t length = (size_t)ftell(file);
  rewind(file);
  char *text = malloc(length);
  if (fread(text, 1, length, file) != length) exit(3);
  fclose(file);
  int32_t code = 0;
  const char *texts[1] = {text};
  built = clCreateProgramWithSource(context, 1, texts, &length, &code);
  expect(code, "source");
  if (clBuildProgram(built, 1, &device, fusion_cl_options(device), NULL, NULL) != 0) {
    static char log[65536];
    clGetProgramBuildInfo(built, device, CL_BUILD_LOG, sizeof log - 1, log, NULL);
    fusion_fail("the kernels are refused", log);
  }
}

/* Memory of the device with marks around and inside. */
static cl_memory memory(int64_t bytes) {
  int32_t code = 0;
  size_t all = (size_t)bytes + 2 * MARGIN;
  cl_memory made = clCreateBuffer(context, CL_MEMORY_READ_WRITE, all, NULL, &code);
  expect(code, "memory");
  char *marks = malloc(all);
  memset(marks, MARK, all);
  expect(clEnqueueWriteBuffer(queue, made, 1, 0, all, marks, 0, NULL, NULL), "write");
  free(marks);
  return made;
}

static void launch(FILE *input, cl_memory status, const cl_memory *buffers) {
  char name[64];
  if (fread(name, sizeof name, 1, input) != 1) exit(3);
  int32_t code = 0, step = 0;
  uint32_t at = 4;
  cl_kernel kernel = clCreateKernel(built, name, &code);
  expect(code, name);
  for (int64_t count = number(input); count > 0; count--) {
    int64_t offset = MARGIN;
    expect(clSetKernelArg(kernel, at++, sizeof *buffers, &buffers[number(input)]), "buffer");
    expect(clSetKernelArg(kernel, at++, sizeof offset, &offset), "offset");
  }
  for (int64_t count = number(input); count > 0; count--) {
    int64_t size = number(input);
    expect(clSetKernelArg(kernel, at++, sizeof size, &size), "size");
  }
  size_t global[3], local[3];
  int64_t groups[3], items = 1, all = 1;
  for (int i = 0; i < 3; i++) groups[i] = number(input);
  for (int i = 0; i < 3; i++) {
    local[i] = (size_t)number(input);
    global[i] = (size_t)groups[i] * local[i];
    items *= (int64_t)local[i];
    all *= groups[i];
  }
  int64_t scratch_bytes = number(input);
  cl_memory scratch = memory(scratch_bytes * items * all);
  expect(clSetKernelArg(kernel, 0, sizeof status, &status), "status");
  expect(clSetKernelArg(kernel, 1, sizeof step, &step), "step");
  expect(clSetKernelArg(kernel, 2, sizeof scratch, &scratch), "scratch");
  expect(clSetKernelArg(kernel, 3, sizeof scratch_bytes, &scratch_bytes), "scratch");
  if (all > 0) {
    expect(clEnqueueNDRangeKernel(queue, kernel, 3, NULL, global, local, 0, NULL, NULL), name);
  }
  expect(clFinish(queue), name);
}

int main(int count, char **words) {
  if (count != 4) return 2;
  FILE *input = fopen(words[2], "rb"), *output = fopen(words[3], "wb");
  open_device();
  build(words[1]);
  cl_memory status = memory(64);
  int byte;
  while ((byte = fgetc(input)) != EOF) {
    ungetc(byte, input);
    int32_t said[2] = {0, 0};
    expect(clEnqueueWriteBuffer(queue, status, 1, 0, sizeof said, said, 0, NULL, NULL), "status");
    int64_t buffer_count = number(input);
    cl_memory *buffers = malloc(sizeof *buffers * (size_t)buffer_count);
    int64_t *bytes = malloc(8 * (size_t)buffer_count), *kinds = malloc(8 * (size_t)buffer_count);
    for (int64_t i = 0; i < buffer_count; i++) {
      kinds[i] = number(input);
      bytes[i] = number(input);
      buffers[i] = memory(bytes[i]);
      if (kinds[i] != 0 || bytes[i] == 0) continue;
      char *data = malloc((size_t)bytes[i]);
      if (fread(data, 1, (size_t)bytes[i], input) != (size_t)bytes[i]) exit(3);
      expect(clEnqueueWriteBuffer(queue, buffers[i], 1, MARGIN, (size_t)bytes[i], data, 0, NULL, NULL), "input");
      free(data);
    }
    for (int64_t phases = number(input); phases > 0; phases--) launch(input, status, buffers);
    expect(clEnqueueReadBuffer(queue, status, 1, 0, sizeof said, said, 0, NULL, NULL), "status");
    int64_t code = said[0];
    fwrite(&code, 8, 1, output);
    for (int64_t i = 0; i < buffer_count; i++) {
      size_t all = (size_t)bytes[i] + 2 * MARGIN;
      unsigned char *data = malloc(all);
      expect(clEnqueueReadBuffer(queue, buffers[i], 1, 0, all, data, 0, NULL, NULL), "output");
      for (int j = 0; j < MARGIN; j++) {
        if (data[j] != MARK || data[all - 1 - (size_t)j] != MARK) fusion_fail("a store outside of its buffer", NULL);
      }
      if (kinds[i] == 1) fwrite(data + MARGIN, 1, (size_t)bytes[i], output);
      free(data);
    }
    free(buffers);
    free(bytes);
    free(kinds);
  }
  return fclose(output);
}
`;
