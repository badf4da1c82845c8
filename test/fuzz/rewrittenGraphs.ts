// Random graphs with and without rewriting: what the interpreter makes of a graph as it is, operator by operator, is what
// the interpreter and a WebAssembly program make of the rewritten one, however much was rewritten.
import type { BoundModel } from '../../compiler/bundle/bindModel.ts';
import { buildBundle } from '../../compiler/bundle/buildBundle.ts';
import { constantBytes } from '../../compiler/bundle/computedConstants.ts';
import { plannerFor } from '../../compiler/compile.ts';
import { buildEcg } from '../../compiler/ecg/buildEcg.ts';
import { NO_EDITS } from '../../compiler/fusion/plan.ts';
import type { Model } from '../../compiler/graph/graph.ts';
import { printGraph } from '../../compiler/graph/print.ts';
import { verifyGraph } from '../../compiler/graph/verify.ts';
import { inferModel } from '../../compiler/infer/inferModel.ts';
import type { Tensor as ReferenceTensor } from '../../compiler/lower/runGraph.ts';
import { runGraph } from '../../compiler/lower/runGraph.ts';
import type { ModelSource } from '../../compiler/onnx/source.ts';
import { modelFromBytes } from '../../compiler/onnx/source.ts';
import { DEFAULT_REWRITES } from '../../compiler/rewrite/rewrite.ts';
import type { SimplifiedModel } from '../../compiler/rewrite/simplifyModel.ts';
import { simplifyInferred } from '../../compiler/rewrite/simplifyModel.ts';
import { TARGETS } from '../../compiler/target/target.ts';
import type { Tensor } from '../../compiler/tensor/tensor.ts';
import { makeTensor, scalarsOf, storageOfDtype, tensorOf } from '../../compiler/tensor/tensor.ts';
import { planOf } from '../compiler/lower/running.ts';
import { importBytes } from '../compiler/onnx/importing.ts';
import { model as modelBytes } from '../compiler/onnx/protoWriter.ts';
import { differenceOf } from '../compiler/rewrite/rewriting.ts';
import { referenceOf } from './kernels/reference.ts';
import { runWasmBundle } from './kernels/runWasmBundle.ts';
import { Random } from './random.ts';
import type { RandomGraph } from './randomGraph.ts';
import { randomElements } from './randomGraph.ts';

export interface RewrittenGraph {
  readonly seed: number;
  /** Inferred, nothing else. */
  readonly plain: Model;
  readonly simplified: SimplifiedModel;
  readonly source: ModelSource;
  /** In the order of the graph's inputs. */
  readonly inputs: readonly Tensor[];
}

/** Rounding in another order, over chains of operators, relative to the largest element. */
export const TOLERANCE = 1e-3;
const MOST_STEPS = 2e7;

/** A graph with its rewritten form. */
export function rewrittenGraph({ spec, inputs }: RandomGraph, seed: number): RewrittenGraph {
  const bytes = modelBytes(spec);
  const bindings = new Map<string, number>();
  const plain = inferModel(importBytes(bytes), { bindings });
  const random = new Random(seed ^ 0x5eed);
  return {
    seed,
    plain,
    simplified: simplifyInferred(plain, bindings, DEFAULT_REWRITES),
    source: modelFromBytes(bytes),
    inputs: inputs.map((value) => tensorOf(value.dtype, value.dims, randomElements(value, random))),
  };
}

/** What is wrong with a rewritten graph, and where; undefined when nothing is. */
export async function wrongWith(graph: RewrittenGraph): Promise<string | undefined> {
  const { plain, simplified } = graph;
  const problem = problemOf(simplified) ?? (await differenceIn(graph));
  if (problem === undefined) return undefined;
  const applied = simplified.applications.map(({ id }) => id).join('\n');
  const before = printGraph(plain.graph);
  return [
    `seed ${graph.seed}: ${problem}`,
    before,
    applied,
    printGraph(simplified.model.graph),
  ].join('\n');
}

function problemOf({ model, applications }: SimplifiedModel): string | undefined {
  const costly = applications.find(({ saves }) => saves.flops < 0 || saves.bytes < 0);
  return verifyGraph(model.graph)[0] ?? costly?.id;
}

async function differenceIn(graph: RewrittenGraph): Promise<string | undefined> {
  const { plain, simplified, inputs, source } = graph;
  const expected = onInterpreter(plain, inputs, source);
  const places = [
    ['the interpreter', () => onInterpreter(simplified.model, inputs, source)],
    ['wasm', () => onWasm(simplified.model, inputs, source)],
  ] as const;
  let stable: readonly boolean[] | undefined;
  for (const [place, run] of places) {
    const found = await run();
    for (const [i, output] of expected.entries()) {
      const difference = differenceOf([output], [found[i]!], TOLERANCE);
      if (difference === undefined) continue;
      // Where rounding alone moves the graph's own result as far, nothing can be said.
      stable ??= stability(graph);
      if (stable[i]) return `on ${place}, output ${i}: ${difference}`;
    }
  }
  return undefined;
}

function onInterpreter(
  model: Model,
  inputs: readonly Tensor[],
  source: ModelSource,
): readonly ReferenceTensor[] {
  const plan = planOf(buildEcg(model, new Map()), 'none');
  const constantOf = (value: number): ReferenceTensor | undefined => {
    const { constant, known } = model.graph.values[value]!;
    if (constant === undefined) return undefined;
    const { dtype, dims } = constant;
    return asReference(makeTensor(dtype, dims, constantBytes(constant, source, known)));
  };
  return runGraph(model, plan, inputs.map(asReference), { maxSteps: MOST_STEPS, constantOf });
}

/** Fused as users do. */
async function onWasm(
  model: Model,
  inputs: readonly Tensor[],
  source: ModelSource,
): Promise<readonly ReferenceTensor[]> {
  const bound = boundModel(model);
  const ecg = buildEcg(model, bound.bindings);
  const plan = plannerFor(model, ecg).plan({ ...NO_EDITS, planner: 'dnnfusion' });
  const bundle = await buildBundle(bound, plan, TARGETS.wasm);
  return runWasmBundle(bundle, source, inputs).map(asReference);
}

/** Graphs here have no open sizes and no inputs that shapes depend on. */
function boundModel(model: Model): BoundModel {
  return { model, bindings: new Map(), positions: [...model.graph.inputs.keys()], bound: [] };
}

function stability({ seed, plain, source, inputs }: RewrittenGraph): readonly boolean[] {
  const plan = planOf(buildEcg(plain, new Map()), 'none');
  const plans = [{ name: 'unfused', edits: NO_EDITS, plan }];
  return referenceOf({ seed, bound: boundModel(plain), source, inputs, plans }).stable;
}

function asReference(tensor: Tensor): ReferenceTensor {
  const { dtype, dims } = tensor;
  return { storage: storageOfDtype(dtype)!, dims, elements: scalarsOf(tensor) };
}
