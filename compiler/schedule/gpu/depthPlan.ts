/**
 * In which order a product walks its reduction, and how a step of the walk becomes indices. Where the channels divide
 * into steps, windows go outside: their position is then the same for a whole step, and only the channel differs
 * from element to element. Otherwise all reduction loops are one.
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
  /** All indices at one place of a step. */
  inside(writer: Writer, step: Index, place: Index, around: DepthIndices): DepthIndices;
  /** Neighbours along the reduction are neighbours in the operand's memory, those along its own axes are not. */
  alongDepth(operand: Operand, nest: Nest): boolean;
}

export function planDepth(loops: readonly Loop[], { depth, parts }: ProductTile): DepthPlan {
  const order = orderOf(loops, depth);
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
  const over = Math.ceil(steps / parts) * parts > steps;
  const alongDepth = (operand: Operand, nest: Nest): boolean => runsAlong(operand, nest, last);
  if (!stepped) {
    const parts: readonly Extent[] = order;
    return {
      order,
      steps,
      alongDepth,
      around: () => ({ indices: new Map(), guards: [] }),
      inside(writer, step, place) {
        const flat = add(multiply(step, depth), place);
        const indices = writer.decoded(writer.clamped('k', flat, constant(total)), parts);
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
    alongDepth,
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

/** The longest loop that steps divide goes inside; without one the order stays. */
function orderOf(loops: readonly Loop[], depth: number): readonly Loop[] {
  const length = ({ extent }: Loop): number => (extent.kind === 'constant' ? extent.value : 0);
  const [channels] = loops
    .filter((loop) => length(loop) > 0 && length(loop) % depth === 0)
    .sort((a, b) => length(b) - length(a));
  if (channels === undefined) return loops;
  return [...loops.filter((loop) => loop !== channels), channels];
}

function runsAlong({ axes }: Operand, nest: Nest, last: Loop): boolean {
  const own = axes.at(-1)!.variable;
  const load = nest.accesses.find(
    (access) => access.kind === 'load' && access.inner.length > 0 && dependsOn(access, own),
  );
  if (load === undefined) return false;
  const along = (name: string): boolean => strideOf(load.position, name, load.facts) === 1;
  return along(last.variable) && !along(own);
}
