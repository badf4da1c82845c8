// Runs of a slice: every element belongs to exactly one of the items.
import { expect, it } from 'vitest';
import { Facts } from '../../../../compiler/loop/facts.ts';
import type { Index } from '../../../../compiler/loop/indexExpr.ts';
import { constant, evaluateIndex, holds } from '../../../../compiler/loop/indexExpr.ts';
import type { SliceShape } from '../../../../compiler/schedule/gpu/slicePlaces.ts';
import { runsOf, slicePlaces } from '../../../../compiler/schedule/gpu/slicePlaces.ts';
import { Writer } from '../../../../compiler/schedule/gpu/writer.ts';
import { Names } from '../../../../compiler/schedule/transform/names.ts';

/** How often items copy each element, by step of the reduction and row. */
function copiesOf(shape: SliceShape): readonly number[] {
  const { depth, size, items, along, width } = shape;
  const copies = new Array<number>(depth * size).fill(0);
  const writer = new Writer({ facts: Facts.of(), names: new Names() });
  writer.loop('item', constant(items), 'item', (inside, item) => {
    const places = slicePlaces(inside, item, shape);
    expect(places).toHaveLength(runsOf(shape));
    const bound = new Map(
      inside.body.flatMap((stmt) =>
        stmt.kind === 'letIndex' ? [[stmt.name, stmt.value] as const] : [],
      ),
    );
    for (let at = 0; at < items; at++) {
      const value = (index: Index): number =>
        evaluateIndex(
          index,
          (name) => (bound.has(name) ? value(bound.get(name)!) : at),
          () => Number.NaN,
        );
      for (const place of places) {
        if (!place.inside.every(({ op, a, b }) => holds(op, value(a), value(b)))) continue;
        for (let lane = 0; lane < width; lane++) {
          const step = value(place.depth) + (along === 'depth' ? lane : 0);
          const own = value(place.own) + (along === 'own' ? lane : 0);
          expect(step).toBeLessThan(depth);
          expect(own).toBeLessThan(size);
          copies[step * size + own]! += 1;
        }
      }
    }
  });
  return copies;
}

const SHAPES = [
  { size: 64, depth: 16, items: 128 },
  { size: 64, depth: 16, items: 64 },
  { size: 128, depth: 16, items: 64 },
  // Fewer runs than items.
  { size: 16, depth: 8, items: 64 },
  // Nothing divides.
  { size: 48, depth: 16, items: 144 },
  { size: 96, depth: 8, items: 72 },
] as const;

it.each(
  SHAPES.flatMap((shape) =>
    (['own', 'depth'] as const).flatMap((along) =>
      [1, 4].map((width) => ({ ...shape, along, width })),
    ),
  ),
)('$size by $depth for $items items, $width along $along', (shape) => {
  expect(new Set(copiesOf(shape))).toEqual(new Set([1]));
});
