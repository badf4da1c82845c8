/**
 * From C sources to a program: kernels and the runtime are compiled in parallel, each file by itself and only when the
 * cache has no object of the same text, flags and compiler; then everything is linked.
 */
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { NATIVE_SOURCES } from './native/nativeSources.ts';
import { ObjectCache, contentKey } from './objectCache.ts';
import type { ProcessResult } from './process.ts';
import { runProgram } from './process.ts';
import { RunCancelled, RunFailure } from './runFailure.ts';
import { C_FLAGS } from '../emit/c/flags.ts';
import { KERNEL_HEADER_NAME } from '../emit/c/kernelHeader.ts';
import { programSource } from './runner/programSource.ts';
import { PROGRAM_NAME } from './runner/runnerSources.ts';
import type { RunTables } from './runTables.ts';
import type { Toolchain } from './toolchain.ts';

/** C sources of a bundle, as the emitter made them. */
export interface NativeSources {
  /** `fusion_kernel.h`. */
  readonly header: string;
  /** One file a kernel, in the order of the bundle's kernels. */
  readonly kernels: readonly string[];
  /** Their functions. */
  readonly functions: readonly string[];
}

export interface NativeBuildOptions {
  readonly toolchain: Toolchain;
  /** Of the run: sources and the program are written there. */
  readonly folder: string;
  /** Default: the system's cache folder. */
  readonly cacheFolder?: string | undefined;
  readonly cacheBytes?: number;
  /** More flags for compiling and linking (sanitizers). */
  readonly flags?: readonly string[];
  /** Compilers at a time; default: one a core. */
  readonly jobs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Files compiled, of those that have to be. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface NativeBuild {
  /** Absolute path. */
  readonly program: string;
  /** Files that were compiled, and that the cache had. */
  readonly compiled: number;
  readonly cached: number;
}

/** Integers wrap; pointers of different types meet in one arena; nobody reads warnings about generated code. */
export const COMPILE_FLAGS: readonly string[] = [
  ...C_FLAGS,
  '-fwrapv',
  '-fno-strict-aliasing',
  '-w',
];
export const LINK_FLAGS: readonly string[] = ['-pthread', '-lm'];
const COMPILE_MS = 300_000;

/** All files of the program but its kernels, by name. */
export function supportFiles(
  tables: RunTables,
  { header, functions }: Pick<NativeSources, 'header' | 'functions'>,
): ReadonlyMap<string, string> {
  return new Map([
    [KERNEL_HEADER_NAME, header],
    ...Object.entries(NATIVE_SOURCES),
    [PROGRAM_NAME, programSource(tables, functions)],
  ]);
}

/** All files of the program, by name. */
function nativeFiles(tables: RunTables, sources: NativeSources): ReadonlyMap<string, string> {
  const { kernels, functions } = sources;
  const files = new Map(supportFiles(tables, sources));
  kernels.forEach((text, i) => {
    // Kernels that came out alike are one function.
    if (functions.indexOf(functions[i]!) === i) files.set(kernelFileName(i), text);
  });
  return files;
}

/** Index of the kernel in a file of that name; -1: another file. */
export function kernelOfFile(name: string): number {
  return Number(/^kernel_(\d+)\.c$/.exec(name)?.[1] ?? -1);
}

export function kernelFileName(kernel: number): string {
  return `kernel_${String(kernel).padStart(4, '0')}.c`;
}

/** Throws RunFailure 'compiler' with the compiler's own message; RunCancelled. */
export function buildNative(
  tables: RunTables,
  sources: NativeSources,
  options: NativeBuildOptions,
): Promise<NativeBuild> {
  return buildFiles(nativeFiles(tables, sources), options);
}

/** A program of these files. Throws as `buildNative`. */
export async function buildFiles(
  files: ReadonlyMap<string, string>,
  options: NativeBuildOptions,
): Promise<NativeBuild> {
  const { folder, toolchain } = options;
  const cache = await ObjectCache.open(options.cacheFolder, options.cacheBytes);
  const flags = [
    ...(toolchain.prefix ?? []),
    ...COMPILE_FLAGS,
    ...toolchain.target.flags,
    ...(options.flags ?? []),
  ];
  const headers = [...files].filter(([name]) => name.endsWith('.h'));
  await Promise.all(headers.map(([name, text]) => writeFile(join(folder, name), text)));

  const base = [toolchain.identity, flags.join('\n'), ...headers.flat()];
  const units = [...files]
    .filter(([name]) => name.endsWith('.c'))
    .map(([name, text]): Unit => ({ name, text, key: contentKey([...base, text]) }));
  const objects = new Map<string, string>();
  const missing: Unit[] = [];
  for (const unit of units) {
    const found = await cache.find(unit.key);
    if (found !== undefined) objects.set(unit.name, found);
    else missing.push(unit);
  }
  await compileAll(missing, { ...options, flags }, cache, objects);

  const program = join(folder, 'program');
  const paths = units.map(({ name }) => objects.get(name)!);
  await link(program, paths, options);
  await cache.trim(new Set(paths));
  return { program, compiled: missing.length, cached: units.length - missing.length };
}

interface Unit {
  readonly name: string;
  readonly text: string;
  readonly key: string;
}

async function compileAll(
  units: readonly Unit[],
  options: NativeBuildOptions,
  cache: ObjectCache,
  objects: Map<string, string>,
): Promise<void> {
  // Long files first, so that no core is left with the longest at the end.
  const queue = [...units].sort((a, b) => a.text.length - b.text.length);
  const failed = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
  let done = 0;
  let failure: unknown;
  options.onProgress?.(0, units.length);
  const worker = async (): Promise<void> => {
    for (let unit = queue.pop(); unit && !signal.aborted; unit = queue.pop()) {
      try {
        objects.set(unit.name, await compileUnit(unit, { ...options, signal }, cache));
      } catch (error) {
        // The others' compilers end because of it: the first failure is the one to tell.
        failure ??= error;
        failed.abort();
        return;
      }
      options.onProgress?.(++done, units.length);
    }
  };
  const jobs = Math.min(units.length, options.jobs ?? availableParallelism());
  await Promise.all(Array.from({ length: jobs }, worker));
  if (options.signal?.aborted) throw new RunCancelled();
  if (failure !== undefined) throw failure;
}

async function compileUnit(
  { name, text, key }: Unit,
  { folder, toolchain, flags = [], signal }: NativeBuildOptions,
  cache: ObjectCache,
): Promise<string> {
  await writeFile(join(folder, name), text);
  return cache.add(key, async (path) => {
    const compile = (...more: readonly string[]): Promise<ProcessResult> =>
      runProgram(toolchain.compiler, [...flags, ...more, '-c', name, '-o', path], {
        cwd: folder,
        signal,
        limitMs: COMPILE_MS,
      });
    let result = await compile();
    // A mistake in the compiler itself, mostly in how it optimises: the rest of the model should not suffer.
    for (const level of ['-O1', '-O0']) {
      if (
        result.status === 0 ||
        !/internal compiler error|submit a bug report/i.test(result.stderr)
      )
        break;
      result = await compile(level);
    }
    if (result.status === 0) return;
    const how = result.timedOut
      ? `did not finish within ${COMPILE_MS / 1000} s`
      : `failed${result.failure === undefined ? '' : ` (${result.failure})`}`;
    throw new CompilerError(name, `The C compiler ${how} on ${name}.`, result.stderr);
  });
}

/** The failing file is known, so that the caller can name the block. */
export class CompilerError extends RunFailure {
  constructor(
    readonly file: string,
    message: string,
    details: string,
  ) {
    super('compiler', message, details);
  }
}

async function link(
  program: string,
  objects: readonly string[],
  { folder, toolchain, flags = [], signal }: NativeBuildOptions,
): Promise<void> {
  const { prefix = [], target, linkFlags = [] } = toolchain;
  const how = [...prefix, ...target.flags, ...flags];
  const args = [...how, ...objects, '-o', program, ...LINK_FLAGS, ...linkFlags];
  const options = { cwd: folder, signal, limitMs: COMPILE_MS };
  const { status, stderr, failure } = await runProgram(toolchain.compiler, args, options);
  if (status !== 0) {
    const why = failure === undefined ? '' : ` (${failure})`;
    throw new CompilerError(PROGRAM_NAME, `The program could not be linked${why}.`, stderr);
  }
}
