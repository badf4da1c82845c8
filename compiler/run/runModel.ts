/**
 * One run of a model from file to report: import, bind, plan, package, build, run, verify. Progress is told at every
 * stage; cancelling ends what is running at the time, and the run's folder is always removed.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bundle } from '../bundle/bundle.ts';
import { BundleError } from '../bundle/bundleError.ts';
import type { BundleOptions } from '../bundle/buildBundle.ts';
import { buildBundle } from '../bundle/buildBundle.ts';
import { importPass } from '../compile.ts';
import { cleanText } from '../device/cleanText.ts';
import { bindOpenSizes } from '../fusion/openSizes.ts';
import type { FusionPlan, PlanEdits } from '../fusion/plan.ts';
import { NO_EDITS } from '../fusion/plan.ts';
import type { Model } from '../graph/graph.ts';
import { Unsupported } from '../lower/unsupported.ts';
import { quoted } from '../onnx/names.ts';
import { modelFromBytes, openModelFile } from '../onnx/source.ts';
import type { ModelLocation } from '../protocol.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { askOnnxRuntime, findOnnxRuntime } from './oracle/onnxRuntime.ts';
import { NO_REWRITES } from '../rewrite/rewrite.ts';
import type { PreparedModel } from './prepareModel.ts';
import { prepareModel } from './prepareModel.ts';
import type { Place } from './place.ts';
import { placeOf } from './placeOf.ts';
import { profilesFor } from './measuredRun.ts';
import { runBundle, yielding } from './runBundle.ts';
import type { BundleRun, BundleRunOptions } from './runBundle.ts';
import { RunCancelled, RunFailure } from './runFailure.ts';
import { withRunFolder } from './runFolder.ts';
import type { DeviceOptions, RunReport, RunTarget, VerifyReport } from './runProtocol.ts';
import { spreadMs } from './spread.ts';
import { interpretedOutputs, isInterpretable, verifyReport } from './verifyRun.ts';

export interface RunModelOptions {
  readonly location: ModelLocation;
  readonly edits: PlanEdits;
  /** Sizes that stay open are taken as planned, and told; default: they are demanded. */
  readonly assumeSizes?: (assumed: string) => void;
  readonly target: RunTarget;
  /** 0: one a core. */
  readonly threads: number;
  readonly warmup: number;
  readonly runs: number;
  /** Most milliseconds of a series of repetitions; default: as many repetitions as asked for. */
  readonly budgetMs?: number;
  readonly limitSeconds?: number;
  /** By position among the inputs of the model file; what is missing is made up. */
  readonly inputs?: readonly (Tensor | undefined)[];
  readonly seed?: number;
  readonly verify: boolean;
  /** Expected outputs by position: verified against those, without a reference of our own. */
  readonly expected?: readonly (Tensor | undefined)[];
  /** Absolute path of the bundled `runWorker`. */
  readonly script: string;
  /** C compiler, a setting; default: found. */
  readonly compiler?: string | undefined;
  readonly cacheFolder?: string | undefined;
  /** Folder of an installed `onnxruntime-node`, a setting. */
  readonly onnxRuntime?: string | undefined;
  /** Folders whose programs are never run (workspaces). */
  readonly untrusted?: readonly string[];
  /** More flags for the C compiler (sanitizers). */
  readonly compilerFlags?: readonly string[];
  /** File of measured times, for edits that name a device; default: the user's. */
  readonly profiles?: string | undefined;
  /** How devices are reached, and what runs on them. */
  readonly device?: DeviceOptions;
  /** How values between blocks lie in memory; default: as is fast. */
  readonly layouts?: BundleOptions['layouts'];
  /** Keep what every block gives. */
  readonly dump?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** `fraction` of the stage, where known. */
  readonly onProgress?: (stage: string, fraction?: number) => void;
}

export interface ModelRun {
  readonly report: RunReport;
  /** By position in the model file. */
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly prepared: PreparedModel;
  readonly plan: FusionPlan;
  readonly bundle: Bundle;
  readonly run: BundleRun;
}

export const DEFAULT_LIMIT_SECONDS = 600;

/** Throws RunFailure, RunCancelled, ModelError. */
export async function runModel(options: RunModelOptions): Promise<ModelRun> {
  const source = openSource(options.location);
  try {
    return await new Run(options, yielding(options.signal)).run(source);
  } catch (error) {
    throw readable(error, options.signal);
  } finally {
    source.close();
  }
}

class Run {
  constructor(
    private readonly options: RunModelOptions,
    private readonly checkpoint: () => Promise<void>,
  ) {}

