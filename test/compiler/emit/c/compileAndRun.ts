// Emitted kernels as a native program: compiled once for many runs, fed and read through files.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CKernel } from '../../../../compiler/emit/c/emitKernel.ts';
import { translationUnit } from '../../../../compiler/emit/c/emitKernel.ts';
import { C_FLAGS } from '../../../../compiler/emit/c/flags.ts';
import { KERNEL_HEADER, KERNEL_HEADER_NAME } from '../../../../compiler/emit/c/kernelHeader.ts';
import type { Scalar } from '../../../../compiler/loop/arithmetic.ts';
import type { Buffer as LoopBuffer } from '../../../../compiler/loop/expr.ts';
import { evaluateIndex } from '../../../../compiler/loop/indexExpr.ts';
import { shapeOf } from '../../../../compiler/loop/interpret.ts';
import { storageBytes } from '../../../../compiler/loop/scalarType.ts';
import { fromBytes, toBytes } from './elementBytes.ts';

export interface KernelRun {
  readonly kernel: CKernel;
  readonly inputs: readonly (readonly Scalar[])[];
  readonly sizes?: Readonly<Record<string, number>>;
}

export interface KernelResult {
  /** 0, or 1 + the index of the check that failed. */
  readonly code: number;
  readonly outputs: readonly (readonly Scalar[])[];
}

export interface CompileOptions {
  /** Default: the common flags. */
  readonly flags?: readonly string[];
  /** Of the machine; default: this one's. */
  readonly target?: readonly string[];
  /** Kernels of one file. */
  readonly perFile?: number;
}

/** Warnings about what a program may do: registers written late, variables that it never reads. */
const QUIET = ['maybe-uninitialized', 'unused-variable', 'unused-but-set-variable'].map(
  (warning) => `-Wno-${warning}`,
);

/** A C compiler of this machine, if there is one. */
export function cCompiler(): string | undefined {
  for (const name of ['gcc', 'clang', 'cc']) {
    if (spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0) return name;
  }
  return undefined;
}

