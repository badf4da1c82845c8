// Tiles of products: they fit the device, keep it busy, and split long reductions of small outputs.
import { describe, expect, it } from 'vitest';
import type { GpuDevice } from '../../../../compiler/schedule/gpu/device.ts';
import { gpuOf } from '../../../../compiler/schedule/gpu/device.ts';
import type { ProductExtents } from '../../../../compiler/schedule/gpu/productTile.ts';
import {
  chooseProductTile,
  itemsOf,
  ROW_PADDING,
} from '../../../../compiler/schedule/gpu/productTile.ts';
import { TARGETS } from '../../../../compiler/target/target.ts';
import { Random } from '../../lower/randomGraphs.ts';

const desktop = gpuOf({ ...TARGETS.opencl, computeUnits: 132 });
const phone: GpuDevice = { computeUnits: 3, groupSize: 128, localBytes: 16 << 10, registers: 16 };
const tiny: GpuDevice = { computeUnits: 1, groupSize: 16, localBytes: 2 << 10, registers: 16 };

function groupsOf({ batch, rows, columns }: ProductExtents, device: GpuDevice, depth: number) {
  const tile = chooseProductTile({ batch, rows, columns, depth }, device);
  const tiles = Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);
  return { tile, groups: batch * tiles * tile.parts };
}

describe('tiles of products', () => {
  it('fit the device', () => {
    const random = new Random(3);
    for (let i = 0; i < 200; i++) {
      const size = (): number => 1 + random.below(2 ** (1 + random.below(12)));
      const extents = { batch: 1 + random.below(3), rows: size(), columns: size(), depth: size() };
      for (const device of [desktop, phone, tiny]) {
        const tile = chooseProductTile(extents, device);
        const { rows, columns, depth, itemRows, itemColumns } = tile;
        const items = itemsOf(tile);
        expect(items * tile.teams).toBeLessThanOrEqual(device.groupSize);
        expect(4 * tile.teams * depth * (rows + columns + 2 * ROW_PADDING)).toBeLessThanOrEqual(
          device.localBytes,
        );
        expect((itemRows * itemColumns) / 4).toBeLessThan(device.registers);
        // Every item copies the same number of elements of each operand.
        expect((rows * depth) % items).toBe(0);
        expect((columns * depth) % items).toBe(0);
      }
    }
  });

  it('are large where the output is', () => {
    const { tile } = groupsOf({ batch: 1, rows: 4096, columns: 4096, depth: 0 }, desktop, 4096);
    expect(tile.parts).toBe(1);
    expect(tile.rows * tile.columns).toBeGreaterThanOrEqual(64 * 64);
    expect(tile.itemRows * tile.itemColumns).toBeGreaterThanOrEqual(32);
  });

  it.each([
    { rows: 384, columns: 768, depth: 3072 },
    { rows: 512, columns: 196, depth: 4608 },
    { rows: 256, columns: 400, depth: 2304 },
  ])('split the reduction of $rows x $columns by $depth', ({ rows, columns, depth }) => {
    const { tile, groups } = groupsOf({ batch: 1, rows, columns, depth }, desktop, depth);
    expect(tile.parts).toBeGreaterThan(1);
    expect(groups).toBeGreaterThanOrEqual(desktop.computeUnits * 0.8);
  });

  it('leave short reductions whole', () => {
    const extents = { batch: 12, rows: 384, columns: 384, depth: 64 };
    expect(chooseProductTile(extents, desktop).parts).toBe(1);
  });
});
