/**
 * One plan per kind of nest.
 */
import type { Nest } from './nest.ts';
import { planPointwise } from './pointwisePlan.ts';
import { isAlongRow } from './rows.ts';
import type { TileContext, TilePlan } from './tilePlan.ts';
import { planTile } from './tilePlan.ts';

/** `undefined` where no axis can become vectors. */
export function planNest(nest: Nest, context: TileContext): TilePlan | undefined {
  if (nest.kind === 'pointwise') return planPointwise(nest, context);
  // Rows are walked as they lie: panels of a constant would take neighbours apart.
  const asItLies = nest.kind === 'rows' && isAlongRow(nest);
  return planTile(nest, asItLies ? { ...context, constants: new Set() } : context);
}
