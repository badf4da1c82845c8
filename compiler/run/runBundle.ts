/**
 * Builds and runs one bundle in a process of its own and collects what it measured and gave. The run's folder holds
 * everything in between and is gone afterwards.
 */
import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bundle, BundleTensor } from '../bundle/bundle.ts';
import type { EmittedKernel } from '../emit/kernel.ts';
import type { ModelSource } from '../onnx/source.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { dtypeOf, makeTensor } from '../tensor/tensor.ts';
import { CompilerError, kernelOfFile } from './buildNative.ts';
import { followRunner } from './followRunner.ts';
import type { RunnerResults } from './followRunner.ts';
import { packWeights } from './packWeights.ts';
import type { Place, PlacedRun } from './place.ts';
import { RunFailure, throwIfCancelled } from './runFailure.ts';
import type { CompareSplit, RunnerFiles } from './runnerOptions.ts';
import type { DeviceReport } from './runProtocol.ts';
import type { RunTables } from './runTables.ts';

export interface BundleRunOptions {
  /** Of the run, empty; removed by the caller. */
  readonly folder: string;
  /** What the bundle was made for. */
  readonly place: Place;
  /** 0: as many as the place thinks best. */
  readonly threads: number;
  readonly warmup: number;
  readonly runs: number;
  /** Most milliseconds of a series of repetitions; 0: as many as asked for. */
  readonly budgetMs: number;
  /** Of the whole run. */
  readonly limitSeconds: number;
  /** Keep what every block gives. */
  readonly dump?: boolean;
  /** The bundle is two plans: `runs` pairs of them, alternating. */
  readonly compare?: CompareSplit;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (stage: string, fraction?: number) => void;
  /** What the file calls an operator that rewriting made; default: its own id. */
  readonly nameOperator?: (id: string) => string;
  /** Whose work a step is, for messages. */
  readonly describeBlock: (block: number) => string;
}

export interface BundleRun {
  readonly results: RunnerResults;
  /** In the order of the bundle's outputs. */
  readonly outputs: readonly Tensor[];
  /** Bytes as they lie in memory, by index of the buffer; only with `dump`. */
  readonly buffers: ReadonlyMap<number, Uint8Array>;
  /** Emitting, compiling and packing weights. */
  readonly compileMs: number;
  readonly compiled: number;
  readonly cached: number;
  readonly device?: DeviceReport;
}

/** @param inputs in the order of the bundle's. Throws RunFailure, RunCancelled. */
export async function runBundle(
  bundle: Bundle,
  source: ModelSource,
  inputs: readonly Tensor[],
  options: BundleRunOptions,
): Promise<BundleRun> {
  const start = performance.now();
  const placed = await prepare(bundle, options);
  try {
    return await runPlaced(placed, start, bundle, source, inputs, options);
  } finally {
    await placed.dispose?.();
  }
}

async function runPlaced(
  placed: PlacedRun,
  start: number,
  bundle: Bundle,
  source: ModelSource,
  inputs: readonly Tensor[],
  options: BundleRunOptions,
): Promise<BundleRun> {
  const { folder, signal } = options;
  throwIfCancelled(signal);
  const files: RunnerFiles = {
    weights: join(folder, 'weights.bin'),
    inputs: join(folder, 'inputs.bin'),
    outputs: join(folder, 'outputs.bin'),
    ...(options.dump ? { dump: join(folder, 'dump.bin') } : {}),
  };
  const checkpoint = yielding(signal);
  await packWeights(bundle, source, files.weights, (done) => {
    options.onProgress?.('Packing weights', done);
    return checkpoint();
  });
  const compileMs = performance.now() - start;
  await writeInputs(placed.tables, bundle, inputs, files.inputs);
  await placed.carry?.(files);
  throwIfCancelled(signal);
  options.onProgress?.('Running');
  const results = await followRunner(placed.start(files, options), {
    limits: {
      steps: bundle.steps.length,
      buffers: bundle.buffers.length,
      outputs: bundle.outputs.length,
      symbols: bundle.symbols.length,
    },
    // The runner ends itself; this is for one that cannot.
    limitMs: options.limitSeconds * 1000 + 5000,
    signal,
    advice: placed.advice,
    blame: (step, check) => blame(bundle, placed.emitted, step, check, options),
  });
  await placed.collect?.(files);
  const device = placed.device?.();
  return {
    results,
    outputs: await readOutputs(bundle.outputs, results, files.outputs),
    buffers: await readDump(bundle, results, files.dump),
    compileMs,
    compiled: placed.compiled,
    cached: placed.cached,
    ...(device ? { device } : {}),
  };
}

