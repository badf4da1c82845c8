/**
 * One plan per kind of nest.
 */
import type { Nest } from './nest.ts';
import { planPointwise } from './pointwisePlan.ts';
import type { TileContext, TilePlan } from './tilePlan.ts';
import { planTile } from './tilePlan.ts';

/** `undefined` where no axis can become vectors. */
export function planNest(nest: Nest, context: TileContext): TilePlan | undefined {
  return nest.kind === 'pointwise' ? planPointwise(nest, context) : planTile(nest, context);
}
