/**
 * One plan per kind of nest.
 */
import type { Nest } from './nest.ts';
import { planPointwise } from './pointwisePlan.ts';
import { isAlongRow } from './rows.ts';
import type { TileContext, TilePlan } from './tilePlan.ts';
import { planTile } from './tilePlan.ts';

/** Accesses of one point from which on its own values fill the registers. */
const MANY_ACCESSES = 24;

/** `undefined` where no axis can become vectors. */
export function planNest(nest: Nest, context: TileContext): TilePlan | undefined {
  if (nest.kind === 'pointwise') {
    const plan = planPointwise(nest, context);
    return nest.accesses.length < MANY_ACCESSES ? plan : plan && pointByPoint(plan);
  }
  // Rows are walked as they lie: panels of a constant would take neighbours apart.
  const asItLies = nest.kind === 'rows' && isAlongRow(nest);
  return planTile(nest, asItLies ? { ...context, constants: new Set() } : context);
}

/** Points one after the other: side by side they would share too few registers. */
function pointByPoint(plan: TilePlan): TilePlan {
  const axes = plan.request.axes.map(({ points: _, ...axis }) => axis);
  return { ...plan, request: { ...plan.request, axes } };
}
