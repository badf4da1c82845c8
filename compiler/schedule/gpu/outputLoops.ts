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

/** @param most loops that count as output loops; the others belong to the point. */
export function outputLoops(nest: Loop, place: Place, most: number): OutputLoops {
  const { loops, body } = perfectNest(nest, place, most);
  for (const { extent, variable } of loops) {
    if (loops.some((other) => mentionsIndex([loopOf('', extent, [])], other.variable))) {
      throw new Refused(`the extent of ${variable} depends on another loop`);
    }
  }
  expectIndependentLoops(loops, body, place);
  return { loops, body };
}