/** Compiles all kernels and runs them one after another. Throws Error with what the compiler or the program said. */
export function compileAndRun(
  runs: readonly KernelRun[],
  options: CompileOptions = {},
): readonly KernelResult[] {
  const folder = mkdtempSync(join(tmpdir(), 'fusion-c-'));
  try {
    const kernels = [...new Set(runs.map(({ kernel }) => kernel))];
    compile(folder, kernels, options);
    const input = join(folder, 'input');
    const output = join(folder, 'output');
    writeFileSync(
      input,
      Buffer.concat(runs.map((run) => encode(run, kernels.indexOf(run.kernel)))),
    );
    check('the program', spawnSync(join(folder, 'program'), [input, output], { encoding: 'utf8' }));
    return decode(runs, readFileSync(output));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compile(folder: string, kernels: readonly CKernel[], options: CompileOptions): void {
  const { flags = C_FLAGS, target = ['-march=native'], perFile = 100 } = options;
  const compiler = cCompiler()!;
  writeFileSync(join(folder, KERNEL_HEADER_NAME), KERNEL_HEADER);
  const objects: string[] = [];
  const build = (name: string, code: string, own: readonly string[]): void => {
    const source = join(folder, `${name}.c`);
    const object = join(folder, `${name}.o`);
    writeFileSync(source, code);
    const all = [...own, '-Wall', ...QUIET, '-c', source, '-o', object];
    const result = spawnSync(compiler, all, { encoding: 'utf8' });
    check(`${name}.c`, result);
    if (result.stderr !== '') throw new Error(result.stderr.slice(0, 4000));
    objects.push(object);
  };
  for (let i = 0; i < kernels.length; i += perFile) {
    const own = [...flags, ...target];
    build(`kernels${i}`, translationUnit(kernels.slice(i, i + perFile)), own);
  }
  build('main', mainFile(kernels), ['-O1', ...flags.filter((flag) => flag.includes('sanitize'))]);
  const linked = [...flags, ...objects, '-lm', '-o', join(folder, 'program')];
  check('the linker', spawnSync(compiler, linked, { encoding: 'utf8' }));
}

function check(
  what: string,
  { status, signal, stderr, error }: ReturnType<typeof spawnSync>,
): void {
  if (status === 0) return;
  throw new Error(
    `${what}: ${error?.message ?? signal ?? status}\n${String(stderr).slice(0, 6000)}`,
  );
}

function mainFile(kernels: readonly CKernel[]): string {
  return `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "${KERNEL_HEADER_NAME}"
${kernels.map(({ name }) => `int32_t ${name}(const fusion_run *, void *const *, const int64_t *);`).join('\n')}
static const fusion_kernel kernels[] = {${kernels.map(({ name }) => name).join(', ')}};

/* Ranges out of order, by three threads in turn, one after another. */
static int32_t parallel(void *pool, fusion_phase phase, const fusion_args *args, int64_t extent,
                        int64_t cost) {
  if (cost < 1) abort();
  const int64_t middle = extent / 3;
  const int64_t cuts[3][2] = {{middle, extent - 1}, {0, middle}, {extent - 1, extent}};
  for (int thread = 0; thread < 3; thread++) {
    const int64_t begin = cuts[thread][0] < 0 ? 0 : cuts[thread][0];
    if (begin >= cuts[thread][1]) continue;
    const int32_t code = phase(args, begin, cuts[thread][1], thread);
    if (code != 0) return code;
  }
  return 0;
}

static int64_t number(FILE *input) {
  int64_t value;
  if (fread(&value, 8, 1, input) != 1) exit(3);
  return value;
}

static unsigned char *memory(int64_t bytes) {
  void *block;
  if (posix_memalign(&block, 64, (size_t)bytes) != 0) exit(4);
  memset(block, 0xa5, (size_t)bytes);
  return block;
}

int main(int count, char **words) {
  FILE *input = fopen(words[1], "rb");
  FILE *output = fopen(words[2], "wb");
  int byte;
  while ((byte = fgetc(input)) != EOF) {
    ungetc(byte, input);
    const int64_t kernel = number(input), scratch_bytes = number(input);
    const int64_t size_count = number(input), buffer_count = number(input);
    int64_t *sizes = (int64_t *)memory(size_count * 8);
    for (int64_t i = 0; i < size_count; i++) sizes[i] = number(input);
    void **buffers = (void **)memory(buffer_count * 8);
    int64_t *bytes = (int64_t *)memory(buffer_count * 8), *kinds = (int64_t *)memory(buffer_count * 8);
    for (int64_t i = 0; i < buffer_count; i++) {
      kinds[i] = number(input);
      bytes[i] = number(input);
      buffers[i] = memory(bytes[i]);
      if (kinds[i] == 0 && fread(buffers[i], 1, (size_t)bytes[i], input) != (size_t)bytes[i]) exit(5);
    }
    unsigned char *scratch[3] = {memory(scratch_bytes), memory(scratch_bytes), memory(scratch_bytes)};
    const fusion_run run = {0, parallel, 3, scratch};
    const int64_t code = kernels[kernel](&run, buffers, sizes);
    fwrite(&code, 8, 1, output);
    for (int64_t i = 0; i < buffer_count; i++) {
      if (kinds[i] == 1) fwrite(buffers[i], 1, (size_t)bytes[i], output);
      free(buffers[i]);
    }
    for (int i = 0; i < 3; i++) free(scratch[i]);
    free(sizes);
    free(buffers);
    free(bytes);
    free(kinds);
  }
  fclose(input);
  return fclose(output);
}
`;
}

function encode({ kernel, inputs, sizes = {} }: KernelRun, at: number): Buffer {
  const { program, shared } = kernel.phased;
  const sizeMap = new Map(Object.entries(sizes));
  const none = (name: string): never => {
    throw new Error(`${name} in a size`);
  };
  const scratch = evaluateIndex(kernel.scratchBytes, none, (name) => sizeMap.get(name)!);
  const buffers = [...program.inputs, ...program.outputs, ...shared];
  const parts: Buffer[] = [
    numbers(at, scratch, program.sizes.length, buffers.length),
    numbers(...program.sizes.map(({ name }) => sizeMap.get(name)!)),
  ];
  buffers.forEach((buffer, i) => {
    const kind = i < inputs.length ? 0 : i < inputs.length + program.outputs.length ? 1 : 2;
    const bytes = countOf(buffer, sizeMap) * storageBytes(buffer.storage);
    parts.push(numbers(kind, bytes));
    if (kind !== 0) return;
    const data = toBytes(buffer.storage, inputs[i]!);
    if (data.length !== bytes) throw new RangeError(`${buffer.name}: ${data.length} bytes`);
    parts.push(data);
  });
  return Buffer.concat(parts);
}

function decode(runs: readonly KernelRun[], bytes: Buffer): readonly KernelResult[] {
  let at = 0;
  return runs.map(({ kernel, sizes = {} }) => {
    const code = Number(bytes.readBigInt64LE(at));
    at += 8;
    const outputs = kernel.phased.program.outputs.map((buffer) => {
      const length = countOf(buffer, new Map(Object.entries(sizes))) * storageBytes(buffer.storage);
      const part = bytes.subarray(at, at + length);
      at += length;
      return fromBytes(buffer.storage, part);
    });
    return { code, outputs };
  });
}

function countOf({ shape }: LoopBuffer, sizes: ReadonlyMap<string, number>): number {
  return shapeOf(shape, sizes).reduce((product, dim) => product * dim, 1);
}

function numbers(...values: readonly number[]): Buffer {
  return Buffer.from(BigInt64Array.from(values, BigInt).buffer);
}
