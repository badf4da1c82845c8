/**
 * The output loops of a nest and what one point of them does: the start of every schedule that spreads points over
 * work items. Refuses loops whose iterations may meet, or whose extents depend on each other.
 */
import type { Stmt } from '../../loop/ir.ts';
import { loop as loopOf } from '../../loop/ir.ts';
import { mentionsIndex } from '../../loop/mentions.ts';
import type { Loop, Place } from '../transform/place.ts';
import { Refused } from '../transform/place.ts';
import { expectIndependentLoops, perfectNest } from '../transform/reorder.ts';

export interface OutputLoops {
  readonly loops: readonly Loop[];
  readonly body: readonly Stmt[];
}

/**
 * As many loops as are independent; the others belong to the point.
 * @param most loops that may count as output loops.
 */
export function outputLoops(nest: Loop, place: Place, most: number): OutputLoops {
  for (let count = most; ; count--) {
    const { loops, body } = perfectNest(nest, place, count);
    try {
      expectRectangular(loops);
      expectIndependentLoops(loops, body, place);
      return { loops, body };
    } catch (error) {
      if (!(error instanceof Refused) || count <= 1) throw error;
    }
  }
}

/** Refuses loops whose extents depend on each other. */
export function expectRectangular(loops: readonly Loop[]): void {
  for (const { extent, variable } of loops) {
    if (loops.some((other) => mentionsIndex([loopOf('', extent, [])], other.variable))) {
      throw new Refused(`the extent of ${variable} depends on another loop`);
    }
  }
}