async function prepare(bundle: Bundle, options: BundleRunOptions): Promise<PlacedRun> {
  const { folder, place, threads, signal, onProgress } = options;
  onProgress?.('Emitting kernels');
  const checkpoint = yielding(signal);
  return place
    .prepare(bundle, { folder, threads, signal, onProgress, checkpoint })
    .catch((error: unknown) => {
      throw withBlock(error, bundle, options);
    });
}

/** A compiler's complaint is about a file; people know blocks. */
function withBlock(error: unknown, bundle: Bundle, { describeBlock }: BundleRunOptions): unknown {
  if (!(error instanceof CompilerError)) return error;
  const kernel = kernelOfFile(error.file);
  const step = bundle.steps.find((each) => each.kernel === kernel);
  if (step === undefined || step.block < 0) return error;
  const { name } = bundle.kernels[kernel]!;
  const message = `${error.message} It is kernel ${name} of ${describeBlock(step.block)}.`;
  return new RunFailure('compiler', message, error.details, step.block);
}

async function writeInputs(
  tables: RunTables,
  { inputs }: Bundle,
  given: readonly Tensor[],
  path: string,
): Promise<void> {
  const all = new Uint8Array(tables.inputBytes);
  tables.inputs.forEach(({ buffer, fileOffset }, i) => {
    const { bytes } = given[i]!;
    const room = tables.buffers[buffer]!.bytes;
    if (bytes.length > room) throw new Error(`input ${inputs[i]!.name} is larger than its memory`);
    all.set(bytes, fileOffset);
  });
  await writeFile(path, all);
}

async function readOutputs(
  tensors: readonly BundleTensor[],
  { outputs }: RunnerResults,
  path: string,
): Promise<readonly Tensor[]> {
  const file = await readFile(path);
  return tensors.map(({ storage, dims }, i) => {
    const { offset, bytes, dims: actual } = outputs[i]!;
    if (actual.length !== dims.length || offset + bytes > file.length) {
      throw new RunFailure('crashed', 'The run gave an output that is not as promised.');
    }
    try {
      return makeTensor(
        dtypeOf(storage),
        actual,
        Uint8Array.from(file.subarray(offset, offset + bytes)),
      );
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new RunFailure('crashed', `The run gave an output that is none: ${error.message}.`);
    }
  });
}

async function readDump(
  bundle: Bundle,
  { tensors }: RunnerResults,
  path: string | undefined,
): Promise<ReadonlyMap<number, Uint8Array>> {
  const found = new Map<number, Uint8Array>();
  if (path === undefined) return found;
  const { size } = await stat(path);
  const file = await open(path, 'r');
  try {
    for (const { buffer, offset, bytes } of tensors) {
      if (offset + bytes > size || bytes !== bundle.buffers[buffer]!.bytes) {
        throw new RunFailure('crashed', 'The run gave a tensor that is not as promised.');
      }
      const own = new Uint8Array(bytes);
      await file.read(own, 0, bytes, offset);
      found.set(buffer, own);
    }
  } finally {
    await file.close();
  }
  return found;
}

/** The operator whose check failed, as the block means it: equal blocks share a kernel and its checks. */
function blame(
  bundle: Bundle,
  emitted: readonly EmittedKernel[],
  step: number,
  check: number | undefined,
  { describeBlock, nameOperator = (id) => id }: BundleRunOptions,
): { readonly block: number; readonly what: string } {
  const { block, kernel, checks: own } = bundle.steps[step]!;
  const where = block < 0 ? 'a step between blocks' : describeBlock(block);
  if (check === undefined) return { block, what: where };
  const failed = emitted[kernel]!.checks[check];
  if (failed === undefined) return { block, what: `A check failed in ${where}.` };
  const same = bundle.kernels[kernel]!.checks.findIndex(
    ({ operator, message }) => operator === failed.operator && message === failed.message,
  );
  const { operator, message } = own?.[same] ?? failed;
  return {
    block,
    what: `The run was ended: ${message} in operator '${nameOperator(operator)}', part of ${where}.`,
  };
}

const YIELD_MS = 50;

/** Lets others have a turn now and then, and throws when the run was cancelled. */
export function yielding(signal: AbortSignal | undefined): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last > YIELD_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      last = performance.now();
    }
    throwIfCancelled(signal);
  };
}
