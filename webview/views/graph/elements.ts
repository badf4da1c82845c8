/**
 * From a scene with coordinates to the elements of the canvas: plain specifications, compared with what is
 * drawn already so that only differences are touched. Pure.
 */
import type { ShownRun } from '../../../compiler/protocol.ts';
import type { LayoutResult } from '../../layout/types.ts';
import { METRICS } from '../../state/scene.ts';
import type { Scene, SceneEdge, SceneNode } from '../../state/scene.ts';
import { blockTimeTexts, heatOf, hottest } from '../../state/times.ts';
import { badgeClass } from './badges.ts';
import { relativeBends } from './bends.ts';
import { LabelPlaces } from './labelPlaces.ts';
import { reasonGroup } from './reasons.ts';

export interface NodeSpec {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly label: string;
  readonly classes: string;
}

export interface EdgeSpec {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly label: string;
  readonly classes: string;
  /** Too long to be drawn except on demand. */
  readonly tunnel: boolean;
  readonly weights: readonly number[];
  readonly distances: readonly number[];
  /** Of the label, from the line's middle. */
  readonly labelX: number;
  readonly labelY: number;
}

export interface Elements {
  readonly nodes: ReadonlyMap<string, NodeSpec>;
  readonly edges: ReadonlyMap<string, EdgeSpec>;
}

/** What a canvas element stands for. */
export type Meaning =
  | { readonly kind: 'node'; readonly node: number }
  | { readonly kind: 'group'; readonly group: number }
  | { readonly kind: 'edge'; readonly edge: number }
  /** One end of long edges: scene edges that start (end) at a node. */
  | { readonly kind: 'port'; readonly edges: readonly number[]; readonly outgoing: boolean };

export interface Picture extends Elements {
  readonly scene: Scene;
  readonly layout: LayoutResult;
  readonly meaning: ReadonlyMap<string, Meaning>;
}

export const EMPTY_ELEMENTS: Elements = { nodes: new Map(), edges: new Map() };

const PORT = { width: 120, height: 15, gap: 17 } as const;

/** Text in a box of this width, the first that fits. */
export type FitText = (texts: readonly string[], width: number) => string;

export interface Times {
  readonly run: ShownRun;
  readonly fit: FitText;
}

export function buildPicture(scene: Scene, layout: LayoutResult, times: Times | null): Picture {
  const nodes = new Map<string, NodeSpec>();
  const edges = new Map<string, EdgeSpec>();
  const meaning = new Map<string, Meaning>();
  const heat = heatClasses(times);
  scene.groups.forEach((_, group) => addGroup(scene, layout, group, nodes, meaning, times, heat));
  scene.nodes.forEach((node, index) => {
    nodes.set(node.key, nodeSpec(node, layout.x[index]!, layout.y[index]!, times, heat));
    meaning.set(node.key, { kind: 'node', node: index });
  });
  const leaving = new Map<number, number[]>();
  const arriving = new Map<number, number[]>();
  scene.edges.forEach((edge, index) => {
    const tunnel = layout.edgeTunnel[index] === 1;
    if (tunnel) {
      pushTo(leaving, edge.source, index);
      pushTo(arriving, edge.target, index);
    }
    edges.set(edge.key, edgeSpec(scene, layout, index, tunnel));
    meaning.set(edge.key, { kind: 'edge', edge: index });
  });
  const ports: Ports = { scene, layout, nodes, edges, meaning };
  for (const [node, list] of leaving) addPort(ports, node, list, true);
  for (const [node, list] of arriving) addPort(ports, node, list, false);
  placeLabels(scene, layout, nodes, edges);
  return { scene, layout, nodes, edges, meaning };
}

/** Straight lines first: they have the fewest places to choose from. */
function placeLabels(
  scene: Scene,
  layout: LayoutResult,
  nodes: ReadonlyMap<string, NodeSpec>,
  edges: Map<string, EdgeSpec>,
): void {
  const frames = new Set(scene.groups.map(({ key }) => key));
  // Of a frame only the lower border is in the way: the header covers the upper one.
  const places = new LabelPlaces(
    [...nodes.values()].map((node) =>
      frames.has(node.id) ? { x: node.x, y: node.y + node.h / 2, w: node.w, h: 3 } : node,
    ),
  );
  const asked = scene.edges
    .map((edge, index) => ({ edge, index, spec: edges.get(edge.key)! }))
    .filter(({ edge, spec }) => !edge.quiet && !spec.tunnel && edge.label !== '');
  const bent = (spec: EdgeSpec): boolean => spec.weights.length > 0;
  for (const bends of [false, true]) {
    for (const { edge, index, spec } of asked) {
      if (bent(spec) !== bends) continue;
      const offset = places.place({ label: edge.label, points: lineOf(scene, layout, index) });
      if (offset === null) edges.set(edge.key, { ...spec, classes: `${spec.classes} quiet` });
      else if (offset.dx !== 0 || offset.dy !== 0) {
        edges.set(edge.key, { ...spec, labelX: offset.dx, labelY: offset.dy });
      }
    }
  }
}

/** From the source's lower border over the bends to the target's upper border. */
function lineOf(scene: Scene, layout: LayoutResult, index: number): number[] {
  const { source, target } = scene.edges[index]!;
  return [
    layout.x[source]!,
    layout.y[source]! + scene.nodes[source]!.height / 2,
    ...layout.edgePoints.subarray(layout.edgeOffset[index], layout.edgeOffset[index + 1]),
    layout.x[target]!,
    layout.y[target]! - scene.nodes[target]!.height / 2,
  ];
}

/** By block; '' where nothing was measured. */
function heatClasses(times: Times | null): (block: number) => string {
  if (!times) return () => '';
  const most = hottest(times.run);
  return (block) => {
    const step = heatOf(times.run.blockMs[block] ?? Number.NaN, most);
    return step < 0 ? '' : ` heat heat${step}`;
  };
}

