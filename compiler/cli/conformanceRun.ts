/**
 * Runs one operator case on the interpreter of the loop IR, or built for a target, and judges it.
 */
import type { Imported } from '../compile.ts';
import { importPass } from '../compile.ts';
import { BundleError } from '../bundle/bundleError.ts';
import { NO_EDITS } from '../fusion/plan.ts';
import type { PlanEdits } from '../fusion/plan.ts';
import type { Tensor as LoopTensor } from '../lower/runGraph.ts';
import { runGraph } from '../lower/runGraph.ts';
import { Unsupported } from '../lower/unsupported.ts';
import { readConstant } from '../onnx/constantData.ts';
import { openModelFile } from '../onnx/source.ts';
import type { PreparedModel } from '../run/prepareModel.ts';
import { prepareModel } from '../run/prepareModel.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { dtypeOf, scalarsOf, storageOfDtype, tensorOf } from '../tensor/tensor.ts';
import type { ConformanceCase } from './conformanceCases.ts';
import { readNumbered } from './conformanceCases.ts';
import { differenceOf } from './conformanceCompare.ts';
import { exclusionOf, isSmall } from './conformanceScope.ts';

export interface CaseResult {
  readonly name: string;
  readonly verdict: 'passed' | 'failed' | 'unsupported' | 'excluded';
  /** Why not passed. Untrusted text. */
  readonly reason?: string;
  /** Has 16-bit floats or smaller types: counted apart. */
  readonly small: boolean;
}

/** Outputs of a model for the given inputs, in the order of the file. */
export type CaseRunner = (
  path: string,
  inputs: readonly (Tensor | undefined)[],
  imported: Imported,
) => Promise<readonly Tensor[]>;

/** What a runner throws for a model that the compiler has no kernel for. */
export class NoKernel extends Error {}

/** Never throws for what is wrong with a case. */
export async function runCase(item: ConformanceCase, run: CaseRunner): Promise<CaseResult> {
  const { name } = item;
  let small = false;
  try {
    const source = openModelFile(item.model);
    try {
      const imported = await importPass(source);
      small = isSmall(imported.model);
      const exclusion = exclusionOf(imported.model);
      if (exclusion !== undefined) return { name, verdict: 'excluded', reason: exclusion, small };
      for (const folder of item.dataSets) {
        const inputs = readNumbered(folder, 'input');
        const expected = readNumbered(folder, 'output');
        const outputs = await run(item.model, inputs, imported);
        const reason = judge(name, outputs, expected);
        if (reason !== undefined) return { name, verdict: 'failed', reason, small };
      }
      return { name, verdict: 'passed', small };
    } finally {
      source.close();
    }
  } catch (error) {
    const verdict = error instanceof NoKernel ? 'unsupported' : 'failed';
    return { name, verdict, reason: reasonOf(error), small };
  }
}

function judge(
  name: string,
  outputs: readonly Tensor[],
  expected: readonly (Tensor | undefined)[],
): string | undefined {
  for (const [i, wanted] of expected.entries()) {
    const result = outputs[i];
    if (wanted === undefined || result === undefined) {
      if (wanted === undefined && result === undefined) continue;
      return `output ${i} is ${result === undefined ? 'missing' : 'not expected'}`;
    }
    const difference = differenceOf(name, result, wanted);
    if (difference !== undefined) return `output ${i}: ${difference}`;
  }
  return undefined;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const MOST_STEPS = 2e8;

/** Planned as asked and run block by block. */
export function interpreterRunner(edits: PlanEdits = NO_EDITS): CaseRunner {
  return (_, inputs, imported) =>
    Promise.resolve().then(() => {
      try {
        const prepared = prepareModel(imported, { dims: new Map(), inputs });
        return interpreted(prepared, edits);
      } catch (error) {
        if (error instanceof Unsupported) throw new NoKernel(error.reason);
        if (error instanceof BundleError) throw new NoKernel(error.message);
        throw error;
      }
    });
}

function interpreted(prepared: PreparedModel, edits: PlanEdits): readonly Tensor[] {
  const { imported, bound, planner, inputs } = prepared;
  const { graph } = bound.model;
  const constantOf = (index: number): LoopTensor | undefined => {
    const { constant, known } = graph.values[index]!;
    const storage = constant && storageOfDtype(constant.dtype);
    if (constant === undefined || storage === undefined) return undefined;
    const bytes = readConstant(constant, imported.source, known);
    const { dtype, dims } = constant;
    return { storage, dims, elements: scalarsOf({ dtype, dims, bytes }) };
  };
  const given = bound.positions.map((position): LoopTensor => {
    const tensor = inputs[position]!;
    const storage = storageOfDtype(tensor.dtype);
    if (storage === undefined) throw new NoKernel(`no kernels read ${tensor.dtype} values`);
    return { storage, dims: tensor.dims, elements: scalarsOf(tensor) };
  });
  const outputs = runGraph(bound.model, planner.plan(edits), given, {
    constantOf,
    maxSteps: MOST_STEPS,
  });
  return outputs.map(({ storage, dims, elements }) => tensorOf(dtypeOf(storage), dims, elements));
}
