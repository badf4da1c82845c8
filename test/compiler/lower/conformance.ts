// Judges lowering and interpreter by ONNX's own operator cases: each ends as passed, folded (inference computed
// it), unsupported with a reason, or failed.
import type { Model } from '../../../compiler/graph/graph.ts';
import { RunError } from '../../../compiler/loop/interpret.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import type { ModelSource } from '../../../compiler/onnx/source.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';
import { constantBytes } from '../../../compiler/bundle/computedConstants.ts';
import { scalarsOf, storageOfDtype } from '../../../compiler/tensor/tensor.ts';
import { unprovenAccesses } from '../../../compiler/loop/bounds.ts';
import type { Blocks, RunGraphOptions, Tensor } from '../../../compiler/lower/runGraph.ts';
import { runGraph } from '../../../compiler/lower/runGraph.ts';
import { Unsupported } from '../../../compiler/lower/unsupported.ts';
import { withKnownParameters } from './parameters.ts';
import type { NodeTestCase, NodeTestData } from '../../setup/nodeTests.ts';
import { oneBlock, readTensor } from './running.ts';

export type Verdict =
  | { readonly kind: 'passed' | 'folded' }
  | { readonly kind: 'unsupported' | 'failed'; readonly reason: string };

export interface CaseResult {
  readonly name: string;
  readonly verdict: Verdict;
  /** Element types that the project counts apart. */
  readonly half: boolean;
  /** Accesses that could not be proven in bounds. */
  readonly unproven: readonly string[];
}

/** @param by the interpreter, or another way to run programs. */
export function judge(
  testCase: NodeTestCase,
  by: Pick<RunGraphOptions, 'run' | 'manyThreads'> = {},
): CaseResult {
  const unproven: string[] = [];
  let half = /float16|bfloat16|float8|u?int[24]|FLOAT16|FLOAT8|INT[24]|float4|FLOAT4/.test(
    testCase.name,
  );
  const source = openModelFile(testCase.model);
  let verdict: Verdict;
  try {
    const imported = importModel(source);
    half ||= usesHalf(imported);
    verdict = testCase.dataSets
      .map((data) => judgeData(imported, source, data, unproven, by))
      .reduce((worst, next) => (worst.kind === 'failed' ? worst : next));
  } catch (error) {
    verdict = { kind: 'failed', reason: `${(error as Error).stack?.slice(0, 600)}` };
  } finally {
    source.close();
  }
  return { name: testCase.name, verdict, half, unproven };
}

function usesHalf({ graph }: Model): boolean {
  return graph.inputs.some((value) => {
    const { type } = graph.values[value]!;
    return type.kind === 'tensor' && /^(b?float16|float8.*|u?int4)$/.test(type.dtype);
  });
}

function judgeData(
  imported: Model,
  source: ModelSource,
  data: NodeTestData,
  unproven: string[],
  how: Pick<RunGraphOptions, 'run'>,
): Verdict {
  try {
    // What has to be known while compiling (axes, shapes, pads …) becomes a constant.
    const { model, files } = withKnownParameters(imported, data.inputs);
    const by = { ...how, constantOf: (value: number) => constantOf(model, value, source) };
    try {
      return runData(model, oneBlock(model), data, files, unproven, by);
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
    }
    // Operators that find sizes out, or hold graphs, may refuse to stand with others.
    return runData(model, eachAlone(model), data, files, unproven, by);
  } catch (error) {
    if (error instanceof Unsupported) return { kind: 'unsupported', reason: error.reason };
    throw error;
  }
}

/** What folding left to be computed when weights are packaged. */
function constantOf({ graph }: Model, value: number, source: ModelSource): Tensor | undefined {
  const { constant, known } = graph.values[value]!;
  const storage = constant && storageOfDtype(constant.dtype);
  if (constant === undefined || storage === undefined || known !== undefined) return undefined;
  const bytes = constantBytes(constant, source);
  const { dtype, dims } = constant;
  return { storage, dims, elements: scalarsOf({ dtype, dims, bytes }) };
}

function eachAlone({ graph }: Model): Blocks {
  return { blocks: graph.operators.map(({ index }) => ({ operators: [index] })) };
}

function runData(
  model: Model,
  plan: Blocks,
  data: NodeTestData,
  files: readonly (string | undefined)[],
  unproven: string[],
  by: Pick<RunGraphOptions, 'run' | 'constantOf'>,
): Verdict {
  const { graph } = model;
  const operators = graph.operators.length;
  const inputs = files.map((file) => {
    const tensor = file === undefined ? undefined : readTensor(file);
    if (tensor === undefined) throw new Unsupported('input', 'no kernels read its input type');
    return tensor;
  });
  const onlyTensors = graph.outputs.every((value) => graph.values[value]!.type.kind === 'tensor');
  if (!onlyTensors) throw new Unsupported('output', 'no kernels write its output type');
  let results: readonly Tensor[];
  const accesses: string[] = [];
  try {
    results = runGraph(model, plan, inputs, {
      ...by,
      maxSteps: 3e7,
      onProgram: ({ program }) => accesses.push(...unprovenAccesses(program)),
    });
  } catch (error) {
    if (error instanceof RunError) return { kind: 'failed', reason: error.message };
    throw error;
  }
  for (const [i, result] of results.entries()) {
    const expected = data.outputs[i] === undefined ? undefined : readTensor(data.outputs[i]);
    if (expected === undefined) throw new Unsupported('output', 'no kernels write its output type');
    const difference = compare(result, expected);
    if (difference !== undefined) {
      return { kind: 'failed', reason: `output ${i}: ${difference}` };
    }
  }
  unproven.push(...accesses);
  return { kind: operators === 0 ? 'folded' : 'passed' };
}

/** How a result differs from what is expected; floats within ONNX's own tolerance (rtol 1e-3, atol 1e-7). */
export function compare(result: Tensor, expected: Tensor): string | undefined {
  if (result.storage !== expected.storage) return `${result.storage}, expected ${expected.storage}`;
  const [own, dims] = [result.dims.join('x'), expected.dims.join('x')];
  if (own !== dims) return `shape ${own}, expected ${dims}`;
  const isHalf = result.storage === 'f16' || result.storage === 'bf16';
  const relative = isHalf ? 2e-2 : 1e-3;
  const absolute = isHalf ? 2e-3 : 1e-6;
  for (const [at, a] of result.elements.entries()) {
    const b = expected.elements[at]!;
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const isFloat = result.storage === 'f32' || result.storage === 'f64' || isHalf;
    if (isFloat && Math.abs(Number(a) - Number(b)) <= relative * Math.abs(Number(b)) + absolute) {
      continue;
    }
    return `element ${at} is ${a}, expected ${b}`;
  }
  return undefined;
}
