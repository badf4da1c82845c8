/**
 * In which order a product walks its reduction, and how a step of the walk becomes indices. Where the channels divide
 * into steps, windows go outside: their position is then the same for a whole step, and only the channel differs
 * from element to element. Otherwise, and where the loops are one row of every operand, all reduction loops are one.
 */
import type { Index, IndexCondition } from '../../loop/indexExpr.ts';
import { add, constant, floorDiv, less, mod, multiply, product } from '../../loop/indexExpr.ts';
import { strideOf } from '../affine.ts';
import type { Nest } from '../nest.ts';
import { dependsOn } from '../nest.ts';
import type { Loop } from '../transform/place.ts';
import { Refused } from '../transform/place.ts';
import type { Operand } from './contraction.ts';
import type { ProductTile } from './productTile.ts';
import type { Extent, Writer } from './writer.ts';

export interface DepthIndices {
  readonly indices: ReadonlyMap<string, Index>;
  readonly guards: readonly IndexCondition[];
}

export interface DepthPlan {
  /** Reduction loops, outermost first. */
  readonly order: readonly Loop[];
  /** Of the tile's depth, over the whole reduction. */
  readonly steps: number;
  /** Indices that a whole step shares. */
  around(writer: Writer, step: Index): DepthIndices;
  /**
   * All indices at one place of a step, where `width` elements are read at a time. Refuses widths that do not divide the
   * innermost loop of the reduction.
   */
  inside(
    writer: Writer,
    step: Index,
    place: Index,
    around: DepthIndices,
    width: number,
  ): DepthIndices;
  /** What neighbours in the operand's memory are neighbours of: its own last axis, or else the reduction. */
  contiguous(operand: Operand, nest: Nest): 'own' | 'depth' | undefined;
}

export function planDepth(
  loops: readonly Loop[],
  nest: Nest,
  { depth, parts, teams }: ProductTile,
): DepthPlan {
  const order = isOneRow(loops, nest) ? loops : orderOf(loops, depth);
  const extents = order.map((loop) => {
    const { extent } = loop;
    if (extent.kind !== 'constant') throw new Refused('the length of the sum is not known');
    return extent.value;
  });
  const last = order.at(-1)!;
  const channels = extents.at(-1)!;
  const total = extents.reduce((a, b) => a * b, 1);
  const stepped = order.length > 1 && channels % depth === 0;
  const steps = Math.ceil(total / depth);
  // Parts of unequal length run beyond the end.
  const shares = parts * teams;
  const over = Math.ceil(steps / shares) * shares > steps;
  const contiguous = (operand: Operand, nest: Nest): ReturnType<DepthPlan['contiguous']> =>
    contiguousIn(operand, nest, last);
  if (!stepped) {
    return {
      order,
      steps,
      contiguous,
      around: () => ({ indices: new Map(), guards: [] }),
      inside(writer, step, place, _, width) {
        const flat = add(multiply(step, depth), place);
        if (channels % width !== 0) throw new Refused('vectors across rows of the reduction');
        const indices = writer.decodedRun('k', flat, constant(total), order, width);
        return { indices, guards: [less(flat, total)] };
      },
    };
  }
  const perWindow = channels / depth;
  const windows: readonly Extent[] = order.slice(0, -1);
  const count = product(windows.map(({ extent }) => extent));
  return {
    order,
    steps,
    contiguous,
    around(writer, step) {
      const window = writer.clamped('window', floorDiv(step, perWindow), count);
      const indices = new Map(writer.decoded(window, windows));
      const block = writer.index('block', mod(step, perWindow));
      indices.set(last.variable, multiply(block, depth));
      return { indices, guards: over ? [less(step, steps)] : [] };
    },
    inside(_, __, place, { indices, guards }) {
      const own = new Map(indices);
      own.set(last.variable, add(indices.get(last.variable)!, place));
      return { indices: own, guards };
    },
  };
}

/** Whether the loops walk every operand as one loop would: a row that was cut where something else divides it. */
function isOneRow(loops: readonly Loop[], { accesses }: Nest): boolean {
  return accesses
    .filter(
      (access) => access.kind === 'load' && loops.some((loop) => dependsOn(access, loop.variable)),
    )
    .every(({ position, facts }) =>
      loops.slice(1).every(({ variable, extent }, at) => {
        const outer = strideOf(position, loops[at]!.variable, facts);
        const inner = strideOf(position, variable, facts);
        return (
          typeof outer === 'number' &&
          typeof inner === 'number' &&
          extent.kind === 'constant' &&
          outer === inner * extent.value
        );
      }),
    );
}

/** The longest loop that steps divide goes inside; without one the order stays. */
function orderOf(loops: readonly Loop[], depth: number): readonly Loop[] {
  const length = ({ extent }: Loop): number => (extent.kind === 'constant' ? extent.value : 0);
  const [channels] = loops
    .filter((loop) => length(loop) > 0 && length(loop) % depth === 0)
    .sort((a, b) => length(b) - length(a));
  if (channels === undefined) return loops;
  return [...loops.filter((loop) => loop !== channels), channels];
}

function contiguousIn(
  { axes }: Operand,
  nest: Nest,
  last: Loop,
): ReturnType<DepthPlan['contiguous']> {
  const own = axes.at(-1)!.variable;
  const load = nest.accesses.find(
    (access) => access.kind === 'load' && access.inner.length > 0 && dependsOn(access, own),
  );
  if (load === undefined) return undefined;
  const along = (name: string): boolean => strideOf(load.position, name, load.facts) === 1;
  if (along(own)) return 'own';
  return along(last.variable) ? 'depth' : undefined;
}
