/**
 * The overview: one cell per block in reading order, wrapped into columns, so that a drawing of 1:34 still
 * shows every block. Click or drag to go there; frames show what is on the screen.
 */
import { blockAt, createMinimap, readingOrder, viewportRectangles } from '../layout/minimap.ts';
import type { Minimap } from '../layout/minimap.ts';
import { element } from '../ui/dom.ts';
import type { Rectangle } from './graph/spatialIndex.ts';
import type { Picture } from './graph/elements.ts';
import type { GraphTheme } from './graph/theme.ts';
import './minimap.css';

const WIDTH = 132;
const HEIGHT = 260;
const SMALL_HEIGHT = 120;

export interface MinimapView {
  readonly element: HTMLElement;
  show(picture: Picture, theme: GraphTheme): void;
  /** Another part of the drawing is on the screen, or something else is selected. */
  frame(view: Rectangle, selectedBlock: number): void;
}

interface Blocks {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly top: Float32Array;
  readonly bottom: Float32Array;
}

export function createMinimapView(
  goTo: (x: number, y: number) => void,
  blockCount = { many: 60 },
): MinimapView {
  const canvas = element('canvas', { class: 'minimap-canvas' });
  const box = element(
    'div',
    {
      class: 'minimap',
      hidden: true,
      role: 'img',
      aria: { label: 'Overview of all blocks in wrapped columns. Click to go.' },
    },
    canvas,
  );
  let map: Minimap | null = null;
  let blocks: Blocks | null = null;
  let picture: Picture | null = null;
  let theme: GraphTheme | null = null;
  /** The cells, drawn once per picture. */
  const base = element('canvas');
  let queued: { view: Rectangle; selected: number } | null = null;

  const paint = (): void => {
    const next = queued;
    queued = null;
    const context = canvas.getContext('2d');
    if (!next || !map || !blocks || !theme || !context || canvas.clientWidth === 0) return;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(base, 0, 0);
    const scale = canvas.width / canvas.clientWidth;
    const { top, bottom } = blocks;
    const { view, selected } = next;
    const seen = (b: number): boolean => bottom[b]! > view.y1 && top[b]! < view.y2;
    const frames = viewportRectangles(map, seen);
    context.strokeStyle = theme.foreground;
    context.lineWidth = 2 * scale;
    context.fillStyle = theme.foreground;
    for (let i = 0; i < frames.length; i += 4) {
      const [fx = 0, fy = 0, w = 0, h = 0] = frames.subarray(i, i + 4);
      context.globalAlpha = 0.25;
      context.fillRect(fx * scale, fy * scale, w * scale, h * scale);
      context.globalAlpha = 1;
      context.strokeRect(fx * scale, fy * scale, w * scale, h * scale);
    }
    const cell = selected < 0 ? -1 : map.order.indexOf(selected);
    if (cell >= 0) {
      const [cx = 0, cy = 0, w = 0, h = 0] = map.cells.subarray(4 * cell, 4 * cell + 4);
      context.fillStyle = theme.focus;
      context.fillRect((cx - 2) * scale, cy * scale, (w + 4) * scale, Math.max(2, h) * scale);
    }
  };
  const pick = (event: PointerEvent): void => {
    if (!map || !blocks) return;
    const bounds = canvas.getBoundingClientRect();
    const inside = map.stepX * map.columns;
    const px = Math.min(event.clientX - bounds.left, inside - 0.5);
    const block = blockAt(map, Math.max(0, px), Math.max(0, event.clientY - bounds.top));
    if (block >= 0) goTo(blocks.x[block]!, blocks.y[block]!);
  };
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    pick(event);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (event.buttons & 1) pick(event);
  });

  return {
    element: box,
    show(next, colours) {
      picture = next;
      theme = colours;
      blocks = blockPlaces(picture);
      const { plan } = picture.scene;
      const order = readingOrder(blocks);
      const height = order.length > blockCount.many ? HEIGHT : SMALL_HEIGHT;
      map = createMinimap(order, plan.blockMapping, { width: WIDTH, height });
      box.hidden = order.length < 2;
      const scale = Math.min(2, window.devicePixelRatio || 1);
      // A few blocks need no more room than their cells, with the mark of a selected one.
      const width = Math.min(WIDTH, Math.ceil(map.stepX * map.columns));
      const filled = Math.min(height, Math.ceil(map.stepY * map.rows));
      for (const surface of [canvas, base]) {
        surface.width = width * scale;
        surface.height = filled * scale;
      }
      canvas.style.width = `${width}px`;
      canvas.style.height = `${filled}px`;
      drawCells(base, map, colours, plan.changedBlocks, scale);
    },
    frame(view, selected) {
      if (!queued) requestAnimationFrame(paint);
      queued = { view, selected };
    },
  };
}

function drawCells(
  canvas: HTMLCanvasElement,
  map: Minimap,
  theme: GraphTheme,
  changed: Int32Array,
  scale: number,
): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const highlighted = new Set(changed);
  map.order.forEach((block, i) => {
    const [x = 0, y = 0, w = 0, h = 0] = map.cells.subarray(4 * i, 4 * i + 4);
    context.fillStyle = theme.mapping[map.colour[i]!] ?? theme.line;
    context.fillRect(x * scale, y * scale, w * scale, Math.max(1, h * scale));
    if (!highlighted.has(block)) return;
    context.fillStyle = theme.changed;
    context.fillRect((x + w - 5) * scale, y * scale, 5 * scale, Math.max(2, h * scale));
  });
}

/** Where each block is: its box, or the box around its operators. */
function blockPlaces({ scene, layout }: Picture): Blocks {
  const count = scene.plan.blockIds.length;
  const top = new Float32Array(count).fill(Infinity);
  const bottom = new Float32Array(count).fill(-Infinity);
  const left = new Float32Array(count).fill(Infinity);
  const right = new Float32Array(count).fill(-Infinity);
  scene.nodes.forEach(({ block, width, height }, v) => {
    if (block < 0) return;
    const x = layout.x[v]!;
    const y = layout.y[v]!;
    top[block] = Math.min(top[block]!, y - height / 2);
    bottom[block] = Math.max(bottom[block]!, y + height / 2);
    left[block] = Math.min(left[block]!, x - width / 2);
    right[block] = Math.max(right[block]!, x + width / 2);
  });
  return {
    top,
    bottom,
    x: left.map((value, b) => (value + right[b]!) / 2),
    y: top.map((value, b) => (value + bottom[b]!) / 2),
  };
}
