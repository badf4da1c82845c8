// Shortcuts of the bundle tests: from a model to a bundle and its results on the interpreter.
import { bindModel } from '../../../compiler/bundle/bindModel.ts';
import type { BindOptions } from '../../../compiler/bundle/bindModel.ts';
import type { BundleOptions } from '../../../compiler/bundle/buildBundle.ts';
import { buildBundle } from '../../../compiler/bundle/buildBundle.ts';
import type { Bundle } from '../../../compiler/bundle/bundle.ts';
import { selectInputs } from '../../../compiler/bundle/bundleInputs.ts';
import { runBundleOnInterpreter } from '../../../compiler/bundle/interpretBundle.ts';
import { weightsInMemory } from '../../../compiler/bundle/weights.ts';
import { buildEcg } from '../../../compiler/ecg/buildEcg.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import type { PlannerName } from '../../../compiler/fusion/plan.ts';
import { createPlanner } from '../../../compiler/fusion/planner.ts';
import type { Model } from '../../../compiler/graph/graph.ts';
import type { ModelSource } from '../../../compiler/onnx/source.ts';
import type { Target } from '../../../compiler/target/target.ts';
import { TARGETS } from '../../../compiler/target/target.ts';
import type { Tensor } from '../../../compiler/tensor/tensor.ts';

export interface BundlingOptions extends BindOptions, BundleOptions {
  readonly planner?: PlannerName;
  readonly target?: Target;
}

export async function bundleOf(imported: Model, options: BundlingOptions = {}): Promise<Bundle> {
  const { planner = 'none', target = TARGETS.x86_64 } = options;
  const bound = bindModel(imported, options);
  const ecg = buildEcg(bound.model, bound.bindings);
  const plan = createPlanner(ecg).plan({ ...NO_EDITS, planner });
  return buildBundle(bound, plan, target, options);
}

/** `inputs` by position among the inputs of the model. */
export function runBundle(
  bundle: Bundle,
  source: ModelSource,
  inputs: readonly (Tensor | undefined)[],
  maxSteps = 3e7,
): readonly Tensor[] {
  const weights = weightsInMemory(bundle, source);
  return runBundleOnInterpreter(bundle, weights, selectInputs(bundle, inputs), { maxSteps });
}
