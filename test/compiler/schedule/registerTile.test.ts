// The model of register tiles picks what measurements favour (see the kernel tables the schedules follow).
import { describe, expect, it } from 'vitest';
import { chooseRegisterTile, costOf } from '../../../compiler/schedule/registerTile.ts';
import type { Target } from '../../../compiler/target/target.ts';
import { TARGETS } from '../../../compiler/target/target.ts';

const lanesOf = (target: Target): number => target.vectorBytes / 4;

describe('chooseRegisterTile', () => {
  it.each(Object.values(TARGETS))('keeps within the registers of $name', (target: Target) => {
    const lanes = lanesOf(target);
    for (let rows = 1; rows < 60; rows += 3) {
      for (let columns = 1; columns < 300; columns += 7) {
        const tile = chooseRegisterTile({ rows, columns, lanes }, target);
        const needed = tile.rows * tile.vectors + tile.vectors + 1;
        const slack = rows % tile.rows === 0 && tile.rows > 1 ? 1 : 0;
        if (tile.rows * tile.vectors > 1) {
          expect(needed).toBeLessThanOrEqual(target.vectorRegisters + slack);
        }
      }
    }
  });

  it('takes wide tiles with few loads per product', () => {
    const wide = TARGETS['x86_64-avx512'];
    const tile = chooseRegisterTile({ rows: 384, columns: 768, lanes: 16 }, wide);
    expect(tile.vectors).toBeGreaterThanOrEqual(4);
    expect(tile.rows * tile.vectors).toBeGreaterThanOrEqual(24);
    const narrow = TARGETS['x86_64-avx2'];
    expect(chooseRegisterTile({ rows: 384, columns: 768, lanes: 8 }, narrow)).toEqual({
      rows: 4,
      vectors: 3,
    });
  });

  it('divides the rows of a convolution', () => {
    const target = TARGETS['x86_64-avx512'];
    for (const rows of [7, 14, 28, 56]) {
      const tile = chooseRegisterTile({ rows, columns: 256, lanes: 16 }, target);
      expect(rows % tile.rows).toBe(0);
    }
  });

  it('counts remainders that wait for their sums', () => {
    const question = { rows: 12, columns: 16, lanes: 16 };
    expect(costOf(question, { rows: 12, vectors: 1 })).toBeLessThan(
      costOf(question, { rows: 9, vectors: 1 }),
    );
  });
});
