/**
 * Operators that cannot be built as long as the values of certain inputs are not known. Only operators near those
 * inputs are tried: what is computed from them counts while it is as small as a parameter.
 */
import type { Graph, Model } from '../graph/graph.ts';
import type { BlockContext } from '../lower/block.ts';
import { blockContext, lowerBlock } from '../lower/block.ts';
import type { SymbolInfos } from '../lower/largestDim.ts';
import { largestDim } from '../lower/largestDim.ts';
import { Unsupported } from '../lower/unsupported.ts';
import { building, BundleError } from './bundleError.ts';

/** Results with more elements are data, not parameters. */
const MOST_ELEMENTS = 4096;

/** Ids of the operators, in order. `inputs`: names of the inputs in question. */
export function stuckOperators(model: Model, inputs: ReadonlySet<string>): readonly string[] {
  const { graph, symbols } = model;
  const open = graph.inputs.filter((value) => inputs.has(graph.values[value]!.name));
  if (open.length === 0) return [];
  const near = operatorsNear(graph, open, symbols);
  const context = blockContext(model);
  return graph.operators.flatMap(({ index, id }) =>
    near.has(index) && !lowers(context, index) ? [id] : [],
  );
}

function operatorsNear(
  graph: Graph,
  inputs: readonly number[],
  symbols: SymbolInfos,
): ReadonlySet<number> {
  const near = new Set<number>();
  const seen = new Set(inputs);
  const pending = [...inputs];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    for (const consumer of graph.values[value]!.consumers) {
      near.add(consumer);
      for (const output of graph.operators[consumer]!.outputs) {
        if (output < 0 || seen.has(output) || !maybeSmall(graph, output, symbols)) continue;
        seen.add(output);
        pending.push(output);
      }
    }
  }
  return near;
}

function maybeSmall(graph: Graph, value: number, symbols: SymbolInfos): boolean {
  const { type } = graph.values[value]!;
  if (type.kind !== 'tensor' || type.shape === null) return true;
  let count = 1;
  for (const dim of type.shape) {
    const most = largestDim(dim, symbols);
    if (typeof most !== 'number') return true;
    count *= most;
  }
  return count <= MOST_ELEMENTS;
}

function lowers(context: BlockContext, operator: number): boolean {
  try {
    building(
      () => 'It',
      () => lowerBlock(context, [operator], 'probe'),
    );
    return true;
  } catch (error) {
    if (error instanceof Unsupported || error instanceof BundleError) return false;
    throw error;
  }
}
