/**
 * Compares a run's outputs with what they should be: by ONNX Runtime where the user has it, else by the interpreter of
 * the loop IR when that is quick enough, else by the same target without fusion, which the report says.
 */
import { constantBytes } from '../bundle/computedConstants.ts';
import { scalarsOf, storageOfDtype, tensorOf } from '../tensor/tensor.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { compareTensors } from '../tensor/compare.ts';
import { runGraph } from '../lower/runGraph.ts';
import { dtypeOf } from '../tensor/tensor.ts';
import type { PreparedModel } from './prepareModel.ts';
import type { VerifyReport } from './runProtocol.ts';

/** The interpreter does a few million steps a second, and an operation is several. */
const MOST_INTERPRETED_FLOPS = 3e6;
const MOST_STEPS = 5e8;

/** Whether the interpreter answers within seconds. */
export function isInterpretable({ ecg }: PreparedModel): boolean {
  const flops = ecg.nodes.reduce((sum, { flopsEstimate }) => sum + (flopsEstimate ?? 0), 0);
  return flops <= MOST_INTERPRETED_FLOPS;
}

/** Outputs of every operator by itself on the interpreter. Throws what the interpreter throws. */
export function interpretedOutputs(prepared: PreparedModel): readonly Tensor[] {
  const { imported, bound, planner, inputs } = prepared;
  const { model } = bound;
  const plan = planner.plan({ planner: 'none', overrides: [], replannedAt: 0, bindings: {} });
  const constantOf = (index: number) => {
    const { constant, known } = model.graph.values[index]!;
    const storage = constant && storageOfDtype(constant.dtype);
    if (constant === undefined || storage === undefined) return undefined;
    const bytes = constantBytes(constant, imported.source, known);
    const { dtype, dims } = constant;
    return { storage, dims, elements: scalarsOf({ dtype, dims, bytes }) };
  };
  const given = bound.positions.map((position) => {
    const tensor = inputs[position]!;
    const { dims } = tensor;
    return { storage: storageOfDtype(tensor.dtype)!, dims, elements: scalarsOf(tensor) };
  });
  const outputs = runGraph(model, plan, given, { constantOf, maxSteps: MOST_STEPS });
  return outputs.map(({ storage, dims, elements }) => tensorOf(dtypeOf(storage), dims, elements));
}

/** Outputs without an expectation are left out. */
export function verifyReport(
  reference: VerifyReport['reference'],
  names: readonly string[],
  outputs: readonly Tensor[],
  expected: readonly (Tensor | undefined)[],
): VerifyReport {
  const compared = outputs.flatMap((output, i) => {
    const wanted = expected[i];
    return wanted === undefined ? [] : [{ name: names[i]!, ...compareTensors(output, wanted) }];
  });
  return {
    reference,
    passed: compared.length > 0 && compared.every(({ passed }) => passed),
    outputs: compared.map(({ name, largestError, worstOfTolerance, mismatch }) => ({
      name,
      largestError,
      worstOfTolerance,
      ...(mismatch === undefined ? {} : { mismatch }),
    })),
  };
}
