/**
 * The kernel of a product: a group computes a tile of the output. In steps along the reduction all items copy a slice of
 * both operands into the group's memory, then each adds the products of its own rows and columns to its accumulators.
 * The next slice is on its way in registers meanwhile. What follows the sum runs on the accumulators.
 */
import type { Index } from '../../loop/indexExpr.ts';
import { add, ceilDiv, constant, less, multiply, product, ZERO } from '../../loop/indexExpr.ts';
import { unprovenIn } from '../../loop/bounds.ts';
import type { Stmt } from '../../loop/ir.ts';
import type { Place } from '../transform/place.ts';
import { unlessRefused } from '../transform/place.ts';
import { Accumulators } from './accumulators.ts';
import type { ProductPoint } from './productEpilogue.ts';
import { ProductEpilogue } from './productEpilogue.ts';
import type { ProductGroup, ProductPlan } from './productPlan.ts';
import { ProductSlice } from './productSlice.ts';
import type { OverItems } from './productTeams.ts';
import { addUpTeams, itemAt } from './productTeams.ts';
import type { Extent } from './writer.ts';
import { Writer } from './writer.ts';

/** @param point what becomes of each sum. */
export function productKernel(
  plan: ProductPlan,
  place: Place,
  point: ProductPoint,
): readonly Stmt[] {
  const { tile, extents, contraction } = plan;
  const accumulators = new Accumulators(plan, place.names);
  const epilogue = new ProductEpilogue(plan, accumulators, point);
  const writer = new Writer(place);
  const parts: readonly Extent[] = [
    ...contraction.batch,
    ...(tile.parts > 1 ? [{ variable: 'part', extent: constant(tile.parts) }] : []),
  ];
  const tiles = [ceilDiv(extents.rows, tile.rows), ceilDiv(extents.columns, tile.columns)];
  const outer = parts.length === 0 ? [] : [product(parts.map(({ extent }) => extent))];
  writer.groups([...outer, ...tiles], (group, at) => {
    const [row, column] = at.slice(-2);
    const decoded = new Map(parts.length === 0 ? [] : group.decoded(at[0]!, parts));
    const own: ProductGroup = {
      batch: decoded,
      part: decoded.get('part') ?? ZERO,
      row: multiply(row!, tile.rows),
      column: multiply(column!, tile.columns),
    };
    writeGroup(group, own, plan, accumulators, epilogue);
  });
  return writer.body;
}

function writeGroup(
  writer: Writer,
  group: ProductGroup,
  plan: ProductPlan,
  accumulators: Accumulators,
  epilogue: ProductEpilogue,
): void {
  const { tile, items, depth } = plan;
  const steps = Math.ceil(depth.steps / (tile.parts * tile.teams));
  const first = (team: Index): Index =>
    multiply(add(multiply(group.part, tile.teams), team), steps);
  const item: OverItems = (at, write) =>
    at.loop('item', constant(items * tile.teams), 'item', (inside, index) =>
      write(inside, itemAt(inside, index, plan)),
    );
  /** Whether all that a slice fetches is proven in range. */
  const isProven = (slice: ProductSlice): boolean => {
    const probe = new Writer({ facts: writer.facts, names: writer.names.fork() });
    probe.loop('step', constant(steps), 'serial', (inside, step) => {
      item(inside, (phase, own) => {
        slice.fetch(phase, own, add(first(own.team), step), group);
      });
    });
    return unprovenIn(probe.body, writer.facts).length === 0;
  };
  const slices = (['rows', 'columns'] as const).map((side) => {
    const base = side === 'rows' ? group.row : group.column;
    const single = ProductSlice.of(plan, side, base, writer.names);
    const wide = single.inVectors();
    return wide && unlessRefused(() => isProven(wide)) ? wide : single;
  }) as [ProductSlice, ProductSlice];
  for (const { buffer, ahead } of slices) {
    writer.local(buffer);
    writer.local(ahead);
  }
  writer.local(accumulators.buffer);
  item(writer, (inside, own) => {
    accumulators.clear(inside, own);
    for (const slice of slices) slice.fetch(inside, own, first(own.team), group);
  });
  writer.loop('step', constant(steps), 'serial', (inside, step) => {
    item(inside, (phase, own) => {
      for (const slice of slices) slice.keep(phase, own);
    });
    item(inside, (phase, own) => {
      const next = add(step, 1);
      phase.when([less(next, steps)], (more) => {
        for (const slice of slices) slice.fetch(more, own, add(first(own.team), next), group);
      });
      accumulators.addProducts(phase, ...slices, own);
    });
  });
  addUpTeams(writer, plan, accumulators, item);
  item(writer, (inside, own) =>
    inside.when([less(own.team, 1)], (alone) => epilogue.write(alone, group, own)),
  );
}
