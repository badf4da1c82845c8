// The wrapped overview: every block has a cell inside the panel, a click finds it, runs become
// rectangles.

import { describe, expect, it } from 'vitest';

import {
  blockAt,
  createMinimap,
  readingOrder,
  viewportRectangles,
  visibleNodes,
} from '../../../webview/layout/minimap.ts';

const order = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => n - 1 - i);
const panel = { width: 200, height: 160 };

describe('minimap', () => {
  for (const n of [1, 7, 595, 6000]) {
    for (const serpentine of [false, true]) {
      it(`gives ${n} blocks a cell each and finds each again${serpentine ? ', serpentine' : ''}`, () => {
        const map = createMinimap(order(n), new Uint8Array(n), { ...panel, serpentine });
        for (let i = 0; i < n; i++) {
          const [x, y, w, h] = map.cells.subarray(4 * i, 4 * i + 4) as unknown as number[];
          expect(x! >= 0 && x! + w! <= 200.01 && y! >= 0 && y! + h! <= 160.01).toBe(true);
          expect(blockAt(map, x! + w! / 2, y! + h! / 2)).toBe(n - 1 - i);
        }
      });
    }
  }

  it('finds nothing outside the cells', () => {
    const map = createMinimap(order(5), new Uint8Array(5), panel);
    for (const [x, y] of [
      [-1, 5],
      [5, -1],
      [199, 159],
      [NaN, 3],
    ] as const) {
      expect(blockAt(map, x, y)).toBe(-1);
    }
    expect(blockAt(createMinimap(order(0), new Uint8Array(0), panel), 1, 1)).toBe(-1);
    expect(blockAt(createMinimap(order(4), new Uint8Array(4), { width: 0, height: 0 }), 0, 0)).toBe(
      -1,
    );
  });

  it('uses several columns when there are many blocks', () => {
    const map = createMinimap(order(595), new Uint8Array(595), panel);
    expect(map.columns).toBeGreaterThan(3);
    expect(map.columns * map.rows).toBeGreaterThanOrEqual(595);
    expect((map.columns - 1) * map.rows).toBeLessThan(595);
  });

  it('turns colours from block order into cell order', () => {
    const map = createMinimap(Int32Array.of(2, 0, 1), Uint8Array.of(10, 11, 12), panel);
    expect([...map.colour]).toEqual([12, 10, 11]);
  });

  it('joins visible blocks into one rectangle per column', () => {
    const blocks = Int32Array.from({ length: 595 }, (_, i) => i);
    const map = createMinimap(blocks, new Uint8Array(595), panel);
    const first = map.rows - 2;
    const visible = (b: number): boolean => b >= first && b < first + 5;
    const rectangles = viewportRectangles(map, visible);
    expect(rectangles).toHaveLength(8);
    expect(rectangles[1]! + rectangles[3]!).toBeCloseTo(
      map.cells[4 * (map.rows - 1) + 1]! + map.cells[3]!,
    );
    expect(rectangles[5]).toBe(0);
    expect(rectangles[4]).toBeCloseTo(map.stepX);
    expect(viewportRectangles(map, () => false)).toHaveLength(0);
  });

  it('reads from top to bottom, then from left to right', () => {
    const x = Float32Array.of(50, 0, 10);
    const y = Float32Array.of(0, 0, -5);
    expect([...readingOrder({ x, y })]).toEqual([2, 1, 0]);
  });

  it('knows which boxes meet the viewport', () => {
    const size = Float32Array.of(10, 10, 10);
    const input = { nodeCount: 3, width: size, height: size };
    const at = { x: Float32Array.of(0, 14, 16), y: Float32Array.of(0, 0, 0) };
    expect([...visibleNodes(input, at, { x1: -20, y1: -20, x2: 10, y2: 20 })]).toEqual([1, 1, 0]);
  });
});