  async run(source: ReturnType<typeof openSource>): Promise<ModelRun> {
    const { inputs: given = [], seed = 1 } = this.options;
    const place = await placeOf(this.options);
    await this.stage('Reading the model');
    const imported = await importPass(source);
    const edits = this.sized(imported.model);
    await this.stage('Planning');
    const dims = new Map(Object.entries(edits.bindings));
    const profile = await profilesFor([edits], this.options);
    const { rewrite } = edits;
    const prepared = prepareModel(imported, { dims, inputs: given, seed, profile, rewrite });
    const { run, plan, bundle, packageMs } = await this.execute(prepared, edits, place);
    const verify = await this.verify(prepared, bundle, run, place);
    const report = this.report(plan, bundle, run, packageMs, verify);
    const { inputs } = prepared;
    return { report, inputs, outputs: run.outputs, prepared, plan, bundle, run };
  }

  private sized({ symbols }: Model): PlanEdits {
    const { edits, assumeSizes } = this.options;
    if (assumeSizes === undefined) return edits;
    const sized = bindOpenSizes(edits, symbols.values());
    if (sized.assumed !== '') assumeSizes(sized.assumed);
    return sized.edits;
  }

  private async execute(
    prepared: PreparedModel,
    edits: PlanEdits,
    place: Place,
    changes: Partial<BundleRunOptions> = {},
  ) {
    const { signal, onProgress, layouts = 'chosen' } = this.options;
    const plan = prepared.planner.plan(edits);
    const start = performance.now();
    const bundle = await buildBundle(prepared.bound, plan, place.target, {
      layouts,
      checkpoint: async (stage, done) => {
        onProgress?.(stage, done);
        await this.checkpoint();
      },
    });
    const packageMs = performance.now() - start;
    const { positions } = prepared.bound;
    const inputs = positions.map((position) => prepared.inputs[position]!);
    const { options } = this;
    const run = await withRunFolder((folder) =>
      runBundle(bundle, prepared.imported.source, inputs, {
        folder,
        place,
        threads: options.threads,
        warmup: options.warmup,
        runs: options.runs,
        budgetMs: options.budgetMs ?? 0,
        limitSeconds: options.limitSeconds ?? DEFAULT_LIMIT_SECONDS,
        dump: options.dump ?? false,
        signal,
        ...(onProgress ? { onProgress } : {}),
        describeBlock: (block) => describeBlock(prepared, plan, block),
        nameOperator: (id) => nameInFile(prepared, id),
        ...changes,
      }),
    ).catch((error: unknown) => {
      throw withOperators(error, prepared, plan);
    });
    return { run, plan, bundle, packageMs };
  }

  private async verify(
    prepared: PreparedModel,
    bundle: Bundle,
    run: BundleRun,
    place: Place,
  ): Promise<VerifyReport | null> {
    const { verify, expected } = this.options;
    const names = bundle.outputs.map(({ name }) => name);
    const reportOn = (
      reference: VerifyReport['reference'],
      outputs: readonly (Tensor | undefined)[],
    ) => verifyReport(reference, names, run.outputs, outputs);
    if (verify && expected !== undefined) return reportOn('given', expected);
    if (!verify) return null;
    await this.stage('Verifying');
    const known = await this.askOnnxRuntime(prepared);
    if (known !== undefined) return reportOn('onnxruntime', known);
    // As the file says it, so that a wrong rewriting shows.
    const { imported, bound, inputs } = prepared;
    const plain = prepareModel(imported, { dims: bound.bindings, inputs, rewrite: NO_REWRITES });
    if (isInterpretable(plain)) return reportOn('interpreter', interpretedOutputs(plain));
    const edits: PlanEdits = { ...NO_EDITS, planner: 'none', rewrite: NO_REWRITES };
    const once = { warmup: 0, runs: 0, dump: false };
    const unfused = await this.execute(plain, edits, place, once);
    return reportOn('unfused', unfused.run.outputs);
  }

  /** Undefined where there is none, or it does not run the model. */
  private async askOnnxRuntime(prepared: PreparedModel): Promise<readonly Tensor[] | undefined> {
    const { script, signal, onnxRuntime, location, onProgress } = this.options;
    const runtime = findOnnxRuntime(onnxRuntime, script);
    if (runtime === undefined) return undefined;
    const answer = await withRunFolder(async (folder) => {
      const model = location.kind === 'file' ? location.path : join(folder, 'model.onnx');
      if (location.kind === 'bytes') await writeFile(model, location.bytes);
      const limitMs = (this.options.limitSeconds ?? DEFAULT_LIMIT_SECONDS) * 1000;
      const { inputs } = prepared;
      return askOnnxRuntime({ script, runtime, model, inputs, limitMs, signal });
    });
    if (typeof answer !== 'string') return answer;
    onProgress?.(`Verifying without ONNX Runtime (${answer})`);
    return undefined;
  }

