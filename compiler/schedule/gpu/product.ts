/**
 * Products of matrices and dense convolutions on a GPU: a group per tile of the output, and where tiles are too few, per
 * part of the reduction, whose sums a second kernel adds up.
 */
import type { Expr } from '../../loop/expr.ts';
import { binary, load, read } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { constant, variable } from '../../loop/indexExpr.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Stmt } from '../../loop/ir.ts';
import { localBuffer, loop as loopOf, store } from '../../loop/ir.ts';
import type { Layout } from '../../loop/layout.ts';
import type { Nest } from '../nest.ts';
import { analyseNest } from '../nest.ts';
import type { Loop, Place } from '../transform/place.ts';
import { unlessRefused } from '../transform/place.ts';
import { copyBody, mapBody } from '../transform/rewrite.ts';
import type { Contraction } from './contraction.ts';
import { contractionOf } from './contraction.ts';
import type { GpuDevice } from './device.ts';
import { packsOf } from './packs.ts';
import { schedulePerItem } from './perItem.ts';
import { productKernel } from './productKernel.ts';
import type { ProductPlan } from './productPlan.ts';
import { planProduct } from './productPlan.ts';
import { rangeOf } from './ranges.ts';

/** Statements in place of the nest. Refuses what is no sum of products. */
export function scheduleProduct(
  loop: Loop,
  nest: Nest,
  place: Place,
  device: GpuDevice,
): readonly Stmt[] {
  const plan = planProduct(contractionOf(loop, nest, place), nest, device);
  return place.names.replacing([loop], () =>
    plan.tile.parts === 1 ? whole(plan, place) : inParts(plan, place, device),
  );
}

/** Layouts in which the product wants its constants; none for what is no product. */
export function productPacks(
  loop: Loop,
  nest: Nest,
  place: Place,
  device: GpuDevice,
  constants: ReadonlySet<string>,
): ReadonlyMap<string, Layout> {
  const contraction = unlessRefused(() => contractionOf(loop, nest, place));
  if (contraction === undefined) return new Map();
  const { order } = planProduct(contraction, nest, device).depth;
  return packsOf(contraction, order, nest, constants);
}

/** One kernel with the nest's own epilogue. */
function whole(plan: ProductPlan, place: Place): readonly Stmt[] {
  const { sum, point } = plan.contraction;
  const startsAtZero = sum.initial.kind === 'literal' && Number(sum.initial.value) === 0;
  return productKernel(plan, place, (_, own) => {
    const total = startsAtZero ? own : binary('add', sum.initial, own);
    return mapBody(point, { read: (expr) => (expr.name === sum.name ? total : expr) });
  });
}

/** Sums of parts of the reduction in memory, then a second kernel that adds them up. */
function inParts(plan: ProductPlan, place: Place, device: GpuDevice): readonly Stmt[] {
  const { names } = place;
  const { contraction, tile } = plan;
  const { sum, point } = contraction;
  const axes = outputAxes(contraction);
  // Of an extent that only a run knows, at its most: positions are limited to that.
  const shape = [constant(tile.parts), ...axes.map(({ extent }) => mostOf(extent, place.facts))];
  const partial = localBuffer(names.fresh('partial'), sum.type, shape);
  const own = axes.map(({ variable: name }) => variable(name));
  const written = productKernel(plan, place, ({ part }, value) => [
    store(partial, [part, ...own], value),
  ]);
  const total = Array.from({ length: tile.parts }, (_, part): Expr =>
    load(partial, [constant(part), ...own]),
  ).reduce((a, b) => binary('add', a, b), sum.initial);
  const name = names.fresh(sum.name);
  const merged = [
    { kind: 'let', name, value: total } as const,
    ...mapBody(point, {
      read: (expr) => (expr.name === sum.name ? read(name, sum.type) : expr),
    }),
  ];
  const nest = axes.reduceRight<readonly Stmt[]>(
    (body, { variable: of, extent }) => [loopOf(of, extent, body, 'parallel')],
    merged,
  );
  const [merge] = copyBody(nest, names) as readonly [Loop];
  const second = schedulePerItem(merge, analyseNest(merge, place.facts), place, device);
  return [{ kind: 'local', buffer: partial }, ...written, ...second];
}

function outputAxes({ batch, rows, columns }: Contraction): readonly Loop[] {
  return [...batch, ...rows.axes, ...columns.axes];
}

function mostOf(extent: Index, facts: Facts): Index {
  const [, most] = rangeOf(extent, facts);
  return Number.isFinite(most) ? constant(most) : extent;
}
