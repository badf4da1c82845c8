/**
 * The order in which a block stores what it computes. Kernels of Many-to-Many operators keep neighbours of the
 * innermost axis in vectors; when a permutation behind them moves that axis, every element of a vector goes to another
 * cache line. Measured on convolutions of 5 to 20 pixels: a fifth to twice the time, several times what a
 * separate pass over the result takes. Permutations of outer axes (heads of attention) stay behind the product: in
 * front of the next one they make all of attention half as slow again, even where a head is no whole cache line.
 */
import type { Ecg } from '../ecg/ecg.ts';

/**
 * The first operator of `second` that would make `first` store neighbours apart: it reads results of `first`,
 * through nothing but views, and moves their innermost axis. `undefined`: there is none.
 *
 * @param second operator indices, ascending.
 */
export function scattersResults(
  ecg: Ecg,
  first: readonly number[],
  second: readonly number[],
): number | undefined {
  const results = new Set(first);
  return second.find((operator) => {
    const { mapping, producers } = ecg.nodes[operator]!;
    if (!producers.some((producer) => results.has(producer))) return false;
    if (mapping === 'reorganize') results.add(operator);
    return mapping === 'shuffle' && movesInnermostAxis(ecg, operator);
  });
}

/** Axes of size 1 stand nowhere. Without a permutation among the attributes: true. */
function movesInnermostAxis(ecg: Ecg, operator: number): boolean {
  const { attributes, inputs } = ecg.nodes[operator]!.operator;
  const order = attributes.get('perm');
  const type = ecg.graph.values[inputs[0] ?? -1]?.type;
  if (order?.kind !== 'ints' || type?.kind !== 'tensor' || type.shape === null) return true;
  const { shape } = type;
  const axes = order.value.filter((axis) => shape[axis] !== 1);
  return axes.some((axis) => axis > axes[axes.length - 1]!);
}