  private report(
    plan: FusionPlan,
    bundle: Bundle,
    run: BundleRun,
    packageMs: number,
    verify: VerifyReport | null,
  ): RunReport {
    const { results, outputs, compileMs } = run;
    const latencyMs = spreadMs(results.total.length > 0 ? results.total : [results.first]);
    return {
      target: this.options.target,
      threads: results.hello.threads,
      latencyMs,
      blocks: blockTimes(plan, bundle, run),
      compileMs: packageMs + compileMs,
      firstRunMs: results.first / 1e6,
      arenaBytes: bundle.arenaBytes,
      peakLiveBytes: bundle.report.peakLiveBytes,
      movedBytes: bundle.report.movedBytes,
      peakProcessBytes: results.peakBytes,
      outputs: outputs.map(({ dtype, dims }, i) => ({
        name: bundle.outputs[i]!.name,
        dims,
        dtype,
      })),
      verify,
      noisy: latencyMs.p90 > 1.25 * latencyMs.median,
      ...deviceOfRun(run),
    };
  }

  private async stage(name: string): Promise<void> {
    this.options.onProgress?.(name);
    await this.checkpoint();
  }
}

/** Median time of each block: the sum of its steps; steps between blocks come last, without an id. */
export function blockTimes(
  plan: FusionPlan,
  bundle: Bundle,
  { results }: BundleRun,
): RunReport['blocks'] {
  const steps = new Map<number, number[]>();
  bundle.steps.forEach(({ block }, step) => {
    steps.set(block, [...(steps.get(block) ?? []), step]);
  });
  const entry = (id: string, own: readonly number[]): RunReport['blocks'][number] => {
    const [first = []] = own.map((step) => results.blocks[step]!);
    const sums = first.map((_, run) =>
      own.reduce((sum, step) => sum + (results.blocks[step]![run] ?? 0), 0),
    );
    const kernel = bundle.kernels[bundle.steps[own[0]!]!.kernel]!.name;
    return { id, kernel, medianMs: spreadMs(sums).median };
  };
  const blocks = plan.blocks.flatMap(({ id, index }) => {
    const own = steps.get(index);
    return own === undefined ? [] : [entry(id, own)];
  });
  const between = (steps.get(-1) ?? []).map((step) => entry('', [step]));
  return [...blocks, ...between];
}

/** 'block 12 (Conv, Relu)'; names of a model are untrusted text, but types are known ones. */
export function describeBlock({ bound }: PreparedModel, plan: FusionPlan, block: number): string {
  const operators = plan.blocks[block]?.operators ?? [];
  const types = operators.map((operator) => bound.model.graph.operators[operator]!.type);
  const shown = types.length > 6 ? [...types.slice(0, 6), '…'] : types;
  return `block ${block} (${shown.join(', ')})`;
}

/** GPUs say their name and the version of OpenCL in their first line. */
function deviceOfRun({ device, results }: BundleRun): Pick<RunReport, 'device'> {
  const { runner, version } = results.hello;
  const opencl = version === undefined ? {} : { opencl: cleanText(version, 80) };
  if (device) return { device: { ...device, ...opencl } };
  const [, name] = /^opencl (.+)$/.exec(runner) ?? [];
  return name === undefined
    ? {}
    : { device: { name: name.slice(0, 80), ...opencl, throttled: false } };
}

/** People know the operators of their file. */
function nameInFile({ bound, imported }: PreparedModel, id: string): string {
  const operator = bound.model.graph.operators.find((each) => each.id === id);
  if (!operator) return id;
  // Of those that it came from, the one that does the same.
  const { operators } = imported.model.graph;
  const ids = new Set(operator.originalIds);
  const same = operators.find((each) => ids.has(each.id) && each.type === operator.type);
  return same?.id ?? operator.originalIds[0] ?? id;
}

/** A failure in a block is about its operators. */
export function withOperators(error: unknown, { bound }: PreparedModel, plan: FusionPlan): unknown {
  if (!(error instanceof RunFailure) || error.block === undefined || error.operators) return error;
  const { failure, message, details, block } = error;
  const operators = plan.blocks[block]?.operators ?? [];
  const ids = operators.map((operator) => bound.model.graph.operators[operator]!.id);
  return new RunFailure(failure, message, details, block, ids);
}

export function openSource(location: ModelLocation) {
  return location.kind === 'file'
    ? openModelFile(location.path)
    : modelFromBytes(location.bytes, location.name);
}

/** What the stages throw because of the model, as one kind of failure. */
export function readable(error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return new RunCancelled();
  if (error instanceof BundleError) return new RunFailure('unsupported', error.message);
  if (error instanceof Unsupported) {
    const message = `The model cannot be run: operator ${quoted(error.operator)}: ${error.reason}.`;
    return new RunFailure('unsupported', message, undefined, undefined, [error.operator]);
  }
  return error;
}
