/** The whole picture as an SVG document in the colours of the theme: every block and edge, on the screen or not. Pure. */
import type { Picture } from './elements.ts';
import type { GraphTheme } from './theme.ts';
import { boundsOf } from './places.ts';

const MARGIN = 24;
const TEXT = { size: 12, line: 15, edge: 9.5 } as const;

export interface SvgPicture {
  readonly text: string;
  /** CSS pixels at full size. */
  readonly width: number;
  readonly height: number;
}

export function pictureSvg(picture: Picture, theme: GraphTheme): SvgPicture {
  const bounds = boundsOf(picture) ?? { x1: 0, y1: 0, x2: 1, y2: 1 };
  const x = bounds.x1 - MARGIN;
  const y = bounds.y1 - MARGIN;
  const width = Math.ceil(bounds.x2 - bounds.x1 + 2 * MARGIN);
  const height = Math.ceil(bounds.y2 - bounds.y1 + 2 * MARGIN);
  const groups = new Set(picture.scene.groups.map(({ key }) => key));
  const boxes = [...picture.nodes.values()];
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${x} ${y} ${width} ${height}" width="${width}" height="${height}" font-family="${escape(theme.font)}">`,
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8Z" fill="${theme.line}"/></marker></defs>`,
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${theme.background}"/>`,
    ...boxes.filter(({ id }) => groups.has(id)).map((node) => box(node, theme, true)),
    ...lines(picture, theme),
    ...boxes.filter(({ id }) => !groups.has(id)).map((node) => box(node, theme, false)),
    ...labels(picture, theme),
    '</svg>',
  ];
  return { text: parts.join('\n'), width, height };
}

type Node = Picture['nodes'] extends ReadonlyMap<string, infer Spec> ? Spec : never;

function box(node: Node, theme: GraphTheme, isGroup: boolean): string {
  const classes = node.classes.split(' ');
  const step = (name: string): number => {
    const found = classes.find((each) => new RegExp(`^${name}\\d+$`).test(each));
    return found === undefined ? -1 : Number(found.slice(name.length));
  };
  const mapping = step('m');
  const heat = step('heat');
  const stroke = theme.mapping[mapping] ?? theme.muted;
  const fill = isGroup
    ? theme.background
    : (theme.heat[heat] ?? theme.fill[mapping] ?? theme.background);
  const { x, y, w, h } = node;
  const double = classes.includes('block') ? ' stroke-width="3"' : ' stroke-width="1.5"';
  const radius = classes.includes('io') ? Math.min(22, h / 2) : 5;
  const rect = `<rect x="${n(x - w / 2)}" y="${n(y - h / 2)}" width="${n(w)}" height="${n(h)}" rx="${radius}" fill="${fill}" stroke="${stroke}"${double}/>`;
  const rows = node.label === '' ? [] : node.label.split('\n');
  const top = y - ((rows.length - 1) * TEXT.line) / 2;
  const text = rows.map(
    (row, at) =>
      `<text x="${n(x)}" y="${n(top + at * TEXT.line)}" font-size="${TEXT.size}" text-anchor="middle" dominant-baseline="central" fill="${theme.foreground}">${escape(row)}</text>`,
  );
  return rect + text.join('');
}

function lines({ scene, layout, edges }: Picture, theme: GraphTheme): string[] {
  return scene.edges.flatMap((edge, index) => {
    const spec = edges.get(edge.key);
    if (!spec || spec.tunnel) return [];
    const bends = layout.edgePoints.subarray(
      layout.edgeOffset[index],
      layout.edgeOffset[index + 1],
    );
    const points = [
      layout.x[edge.source]!,
      layout.y[edge.source]! + scene.nodes[edge.source]!.height / 2,
      ...bends,
      layout.x[edge.target]!,
      layout.y[edge.target]! - scene.nodes[edge.target]!.height / 2,
    ];
    const path: string[] = [];
    for (let i = 0; i + 1 < points.length; i += 2) {
      path.push(`${n(points[i]!)} ${n(points[i + 1]!)}`);
    }
    const dashes = edge.relation === 'border' ? ' stroke-dasharray="5 3"' : '';
    const width = edge.relation === 'inside' ? 2.4 : 1.3;
    return `<path d="M${path.join('L')}" fill="none" stroke="${theme.line}" stroke-width="${width}"${dashes} marker-end="url(#arrow)"/>`;
  });
}

function labels({ scene, layout, edges }: Picture, theme: GraphTheme): string[] {
  return scene.edges.flatMap((edge) => {
    const spec = edges.get(edge.key);
    if (!spec || spec.tunnel || spec.label === '' || spec.classes.includes('quiet')) return [];
    const { source, target } = edge;
    const x = (layout.x[source]! + layout.x[target]!) / 2 + spec.labelX;
    const y =
      (layout.y[source]! +
        scene.nodes[source]!.height / 2 +
        layout.y[target]! -
        scene.nodes[target]!.height / 2) /
        2 +
      spec.labelY;
    return `<text x="${n(x)}" y="${n(y)}" font-size="${TEXT.edge}" text-anchor="middle" dominant-baseline="central" fill="${theme.muted}" stroke="${theme.background}" stroke-width="3" paint-order="stroke">${escape(spec.label)}</text>`;
  });
}

function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Names of a model are untrusted: neither markup nor characters that XML forbids. */
function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;')
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udfff]/gu, '');
}
