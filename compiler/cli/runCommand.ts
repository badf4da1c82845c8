/**
 * `fusion-studio run`: builds a model for this computer, runs it and prints what every block took.
 */
import { readdir, readFile, mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModelError } from '../diagnostics.ts';
import { PLANNERS } from '../fusion/plan.ts';
import { RunCancelled, RunFailure } from '../run/runFailure.ts';
import { feedProfiles } from '../run/measuredRun.ts';
import { runModel } from '../run/runModel.ts';
import type { ModelRun, RunModelOptions } from '../run/runModel.ts';
import { readTensorProto, TensorFileError, writeTensorProto } from '../tensor/protoFile.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { onlyPositional, readArguments } from './command.ts';
import type { Command } from './command.ts';
import { readEdits, REWRITE_OPTIONS } from './editArguments.ts';
import { TARGET_NAMES, readCores, readCount, readTarget } from './runArguments.ts';
import { runTable } from './runReport.ts';
import { printable } from './terminal.ts';

export const runCommand: Command = {
  name: 'run',
  synopsis:
    `MODEL [--target ${TARGET_NAMES}] [--planner ${PLANNERS.join('|')}] [--overrides FILE]\n` +
    '      [--dim NAME=N] [--threads N] [--warmup N] [--runs N] [--inputs DIR] [--outputs DIR]\n' +
    '      [--cores all|big|LIST] [--no-rewrite] [--fast-math] [--verify] [--json]',
  summary:
    'Run a model here or on a phone and print the time of every block. Inputs are random, or input_N.pb ' +
    'in DIR; --verify compares with output_N.pb there, with ONNX Runtime, or with the model unfused.',
  run,
};

/** Without --runs: as many repetitions as fit in this time. */
const BUDGET_MS = 3000;
const MOST_UNASKED_RUNS = 100;
const MOST_INPUT_FILES = 1000;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      target: { type: 'string' },
      planner: { type: 'string' },
      overrides: { type: 'string' },
      ...REWRITE_OPTIONS,
      dim: { type: 'string', multiple: true },
      threads: { type: 'string' },
      warmup: { type: 'string' },
      runs: { type: 'string' },
      inputs: { type: 'string' },
      outputs: { type: 'string' },
      cores: { type: 'string' },
      verify: { type: 'boolean' },
      json: { type: 'boolean' },
    },
  });
  const path = onlyPositional(positionals, 'MODEL');
  const target = readTarget(values.target);
  const threads = readCount('--threads', values.threads, 0, 256);
  const warmup = readCount('--warmup', values.warmup, 2, 100_000);
  const runs = readCount('--runs', values.runs, MOST_UNASKED_RUNS, 100_000);
  const { edits, diagnostics } = await readEdits(path, values);
  const inputs = values.inputs === undefined ? [] : await readTensors(values.inputs, 'input');
  const verify = values.verify ?? false;
  const expected =
    verify && values.inputs !== undefined ? await readTensors(values.inputs, 'output') : [];
  const options: RunModelOptions = {
    location: { kind: 'file', path: resolve(path) },
    edits,
    // Inputs that are given say their sizes.
    ...(values.inputs === undefined ? { assumeSizes: sayAssumed } : {}),
    target,
    threads,
    warmup,
    runs,
    budgetMs: values.runs === undefined ? BUDGET_MS : 0,
    inputs,
    verify,
    ...(expected.length > 0 ? { expected } : {}),
    ...runSettings(),
    device: { cores: readCores(values.cores) },
  };
  const finished = await withCancelling((signal) =>
    runModel({ ...options, signal, ...(values.json ? {} : { onProgress: showStage }) }),
  );
  if (typeof finished === 'number') return finished;
  await feedProfiles(finished);
  if (values.outputs !== undefined) await writeTensors(values.outputs, finished);
  const { report } = finished;
  process.stdout.write(
    values.json
      ? `${JSON.stringify(report, null, 2)}\n`
      : runTable(basename(path), finished, diagnostics),
  );
  return report.verify?.passed === false ? 1 : 0;
}

/** What the user decides outside of the command line: nothing of it can come from a model's folder. */
export function runSettings(): Pick<RunModelOptions, 'script' | 'compiler' | 'onnxRuntime'> {
  // The bundles lie side by side in the build's folder.
  const folder = dirname(fileURLToPath(import.meta.url));
  return {
    script: join(folder, 'runWorker.cjs'),
    compiler: process.env['CC'] || undefined,
    onnxRuntime: process.env['FUSION_STUDIO_ONNXRUNTIME'] || undefined,
  };
}

/** Ctrl+C cancels; failures become one line (and what a compiler said) and the exit status. */
export async function withCancelling<T>(
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | number> {
  const abort = new AbortController();
  const cancel = (): void => abort.abort();
  process.once('SIGINT', cancel);
  process.once('SIGTERM', cancel);
  try {
    return await work(abort.signal);
  } catch (error) {
    clearStage();
    if (error instanceof RunCancelled) return 130;
    if (!(error instanceof RunFailure)) throw error;
    process.stderr.write(`fusion-studio: ${printable(error.message)}\n`);
    if (error.details !== undefined) {
      const lines = error.details.trimEnd().split('\n').slice(0, 40);
      process.stderr.write(`${lines.map((line) => `  ${printable(line)}`).join('\n')}\n`);
    }
    return 1;
  } finally {
    clearStage();
    process.removeListener('SIGINT', cancel);
    process.removeListener('SIGTERM', cancel);
  }
}

export function sayAssumed(assumed: string): void {
  process.stderr.write(
    `Sizes that the model leaves open are taken as ${printable(assumed)} (--dim NAME=N sets others).\n`,
  );
}

/** One line that changes, on terminals only. */
export function showStage(stage: string, fraction?: number): void {
  if (!process.stderr.isTTY) return;
  const share = fraction === undefined ? '' : ` ${Math.round(fraction * 100)} %`;
  process.stderr.write(`\r\u001b[K${printable(stage)}${share}`);
}

function clearStage(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}

/** `input_0.pb` and so on, by number; the numbers may have gaps. */
export async function readTensors(
  folder: string,
  kind: 'input' | 'output',
): Promise<readonly (Tensor | undefined)[]> {
  const names = await readdir(folder).catch(() => {
    throw new ModelError('model/unreadable', `There is no readable folder ${folder}.`);
  });
  const tensors: (Tensor | undefined)[] = [];
  for (const name of names) {
    const number = Number(new RegExp(`^${kind}_(\\d{1,4})\\.pb$`).exec(name)?.[1] ?? -1);
    if (number < 0 || number >= MOST_INPUT_FILES) continue;
    try {
      tensors[number] = readTensorProto(await readFile(join(folder, name)));
    } catch (error) {
      if (!(error instanceof TensorFileError)) throw error;
      throw new ModelError('model/bad-tensor', `${join(folder, name)}: ${error.message}`);
    }
  }
  return Array.from(tensors);
}

async function writeTensors(folder: string, { outputs, bundle }: ModelRun): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [i, tensor] of outputs.entries()) {
    const { name, position = i } = bundle.outputs[i]!;
    await writeFile(join(folder, `output_${position}.pb`), writeTensorProto(tensor, name));
  }
}
