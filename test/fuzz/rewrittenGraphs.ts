// Random graphs with and without rewriting, on the interpreter: the same results, however much was rewritten.
import { buildEcg } from '../../compiler/ecg/buildEcg.ts';
import type { Model } from '../../compiler/graph/graph.ts';
import { printGraph } from '../../compiler/graph/print.ts';
import { verifyGraph } from '../../compiler/graph/verify.ts';
import type { Tensor } from '../../compiler/lower/runGraph.ts';
import { runGraph } from '../../compiler/lower/runGraph.ts';
import type { RewriteResult } from '../../compiler/rewrite/rewrite.ts';
import { DEFAULT_REWRITES } from '../../compiler/rewrite/rewrite.ts';
import { rewriteModel } from '../../compiler/rewrite/rewriteModel.ts';
import { floats, planOf, prepareSpec } from '../compiler/lower/running.ts';
import { differenceOf } from '../compiler/rewrite/rewriting.ts';
import { Random } from './random.ts';
import type { RandomGraph } from './randomGraph.ts';
import { randomElements } from './randomGraph.ts';

export interface RewrittenGraph {
  readonly model: Model;
  readonly result: RewriteResult;
  /** In the order of the graph's inputs. */
  readonly feeds: readonly Tensor[];
  /** Without rewriting. */
  readonly expected: readonly Tensor[];
}

/** Rounding in another order, over chains of operators, relative to the largest element. */
export const TOLERANCE = 1e-3;

/** A graph with its rewritten form and what it gives without. */
export function rewrittenGraph({ spec, inputs }: RandomGraph, seed: number): RewrittenGraph {
  const { model } = prepareSpec(spec);
  const random = new Random(seed ^ 0x5eed);
  const given = new Map(
    inputs.map((value) => [value.name, floats(value.dims, randomElements(value, random))]),
  );
  const feeds = model.graph.inputs.map((value) => given.get(model.graph.values[value]!.name)!);
  const result = rewriteModel(model, DEFAULT_REWRITES);
  return { model, result, feeds, expected: onInterpreter(model, feeds) };
}

export function onInterpreter(model: Model, feeds: readonly Tensor[]): readonly Tensor[] {
  const plan = planOf(buildEcg(model, new Map()), 'none');
  return runGraph(model, plan, feeds, { maxSteps: 2e7 });
}

/** What is wrong with a rewritten graph; undefined when nothing is. */
export function wrongWith({ model, result, feeds, expected }: RewrittenGraph): string | undefined {
  const problem =
    verifyGraph(result.model.graph)[0] ??
    result.applications.find(({ saves }) => saves.flops < 0 || saves.bytes < 0)?.id ??
    differenceOf(expected, onInterpreter(result.model, feeds), TOLERANCE);
  if (problem === undefined) return undefined;
  const applied = result.applications.map(({ id }) => id).join('\n');
  return [problem, printGraph(model.graph), applied, printGraph(result.model.graph)].join('\n');
}