function nodeSpec(
  node: SceneNode,
  x: number,
  y: number,
  times: Times | null,
  heat: (block: number) => string,
): NodeSpec {
  // Inside an open block only the block as a whole has a time.
  const whole = node.group < 0 && node.block >= 0;
  const texts = times && whole ? blockTimeTexts(times.run, node.block) : [];
  const room = node.width - METRICS.badge - METRICS.pad;
  const subtitle = times && texts.length > 0 ? times.fit(texts, room) : node.subtitle;
  return {
    id: node.key,
    x,
    y,
    w: node.width,
    h: node.height,
    label: subtitle === '' ? node.title : `${node.title}\n${subtitle}`,
    classes: `${nodeClasses(node)}${whole ? heat(node.block) : ''}`,
  };
}

function nodeClasses(node: SceneNode): string {
  if (node.mapping < 0) return 'io';
  const kind = node.kind === 'block' ? 'block' : 'op';
  const changed = node.changed && node.group < 0 ? ' changed' : '';
  const badge = badgeClass(node.mapping, node.seed, node.pinned);
  return `${kind} m${node.mapping} ${badge}${changed}`;
}

function addGroup(
  scene: Scene,
  layout: LayoutResult,
  index: number,
  nodes: Map<string, NodeSpec>,
  meaning: Map<string, Meaning>,
  times: Times | null,
  heat: (block: number) => string,
): void {
  const group = scene.groups[index]!;
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = layout.groupBox.subarray(4 * index, 4 * index + 4);
  const x = (x1 + x2) / 2;
  const changed = group.changed ? ' changed' : '';
  const time = times ? blockTimeTexts(times.run, group.block)[0] : undefined;
  nodes.set(group.key, {
    id: group.key,
    x,
    y: (y1 + y2) / 2,
    w: x2 - x1,
    h: y2 - y1,
    label: '',
    classes: `group m${group.mapping}${changed}`,
  });
  const header = `h${group.key}`;
  nodes.set(header, {
    id: header,
    x,
    y: y1 + METRICS.groupHeader / 2 + 1,
    w: x2 - x1 - 4,
    h: METRICS.groupHeader - 2,
    label:
      time === undefined ? group.title : times!.fit([`${group.title} · ${time}`, time], x2 - x1),
    classes: `header m${group.mapping}${heat(group.block)}`,
  });
  meaning.set(group.key, { kind: 'group', group: index });
  meaning.set(header, { kind: 'group', group: index });
}

function edgeSpec(scene: Scene, layout: LayoutResult, index: number, tunnel: boolean): EdgeSpec {
  const edge = scene.edges[index]!;
  const source = scene.nodes[edge.source]!;
  const target = scene.nodes[edge.target]!;
  const bends = relativeBends(
    layout.x[edge.source]!,
    layout.y[edge.source]! + source.height / 2,
    layout.x[edge.target]!,
    layout.y[edge.target]! - target.height / 2,
    tunnel
      ? []
      : layout.edgePoints.subarray(layout.edgeOffset[index], layout.edgeOffset[index + 1]),
  );
  return {
    id: edge.key,
    source: source.key,
    target: target.key,
    label: edge.label,
    classes: edgeClasses(edge, tunnel, bends.weights.length > 0),
    tunnel,
    labelX: 0,
    labelY: 0,
    ...bends,
  };
}

function edgeClasses(edge: SceneEdge, tunnel: boolean, bent: boolean): string {
  const group = edge.relation === 'border' ? reasonGroup(edge.reason) : null;
  const shape = tunnel ? ' tunnel' : bent ? ' bent' : '';
  const quiet = edge.quiet ? ' quiet' : '';
  return `${edge.relation}${group ? ` r-${group}` : ''}${shape}${quiet}`;
}

interface Ports {
  readonly scene: Scene;
  readonly layout: LayoutResult;
  readonly nodes: Map<string, NodeSpec>;
  readonly edges: Map<string, EdgeSpec>;
  readonly meaning: Map<string, Meaning>;
}

/** A labelled stub that stands for all long edges on one side of a node. */
function addPort(ports: Ports, node: number, list: readonly number[], outgoing: boolean): void {
  const { scene, layout, nodes, edges, meaning } = ports;
  const own = scene.nodes[node]!;
  const others = list.map((e) => scene.edges[e]![outgoing ? 'target' : 'source']);
  const name = others.length === 1 ? scene.nodes[others[0]!]!.title : `${others.length} far away`;
  const id = `${outgoing ? 'P' : 'Q'}${own.key}`;
  const side = outgoing ? 1 : -1;
  // Beside the middle, where the ordinary edges are.
  const x = layout.x[node]! + own.width / 2 - 20;
  nodes.set(id, {
    id,
    x: x + PORT.width / 2,
    y: layout.y[node]! + side * (own.height / 2 + PORT.gap),
    w: PORT.width,
    h: PORT.height,
    label: outgoing ? `↓ to ${shorten(name)}` : `↑ from ${shorten(name)}`,
    classes: 'port',
  });
  const stub = `S${id}`;
  edges.set(stub, {
    id: stub,
    source: outgoing ? own.key : id,
    target: outgoing ? id : own.key,
    label: '',
    classes: 'stub',
    tunnel: false,
    weights: [],
    distances: [],
    labelX: 0,
    labelY: 0,
  });
  const port: Meaning = { kind: 'port', edges: list, outgoing };
  meaning.set(id, port);
  meaning.set(stub, port);
}

function shorten(text: string): string {
  return text.length > 18 ? `${text.slice(0, 17)}…` : text;
}

function pushTo(lists: Map<number, number[]>, key: number, value: number): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
