/**
 * Operator cases on a target, many in one program: most of the time of a single case would go to starting compilers and
 * processes. A batch that ends badly is run again without the case that is blamed, or in halves where none is, so that no
 * case answers for another.
 */
import { buildBundle } from '../bundle/buildBundle.ts';
import type { Bundle } from '../bundle/bundle.ts';
import { BundleError } from '../bundle/bundleError.ts';
import { weightsInMemory } from '../bundle/weights.ts';
import type { Imported } from '../compile.ts';
import type { PlanEdits } from '../fusion/plan.ts';
import { Unsupported } from '../lower/unsupported.ts';
import { modelFromBytes } from '../onnx/source.ts';
import type { Place } from '../run/place.ts';
import { prepareModel } from '../run/prepareModel.ts';
import { runBundle } from '../run/runBundle.ts';
import { RunCancelled } from '../run/runFailure.ts';
import { RunFailure } from '../run/runFailure.ts';
import { withRunFolder } from '../run/runFolder.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { NoKernel } from './conformanceRun.ts';
import { joinBundles } from './joinBundles.ts';

const LIMIT_SECONDS = 60;
const EMPTY = modelFromBytes(new Uint8Array());

/** A case with one set of inputs, ready to run. */
export interface PreparedCase {
  readonly bundle: Bundle;
  readonly weights: Uint8Array;
  /** In the order of the bundle's. */
  readonly inputs: readonly Tensor[];
}

/** By position in the model file, or why there are none. */
export type CaseOutputs = readonly Tensor[] | Error;

export interface BatchSettings {
  readonly place: Place;
  readonly edits: PlanEdits;
  readonly signal: AbortSignal;
}

/** Throws NoKernel, and what the compiler throws. */
export async function prepareCase(
  imported: Imported,
  given: readonly (Tensor | undefined)[],
  { place, edits }: BatchSettings,
): Promise<PreparedCase> {
  try {
    const prepared = prepareModel(imported, { dims: new Map(), inputs: given });
    const bundle = await buildBundle(prepared.bound, prepared.planner.plan(edits), place.target);
    const inputs = prepared.bound.positions.map((position) => prepared.inputs[position]!);
    return { bundle, weights: weightsInMemory(bundle, imported.source), inputs };
  } catch (error) {
    if (error instanceof Unsupported) throw new NoKernel(error.reason);
    if (error instanceof BundleError) throw new NoKernel(error.message);
    throw error;
  }
}

/** Outputs of each case. Throws RunCancelled. */
export async function runBatch(
  cases: readonly PreparedCase[],
  settings: BatchSettings,
): Promise<readonly CaseOutputs[]> {
  if (cases.length === 0) return [];
  try {
    return await runTogether(cases, settings);
  } catch (error) {
    if (error instanceof RunCancelled || settings.signal.aborted) throw new RunCancelled();
    if (cases.length === 1) return [error instanceof Error ? error : new Error(String(error))];
    const parts = partsOf(cases, error instanceof RunFailure ? error.block : undefined);
    const results: CaseOutputs[] = [];
    for (const part of parts) results.push(...(await runBatch(part, settings)));
    return results;
  }
}

/** Around the case that is blamed; else halves. */
function partsOf<T>(cases: readonly T[], blamed: number | undefined): readonly (readonly T[])[] {
  if (blamed !== undefined && cases[blamed] !== undefined) {
    return [cases.slice(0, blamed), [cases[blamed]], cases.slice(blamed + 1)];
  }
  const middle = Math.ceil(cases.length / 2);
  return [cases.slice(0, middle), cases.slice(middle)];
}

async function runTogether(
  cases: readonly PreparedCase[],
  { place, signal }: BatchSettings,
): Promise<readonly (readonly Tensor[])[]> {
  const { bundle, firstOutput } = joinBundles(cases);
  const inputs = cases.flatMap((item) => item.inputs);
  const { outputs } = await withRunFolder((folder) =>
    runBundle(bundle, EMPTY, inputs, {
      folder,
      place,
      threads: 1,
      warmup: 0,
      runs: 0,
      budgetMs: 0,
      limitSeconds: LIMIT_SECONDS,
      signal,
      describeBlock: () => 'the case',
    }),
  );
  return cases.map(({ bundle: own }, part) => {
    const placed: Tensor[] = [];
    own.outputs.forEach(({ position }, i) => {
      placed[position ?? i] = outputs[firstOutput[part]! + i]!;
    });
    return placed;
  });
}
