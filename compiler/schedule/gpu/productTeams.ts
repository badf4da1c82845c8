/**
 * Teams of a product's kernel: small tiles leave a multiprocessor with too few items to hide latency, so several teams of a
 * group sum parts of the reduction for one tile. The first then adds up what the others hand in through the group's memory.
 */
import type { Buffer } from '../../loop/expr.ts';
import { binary, load } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { constant, floorDiv, less, mod, subtract } from '../../loop/indexExpr.ts';
import { store } from '../../loop/ir.ts';
import type { Accumulators } from './accumulators.ts';
import type { ProductItem, ProductPlan } from './productPlan.ts';
import { LANES } from './productPlan.ts';
import { handedInRows } from './productTile.ts';
import type { Writer } from './writer.ts';

/** Writes a loop over all items of the group. */
export type OverItems = (at: Writer, write: (inside: Writer, item: ProductItem) => void) => void;

export function itemAt(writer: Writer, index: Index, { items, tile }: ProductPlan): ProductItem {
  if (tile.teams === 1) return { index, team: constant(0), own: index };
  return {
    index,
    team: writer.index('team', floorDiv(index, items)),
    own: writer.index('own', mod(index, items)),
  };
}

/** Afterwards the accumulators of the first team hold the sums of all. */
export function addUpTeams(
  writer: Writer,
  plan: ProductPlan,
  { buffer: sums }: Accumulators,
  overItems: OverItems,
): void {
  const { tile, items } = plan;
  if (tile.teams === 1) return;
  const rows = handedInRows(tile);
  const across = tile.itemColumns / LANES;
  const handedIn: Buffer = {
    name: writer.names.fresh('handedIn'),
    storage: sums.storage,
    // Neighbouring items touch neighbouring vectors.
    shape: [tile.teams - 1, rows * across, items, LANES].map(constant),
    lanes: 1,
    space: 'group',
  };
  writer.local(handedIn);
  for (let start = 0; start < tile.itemRows; start += rows) {
    const vectors = Array.from({ length: rows * across }, (_, at) => ({
      at: constant(at),
      row: constant(start + Math.floor(at / across)),
      column: constant(at % across),
    }));
    overItems(writer, (inside, { index, team, own }) => {
      inside.when([less(constant(0), team)], (others) => {
        const from = others.simplify(subtract(team, 1));
        for (const { at, row, column } of vectors) {
          const value = load(sums, [index, row, column]);
          others.emit(store(handedIn, [from, at, own, constant(0)], value));
        }
      });
    });
    overItems(writer, (inside, { index, team, own }) => {
      inside.when([less(team, 1)], (first) => {
        for (const { at, row, column } of vectors) {
          const place = [index, row, column];
          const total = Array.from({ length: tile.teams - 1 }, (_, from) =>
            load(handedIn, [constant(from), at, own, constant(0)], LANES),
          ).reduce((a, b) => binary('add', a, b), load(sums, place));
          first.emit(store(sums, place, total));
        }
      });
    });
  }
}
