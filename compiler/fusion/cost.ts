/**
 * Cost model for yellow cells of Table 3 where the profile database has no answer: memory traffic saved
 * against what the fused index pattern costs, both in bytes. It decides with ratios of sizes, so that other
 * dim bindings rarely change a decision.
 */
import type { Ecg } from '../ecg/ecg.ts';
import { dimEqual } from '../graph/dim.ts';
import type { Shape } from '../graph/types.ts';
import type { MappingType } from '../mapping/mappingTypes.ts';

/** FLOPs a core does in the time it moves one byte (13 to 15 measured on a desktop core, about 10 on phones). */
const FLOPS_PER_BYTE = 10;
/**
 * Copies of a Many-to-Many result that are written beside the accumulators: the store runs over several
 * scattered targets, which costs a quarter of a copy's bytes each (up to 8 copies still pay off).
 */
const SCATTERED_STORE = 1 / 4;

export interface Estimate {
  readonly savedBytes: number;
  readonly penaltyBytes: number;
}

export function isProfitable({ savedBytes, penaltyBytes }: Estimate): boolean {
  return savedBytes > penaltyBytes || penaltyBytes === 0;
}

/**
 * Fusing `first` with `second`, which reads from it.
 *
 * @param types mapping types of the two as Table 3 looked them up.
 */
export function estimateFusion(
  ecg: Ecg,
  first: readonly number[],
  second: readonly number[],
  types: readonly [MappingType, MappingType],
): Estimate {
  const crossing = crossingBytes(ecg, first, second);
  const savedBytes = crossing.removable * 2 + crossing.kept;
  const bytes = crossing.removable + crossing.kept;
  const [from, to] = types;
  // Other access order on one side: half of every cache line is wasted on the way.
  let penaltyBytes = from === 'shuffle' || to === 'shuffle' ? bytes : 0;
  if (to === 'one-to-many') {
    const copies = Math.max(1, ...second.map((operator) => scatteredCopies(ecg, operator)));
    if (from === 'many-to-many') penaltyBytes += bytes * (copies - 1) * SCATTERED_STORE;
    else {
      const flops = first.reduce((sum, operator) => sum + ecg.nodes[operator]!.flopsEstimate, 0);
      penaltyBytes += (flops * (copies - 1)) / FLOPS_PER_BYTE;
    }
  }
  return { savedBytes, penaltyBytes };
}

/** Bytes of the values that flow from `first` to `second`, by whether somebody else needs them too. */
export function crossingBytes(
  ecg: Ecg,
  first: readonly number[],
  second: readonly number[],
): { readonly removable: number; readonly kept: number } {
  const readers = new Set(second);
  const inside = new Set([...first, ...second]);
  const seen = new Set<number>();
  let removable = 0;
  let kept = 0;
  for (const operator of first) {
    for (const index of ecg.edgesOut[operator]!) {
      const edge = ecg.edges[index]!;
      if (!readers.has(edge.to) || seen.has(edge.value)) continue;
      seen.add(edge.value);
      const value = ecg.graph.values[edge.value]!;
      const leaves = value.isOutput || value.consumers.some((consumer) => !inside.has(consumer));
      if (leaves) kept += edge.bytesEstimate;
      else removable += edge.bytesEstimate;
    }
  }
  return { removable, kept };
}

/**
 * How many places of its output an operator writes one input element to, when those do not form whole axes
 * (Resize, Gather, Tile). Replication along whole axes (Expand, broadcasting) is a loop around the value and costs
 * nothing: 1.
 */
function scatteredCopies(ecg: Ecg, operator: number): number {
  const node = ecg.nodes[operator]!;
  if (node.mapping !== 'one-to-many') return 1;
  let copies = 1;
  for (const index of ecg.edgesIn[operator]!) {
    const edge = ecg.edges[index]!;
    if (edge.mapping !== 'one-to-many' || edge.bytesEstimate === 0) continue;
    if (repeatsWholeAxes(ecg, edge.value, node.operator.outputs[0] ?? -1)) continue;
    copies = Math.max(copies, node.irsEstimate / edge.bytesEstimate);
  }
  return copies;
}

/** Whether a value `to` repeats a value `from` along whole axes, as broadcasting does. */
export function repeatsWholeAxes(ecg: Ecg, from: number, to: number): boolean {
  const [input, output] = [shapeOf(ecg, from), shapeOf(ecg, to)];
  if (input === null || output === null || input.length > output.length) return false;
  const offset = output.length - input.length;
  return input.every((dim, axis) => dim === 1 || dimEqual(dim, output[axis + offset]!));
}

function shapeOf(ecg: Ecg, value: number): Shape {
  const type = ecg.graph.values[value]?.type;
  return type?.kind === 'tensor' ? type.shape : null;
}
