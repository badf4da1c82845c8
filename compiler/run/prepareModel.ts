/**
 * From a model file to what is run: sizes bound, inputs given or made up, planned. The model is planned as it is bound, so
 * shape arithmetic that only a run knows is gone; overrides name operators by id and apply all the same.
 */
import type { BoundModel } from '../bundle/bindModel.ts';
import { bindModel } from '../bundle/bindModel.ts';
import type { Imported } from '../compile.ts';
import { plannerFor } from '../compile.ts';
import { buildEcg } from '../ecg/buildEcg.ts';
import type { Ecg } from '../ecg/ecg.ts';
import type { FusionPlan, PlanEdits } from '../fusion/plan.ts';
import type { Planner } from '../fusion/planner.ts';
import type { ProfileDatabase } from '../fusion/profile.ts';
import type { Bindings } from '../graph/dim.ts';
import { DEFAULT_REWRITES } from '../rewrite/rewrite.ts';
import type { RewriteSettings } from '../rewrite/rewrite.ts';
import { integerRangeOf, randomTensor } from '../tensor/randomInput.ts';
import type { Tensor } from '../tensor/tensor.ts';

export interface PreparedModel {
  readonly imported: Imported;
  readonly bound: BoundModel;
  readonly ecg: Ecg;
  readonly planner: Planner;
  /** By position among the inputs of the model file. */
  readonly inputs: readonly Tensor[];
}

export interface PrepareOptions {
  /** Sizes by symbol. */
  readonly dims: Bindings;
  /** By position; what is missing is made up (floats uniform in [-2, 2]). */
  readonly inputs?: readonly (Tensor | undefined)[];
  readonly seed?: number;
  /** Default: as for a model without edits. */
  readonly rewrite?: RewriteSettings | undefined;
  /** Asked when edits name a device. */
  readonly profile?: ProfileDatabase | undefined;
}

/** Throws BundleError where a size is open or an input does not fit. */
export function prepareModel(imported: Imported, options: PrepareOptions): PreparedModel {
  const { dims, inputs: given = [], seed = 1, profile, rewrite = DEFAULT_REWRITES } = options;
  const bound = bindModel(imported.model, { dims, inputs: given, rewrite });
  const { graph } = bound.model;
  const inputs: Tensor[] = [];
  for (const { position, tensor } of bound.bound) inputs[position] = tensor;
  graph.inputs.forEach((value, i) => {
    const position = bound.positions[i]!;
    inputs[position] = given[position] ?? madeUp(bound, value, seed + position);
  });
  const ecg = buildEcg(bound.model, bound.bindings);
  return { imported, bound, ecg, planner: plannerFor(bound.model, ecg, profile), inputs };
}

export function planFor({ planner }: PreparedModel, edits: PlanEdits): FusionPlan {
  return planner.plan(edits);
}

function madeUp({ model: { graph } }: BoundModel, value: number, seed: number): Tensor {
  const { type } = graph.values[value]!;
  // `bindModel` leaves nothing else.
  if (type.kind !== 'tensor' || type.shape === null) throw new Error('an input is not bound');
  const dims = type.shape.map(Number);
  return randomTensor(type.dtype, dims, seed, integerRangeOf(graph, value));
}
