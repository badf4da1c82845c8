// The overview of a network that is far taller than wide: one small cell per block, in reading order,
// wrapped into columns that fill the panel. Cells know nothing of the real positions, so a drawing of
// 1:34 still shows every block.

import type { LayoutInput, LayoutResult } from './types.ts';

export interface MinimapOptions {
  /** Panel size in CSS pixels. */
  width: number;
  height: number;
  /** Every second column runs upwards, so that neighbours stay neighbours at the turns. */
  serpentine?: boolean;
  /** Space between columns, and between cells where they are tall enough. */
  gap?: number;
  /** A few blocks do not blow up to the whole panel. */
  largestCell?: { width: number; height: number };
}

export interface Minimap {
  /** Block numbers in cell order, and their colours. */
  order: Int32Array;
  colour: Uint8Array;
  rows: number;
  columns: number;
  /** Cell i is x, y, width, height at cells[4 * i]. */
  cells: Float32Array;
  /** Distance from one cell to the next. */
  stepX: number;
  stepY: number;
  serpentine: boolean;
}

/** Cells are this much wider than high if the panel allows. */
const bestShape = 3;

/** `order`: blocks as they follow each other; `colour`: an index per block (not per cell). */
export function createMinimap(
  order: Int32Array,
  colour: Uint8Array,
  options: MinimapOptions,
): Minimap {
  const { width, height, serpentine = false, gap = 2 } = options;
  const largest = options.largestCell ?? { width: 48, height: 14 };
  const n = order.length;
  const most = largest.height + 1;
  const columns = n > 0 && width > 0 && height > 0 ? chooseColumns(n, width, height, most) : 1;
  const rows = Math.max(1, Math.ceil(n / columns));
  const stepX = Math.max(0, Math.min(width / columns, largest.width + gap));
  const stepY = Math.max(0, Math.min(height / rows, largest.height + 1));
  const cellWidth = Math.max(Math.min(1, stepX), stepX - gap);
  const cellHeight = stepY >= 3 ? stepY - 1 : stepY;
  const cells = new Float32Array(4 * n);
  const map = { order, rows, columns, cells, stepX, stepY, serpentine };
  for (let i = 0; i < n; i++) {
    const { column, row } = placeOf(map, i);
    cells.set([column * stepX, row * stepY, cellWidth, cellHeight], 4 * i);
  }
  return { ...map, colour: Uint8Array.from(order, (block) => colour[block] ?? 0) };
}

/** The fewest columns with the largest cells; more than `enough` is not taken. */
function chooseColumns(n: number, width: number, height: number, enough: number): number {
  let best = 1;
  let most = 0;
  for (let columns = 1; columns <= n; columns++) {
    const rows = Math.ceil(n / columns);
    const size = Math.min(width / columns / bestShape, height / rows, enough);
    if (size > most) [best, most] = [columns, size];
  }
  return best;
}

type Grid = Pick<Minimap, 'rows' | 'serpentine'>;

function placeOf({ rows, serpentine }: Grid, cell: number): { column: number; row: number } {
  const column = Math.floor(cell / rows);
  const row = cell % rows;
  return { column, row: serpentine && column % 2 === 1 ? rows - 1 - row : row };
}

/** The block at a point of the panel, or -1. Gaps between cells belong to the cell before them. */
export function blockAt(map: Minimap, x: number, y: number): number {
  const column = Math.floor(x / map.stepX);
  const row = Math.floor(y / map.stepY);
  if (!(column >= 0 && column < map.columns && row >= 0 && row < map.rows)) return -1;
  const inColumn = map.serpentine && column % 2 === 1 ? map.rows - 1 - row : row;
  return map.order[column * map.rows + inColumn] ?? -1;
}

/** Rectangles x, y, width, height around the cells of visible blocks: one per run within a column. */
export function viewportRectangles(
  map: Minimap,
  isVisible: (block: number) => boolean,
): Float32Array {
  const found: number[] = [];
  const { order, rows, cells } = map;
  for (let from = 0; from < order.length; from++) {
    if (!isVisible(order[from]!)) continue;
    let to = from;
    const end = Math.min(order.length, (Math.floor(from / rows) + 1) * rows);
    while (to + 1 < end && isVisible(order[to + 1]!)) to++;
    const [a, b] = [4 * from, 4 * to];
    const top = Math.min(cells[a + 1]!, cells[b + 1]!);
    const bottom = Math.max(cells[a + 1]! + cells[a + 3]!, cells[b + 1]! + cells[b + 3]!);
    found.push(cells[a]!, top, cells[a + 2]!, bottom - top);
    from = to;
  }
  return Float32Array.from(found);
}

/** Blocks in reading order: from top to bottom, rows from left to right. */
export function readingOrder({ x, y }: Pick<LayoutResult, 'x' | 'y'>): Int32Array {
  return Int32Array.from({ length: x.length }, (_, v) => v).sort(
    (a, b) => y[a]! - y[b]! || x[a]! - x[b]! || a - b,
  );
}

/** Nodes whose boxes meet a rectangle of the drawing (1), for `viewportRectangles`. */
export function visibleNodes(
  { nodeCount, width, height }: Pick<LayoutInput, 'nodeCount' | 'width' | 'height'>,
  { x, y }: Pick<LayoutResult, 'x' | 'y'>,
  view: { x1: number; y1: number; x2: number; y2: number },
): Uint8Array {
  const visible = new Uint8Array(nodeCount);
  for (let v = 0; v < nodeCount; v++) {
    const across = x[v]! + width[v]! / 2 > view.x1 && x[v]! - width[v]! / 2 < view.x2;
    const down = y[v]! + height[v]! / 2 > view.y1 && y[v]! - height[v]! / 2 < view.y2;
    visible[v] = Number(across && down);
  }
  return visible;
}
