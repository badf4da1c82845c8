/**
 * Reductions with a group per row (softmax, normalisations, means, whole planes): what counts as one, and what is refused.
 * Several short rows share a group.
 */
import type { Stmt } from '../../loop/ir.ts';
import type { Nest } from '../nest.ts';
import { visitLoads, visitStores } from '../transform/independence.ts';
import { visitBound } from '../transform/names.ts';
import type { Loop, Place } from '../transform/place.ts';
import { Refused } from '../transform/place.ts';
import type { GpuDevice } from './device.ts';
import { withIndicesInline } from './inlineIndices.ts';
import { outputLoops } from './outputLoops.ts';
import { RowKernel } from './rowKernel.ts';
import type { RowShape } from './rowShape.ts';
import { rowShapeOf } from './rowShape.ts';
import { Writer } from './writer.ts';

/** Shortest row that is worth a group's barriers. */
const LEAST_ROW = 24;

/** Statements in place of the nest. Refuses what is no row, or short. */
export function scheduleRowGroups(
  loop: Loop,
  nest: Nest,
  place: Place,
  device: GpuDevice,
): readonly Stmt[] {
  const { loops, body } = outputLoops(loop, place, nest.axes.length);
  const shape = rowShapeOf(nest);
  if (shape.length < LEAST_ROW) throw new Refused(`rows of ${shape.length} elements`);
  return place.names.replacing([loop], () => rowGroups(body, loops, shape, place, device));
}

/**
 * @param body what one row does: bindings, variables, loops over the row, stores.
 * @param loops over the rows; none: there is one.
 */
export function rowGroups(
  body: readonly Stmt[],
  loops: readonly Loop[],
  shape: RowShape,
  place: Place,
  device: GpuDevice,
): readonly Stmt[] {
  const inline = withIndicesInline(body);
  expectNoReadBack(inline);
  const writer = new Writer(place);
  new RowKernel(inline, loops, shape, device, place).write(writer);
  return writer.body;
}

/** What one part of a row writes, another may only read in memory of the group. */
function expectNoReadBack(body: readonly Stmt[]): void {
  const own = new Set<string>();
  visitBound(body, (name) => own.add(name));
  const written = new Set<string>();
  visitStores(body, ({ buffer }) => own.has(buffer.name) || written.add(buffer.name));
  visitLoads(body, ({ name }) => {
    if (written.has(name)) throw new Refused(`${name} is written and read`);
  });
}
