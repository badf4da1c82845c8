/** Two small graphs side by side: what a rule found and what it put there. Drawn from top to bottom, no clicks. */
import type { RewriteSketches } from '../../../compiler/protocol.ts';
import type { RewriteSketch } from '../../../compiler/rewrite/rewrite.ts';
import { element } from '../../ui/dom.ts';
import { displayName, shortType } from '../../state/names.ts';

const SVG = 'http://www.w3.org/2000/svg';
/** CSS pixels at full size; a wide sketch is scaled down. */
const BOX = { width: 84, height: 22, gapX: 6, gapY: 20, text: 12, character: 5.8 } as const;
/** Drawn smaller, the labels could not be read. */
const LEAST_SCALE = 0.68;
/** More would not be readable. */
const MAX_NODES = 40;

export function sketchPair({ before, after }: RewriteSketches): HTMLElement {
  const side = (title: string, sketch: RewriteSketch): HTMLElement => {
    const drawn = draw(sketch, `${title}: ${sketch.nodes.map(({ label }) => label).join(', ')}`);
    const figure = element(
      'figure',
      { class: 'sketch' },
      element('figcaption', { text: title }),
      drawn,
    );
    // Two that would be too small to read beside each other stand one above the other.
    figure.style.flexBasis = `${Math.round(Number(drawn.getAttribute('width')) * LEAST_SCALE)}px`;
    return figure;
  };
  return element('div', { class: 'sketches' }, side('Before', before), side('After', after));
}

function draw({ nodes, edges }: RewriteSketch, spoken: string): SVGSVGElement {
  const shown = Math.min(nodes.length, MAX_NODES);
  const lines = edges.filter(([from, to]) => from < shown && to < shown && from !== to);
  const widths = nodes.slice(0, shown).map(widthOf);
  const places = placesOf(widths, lines);
  // A line that goes around a box leaves the picture's edge free.
  const width = Math.max(BOX.width, ...places.map(({ x }, at) => x + widths[at]!)) + BOX.gapX;
  const height = Math.max(...places.map(({ y }) => y)) + BOX.height;
  const svg = make('svg', {
    viewBox: `-2 -2 ${width + 4} ${height + 4}`,
    width: String(width + 4),
    role: 'img',
    'aria-label': displayName(spoken, 400),
  });
  for (const [from, to] of lines) {
    const a = places[from]!;
    const b = places[to]!;
    const x = a.x + widths[from]! / 2;
    const y = a.y + BOX.height;
    const bend = BOX.gapY * 0.6;
    // A line over several rows goes around what stands between.
    const skips = b.y - a.y > 1.5 * (BOX.height + BOX.gapY) && a.x === b.x;
    const aside = skips ? BOX.width * 0.72 : 0;
    const [toX, toY] = [b.x + widths[to]! / 2, b.y];
    const path = skips
      ? `M${x} ${y}C${x + aside} ${y + bend} ${x + aside} ${toY - bend} ${toX} ${toY}`
      : `M${x} ${y}C${x} ${y + bend} ${toX} ${toY - bend} ${toX} ${toY}`;
    svg.append(make('path', { d: path, class: 'sketch-line' }));
  }
  nodes.slice(0, shown).forEach(({ label, role, id }, at) => {
    const { x, y } = places[at]!;
    const box = make('g', { class: `sketch-node ${role}`, transform: `translate(${x} ${y})` });
    const title = make('title', {});
    title.textContent = displayName(`${label} ${id}`, 200);
    const rect = make('rect', {
      width: String(widths[at]),
      height: String(BOX.height),
      rx: role === 'operator' ? '4' : '11',
    });
    const text = make('text', { x: String(widths[at]! / 2), y: String(BOX.height / 2) });
    text.textContent = displayName(role === 'operator' ? shortType(label) : label, BOX.text);
    box.append(title, rect, text);
    svg.append(box);
  });
  return svg;
}

/** Operators stand below each other and are equally wide; what they read is as wide as its text. */
function widthOf({ label, role }: RewriteSketch['nodes'][number]): number {
  if (role === 'operator') return BOX.width;
  const characters = Math.min(BOX.text, Array.from(label).length);
  return Math.min(BOX.width, 16 + characters * BOX.character);
}

/** Rows by the longest way from a source; within a row in the order given. */
function placesOf(
  widths: readonly number[],
  edges: readonly (readonly [number, number])[],
): readonly { readonly x: number; readonly y: number }[] {
  const count = widths.length;
  const depth = new Array<number>(count).fill(0);
  // As many rounds as the longest way can have; a cycle, which is none of ours, ends there too.
  for (let round = 0; round < count; round++) {
    for (const [from, to] of edges) {
      depth[to] = Math.min(count, Math.max(depth[to]!, depth[from]! + 1));
    }
  }
  // Constants and inputs stand right above their reader.
  const readers = new Map<number, number[]>();
  for (const [from, to] of edges) readers.set(from, [...(readers.get(from) ?? []), to]);
  const written = new Set(edges.map(([, to]) => to));
  for (let node = 0; node < count; node++) {
    const depths = (readers.get(node) ?? []).map((reader) => depth[reader]!);
    if (!written.has(node) && depths.length > 0) depth[node] = Math.min(...depths) - 1;
  }
  const ends = new Map<number, number>();
  return depth.map((row, node) => {
    const x = ends.get(row) ?? 0;
    ends.set(row, x + widths[node]! + BOX.gapX);
    return { x, y: row * (BOX.height + BOX.gapY) };
  });
}

function make<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>>,
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
