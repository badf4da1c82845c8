/**
 * Compares two plans of one model on one target: both are packaged into one program, which runs them by turns; then
 * statistics say whether one is faster.
 */
import { buildBundle } from '../../bundle/buildBundle.ts';
import { importPass } from '../../compile.ts';
import { bindOpenSizes } from '../../fusion/openSizes.ts';
import type { PlanEdits } from '../../fusion/plan.ts';
import type { Model } from '../../graph/graph.ts';
import type { Place } from '../place.ts';
import { placeOf } from '../placeOf.ts';
import { profilesFor } from '../measuredRun.ts';
import type { PreparedModel } from '../prepareModel.ts';
import { prepareModel } from '../prepareModel.ts';
import type { BundleRun } from '../runBundle.ts';
import { runBundle, yielding } from '../runBundle.ts';
import { RunFailure } from '../runFailure.ts';
import { withRunFolder } from '../runFolder.ts';
import type { RunModelOptions } from '../runModel.ts';
import {
  DEFAULT_LIMIT_SECONDS,
  describeBlock,
  openSource,
  readable,
  withOperators,
} from '../runModel.ts';
import type { CompareReport } from '../runProtocol.ts';
import type { PackagedPlan } from './compareReport.ts';
import { compareReport } from './compareReport.ts';
import { mergeBundles } from './mergeBundles.ts';

export interface CompareModelOptions extends Omit<
  RunModelOptions,
  'edits' | 'verify' | 'expected' | 'dump'
> {
  readonly a: PlanEdits;
  readonly b: PlanEdits;
}

/** `runs`: pairs of inferences. Throws RunFailure, RunCancelled, ModelError. */
export async function compareModel(options: CompareModelOptions): Promise<CompareReport> {
  const source = openSource(options.location);
  try {
    return await compare(source, options);
  } catch (error) {
    throw readable(error, options.signal);
  } finally {
    source.close();
  }
}

async function compare(
  source: ReturnType<typeof openSource>,
  options: CompareModelOptions,
): Promise<CompareReport> {
  const { onProgress, inputs: given = [], seed = 1 } = options;
  const place = await placeOf(options);
  const checkpoint = yielding(options.signal);
  onProgress?.('Reading the model');
  await checkpoint();
  const imported = await importPass(source);
  onProgress?.('Planning');
  await checkpoint();
  const bindings = bindingsOfBoth(imported.model, options);
  const dims = new Map(Object.entries(bindings));
  const profile = await profilesFor([options.a, options.b], options);
  const prepare = ({ rewrite }: PlanEdits): PreparedModel =>
    prepareModel(imported, { dims, inputs: given, seed, profile, ...(rewrite ? { rewrite } : {}) });
  const preparedA = prepare(options.a);
  const isRewrittenAlike = JSON.stringify(options.a.rewrite) === JSON.stringify(options.b.rewrite);
  const preparedB = isRewrittenAlike ? preparedA : prepare(options.b);
  const start = performance.now();
  const a = await packaged(preparedA, { ...options.a, bindings }, place, options);
  const b = await packaged(preparedB, { ...options.b, bindings }, place, options);
  const packageMs = performance.now() - start;
  const { run, split } = await runBoth(a, b, place, options);
  return compareReport(options.target, a, b, run, split, packageMs);
}

/** Inputs are the same for both, so sizes are. */
function bindingsOfBoth(
  { symbols }: Model,
  { a, b, assumeSizes }: CompareModelOptions,
): PlanEdits['bindings'] {
  for (const [symbol, size] of Object.entries(a.bindings)) {
    if (Object.hasOwn(b.bindings, symbol) && b.bindings[symbol] !== size) {
      throw new RunFailure(
        'unsupported',
        'The plans are for different sizes of the inputs: give both the same sizes to compare them.',
      );
    }
  }
  const both = { ...a, bindings: { ...b.bindings, ...a.bindings } };
  if (assumeSizes === undefined) return both.bindings;
  const sized = bindOpenSizes(both, symbols.values());
  if (sized.assumed !== '') assumeSizes(sized.assumed);
  return sized.edits.bindings;
}

async function packaged(
  prepared: PreparedModel,
  edits: PlanEdits,
  place: Place,
  { onProgress, signal }: CompareModelOptions,
): Promise<PackagedPlan> {
  const checkpoint = yielding(signal);
  const plan = prepared.planner.plan(edits);
  const bundle = await buildBundle(prepared.bound, plan, place.target, {
    checkpoint: async (stage, done) => {
      onProgress?.(stage, done);
      await checkpoint();
    },
  });
  if (bundle.steps.length === 0) {
    throw new RunFailure('unsupported', 'The model computes nothing: there is nothing to compare.');
  }
  return { prepared, plan, bundle };
}

async function runBoth(
  a: PackagedPlan,
  b: PackagedPlan,
  place: Place,
  options: CompareModelOptions,
) {
  const { bundle, split, secondBlock } = mergeBundles(a.bundle, b.bundle);
  const inputsOf = ({ prepared: { bound, inputs } }: PackagedPlan) =>
    bound.positions.map((position) => inputs[position]!);
  const ownerOf = (block: number): readonly [PackagedPlan, number] =>
    block < secondBlock ? [a, block] : [b, block - secondBlock];
  const { source } = a.prepared.imported;
  const run: BundleRun = await withRunFolder((folder) =>
    runBundle(bundle, source, [...inputsOf(a), ...inputsOf(b)], {
      folder,
      place,
      compare: split,
      threads: options.threads,
      warmup: options.warmup,
      runs: options.runs,
      budgetMs: options.budgetMs ?? 0,
      limitSeconds: options.limitSeconds ?? DEFAULT_LIMIT_SECONDS,
      signal: options.signal,
      ...(options.onProgress ? { onProgress: options.onProgress } : {}),
      describeBlock: (block) => {
        const [{ prepared, plan }, own] = ownerOf(block);
        return describeBlock(prepared, plan, own);
      },
    }),
  ).catch((error: unknown) => {
    if (!(error instanceof RunFailure) || error.block === undefined) throw error;
    const [{ prepared, plan }, own] = ownerOf(error.block);
    const { failure, message, details, operators } = error;
    const owned = new RunFailure(failure, message, details, own, operators);
    throw withOperators(owned, prepared, plan);
  });
  return { run, split };
}
