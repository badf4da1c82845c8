/**
 * Runs one operator case on the interpreter of the loop IR, or built for a target, and judges it.
 */
import type { Imported } from '../compile.ts';
import { importPass } from '../compile.ts';
import { constantBytes } from '../bundle/computedConstants.ts';
import { BundleError } from '../bundle/bundleError.ts';
import { NO_EDITS } from '../fusion/plan.ts';
import type { PlanEdits } from '../fusion/plan.ts';
import type { Tensor as LoopTensor } from '../lower/runGraph.ts';
import { runGraph } from '../lower/runGraph.ts';
import { Unsupported } from '../lower/unsupported.ts';
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

/** A case whose sets of inputs were handed to somebody, with what is expected of each. */
export interface ExaminedCase<T> {
  readonly name: string;
  readonly small: boolean;
  readonly sets: readonly { readonly given: T; readonly expected: Expected }[];
}

type Expected = readonly (Tensor | undefined)[];

/** What is done with one set of inputs of a case. Throws NoKernel where the compiler has none for the model. */
export type SetUser<T> = (
  inputs: readonly (Tensor | undefined)[],
  imported: Imported,
) => Promise<T>;

export class NoKernel extends Error {}

/** Reads a case; one that is not counted, or that `use` throws for, is judged already. Never throws. */
export async function examineCase<T>(
  { name, model, dataSets }: ConformanceCase,
  use: SetUser<T>,
): Promise<CaseResult | ExaminedCase<T>> {
  let small = false;
  try {
    const source = openModelFile(model);
    try {
      const imported = await importPass(source);
      small = isSmall(imported.model);
      const exclusion = exclusionOf(imported.model);
      if (exclusion !== undefined) return { name, verdict: 'excluded', reason: exclusion, small };
      const sets: { readonly given: T; readonly expected: Expected }[] = [];
      for (const folder of dataSets) {
        const given = await use(readNumbered(folder, 'input'), imported);
        sets.push({ given, expected: readNumbered(folder, 'output') });
      }
      return { name, small, sets };
    } finally {
      source.close();
    }
  } catch (error) {
    return failedCase({ name, small }, error);
  }
}

export function failedCase(
  { name, small }: Pick<CaseResult, 'name' | 'small'>,
  error: unknown,
): CaseResult {
  const verdict = error instanceof NoKernel ? 'unsupported' : 'failed';
  return { name, verdict, reason: reasonOf(error), small };
}

/** `given`: outputs by position in the model file. */
export function judgeCase({ name, small, sets }: ExaminedCase<readonly Tensor[]>): CaseResult {
  for (const { given, expected } of sets) {
    const reason = judge(name, given, expected);
    if (reason !== undefined) return { name, verdict: 'failed', reason, small };
  }
  return { name, verdict: 'passed', small };
}

/** Never throws for what is wrong with a case. */
export async function runCase(
  item: ConformanceCase,
  run: SetUser<readonly Tensor[]>,
): Promise<CaseResult> {
  const examined = await examineCase(item, run);
  return 'verdict' in examined ? examined : judgeCase(examined);
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
export function interpreterRunner(edits: PlanEdits = NO_EDITS): SetUser<readonly Tensor[]> {
  return (inputs, imported) =>
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
    const bytes = constantBytes(constant, imported.source, known);
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
