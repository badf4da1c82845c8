// The layout's time and quality, printed as tables: times against the bars of the design, crossings and
// edge length against dagre on graphs that dagre can do. Not a test: numbers vary with the machine.
// The paper's models are drawn as they are in their files, before any import.
// Run: npx esbuild test/bench/layout.ts --bundle --platform=node --format=cjs --outfile=dist/bench/layout.cjs
//      && node dist/bench/layout.cjs [times|quality]

import { readFileSync } from 'node:fs';

import dagre from '@dagrejs/dagre';
import { onnx } from 'onnx-proto';

import { layout } from '../../webview/layout/layout.ts';
import { relayout } from '../../webview/layout/relayout.ts';
import type { LayoutInput } from '../../webview/layout/types.ts';
import { measureLines, polyline } from '../webview/layout/geometry.ts';
import type { Line } from '../webview/layout/geometry.ts';
import {
  collapse,
  consecutiveBlocks,
  randomDag,
  syntheticNetwork,
  toInput,
  withExtraEdges,
} from '../webview/layout/graphs.ts';
import type { Sketch } from '../webview/layout/graphs.ts';
import { median } from './report/statistics.ts';

type Row = Record<string, string | number>;

function timeOf(work: () => unknown): { first: number; warm: number } {
  const times = Array.from({ length: 11 }, () => {
    const begun = performance.now();
    work();
    return performance.now() - begun;
  });
  return { first: times[0]!, warm: median(times.slice(1)) };
}

function times(): Row[] {
  const clean = syntheticNetwork(4015);
  const dense = withExtraEdges(clean, 5019);
  const tenThousand = withExtraEdges(clean, 10_038);
  const blocks = consecutiveBlocks(clean.count);
  const collapsed = collapse(dense, blocks.group, blocks.groupCount);
  const scenes: [string, LayoutInput, number][] = [
    ['flat', toInput(clean), 100],
    ['flat, dense', toInput(dense), 100],
    ['flat, 10k edges', toInput(tenThousand), 150],
    ['all blocks expanded', toInput(clean, blocks), 100],
    ['all blocks expanded, dense', toInput(dense, blocks), 100],
    ['all blocks expanded, 10k edges', toInput(tenThousand, blocks), 150],
    ['blocks collapsed', toInput(collapsed), 50],
  ];
  return scenes.map(([scene, input, bar]) => {
    const { first, warm } = timeOf(() => layout(input));
    const { crossings, width, height } = layout(input);
    return {
      scene,
      nodes: input.nodeCount,
      edges: input.edges.length / 2,
      'first ms': Math.round(first),
      'warm ms': Math.round(warm),
      'bar ms': bar,
      crossings,
      size: `${Math.round(width)} x ${Math.round(height)}`,
    };
  });
}

function editTime(): Row[] {
  const network = syntheticNetwork(4015);
  const { group, groupCount } = consecutiveBlocks(network.count);
  const before = toInput(collapse(network, group, groupCount));
  const keys = Array.from({ length: groupCount }, (_, g) => `block ${g}`);
  const result = layout(before);
  const anchor = groupCount >> 1;
  const edges = network.edges.map(([u, v]): [string, string] => {
    const name = (w: number): string => (group[w] === anchor ? `op ${w}` : `block ${group[w]}`);
    return [name(u), name(v)];
  });
  const nextKeys = [...new Set([...keys, ...edges.flat()])].filter((k) => k !== `block ${anchor}`);
  const numberOf = new Map(nextKeys.map((k, i) => [k, i]));
  const pairs = edges
    .map(([a, b]): [number, number] => [numberOf.get(a)!, numberOf.get(b)!])
    .filter(([a, b]) => a !== b);
  const next = toInput(
    { count: nextKeys.length, edges: pairs },
    {
      group: Int32Array.from(nextKeys, (k) => (k.startsWith('op') ? 0 : -1)),
      groupCount: 1,
    },
  );
  const { first, warm } = timeOf(() =>
    relayout({ input: before, result, keys }, next, {
      keys: nextKeys,
      groupKeys: [`block ${anchor}`],
      anchorKey: `block ${anchor}`,
    }),
  );
  return [
    {
      scene: 'expand one block',
      nodes: next.nodeCount,
      'first ms': Math.round(first),
      'warm ms': Math.round(warm),
      'bar ms': 30,
    },
  ];
}

/** dagre's polylines; edges that we tunnel are left out, so that both draw the same edges. */
function dagreLines(input: LayoutInput, leftOut: Uint8Array): { lines: Line[]; ms: number } {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ ranker: 'tight-tree', nodesep: 24, ranksep: 36, edgesep: 14 });
  for (let v = 0; v < input.nodeCount; v++) {
    graph.setNode(String(v), { width: input.width[v]!, height: input.height[v]! });
  }
  for (let e = 0; 2 * e < input.edges.length; e++) {
    if (leftOut[e] === 1) continue;
    graph.setEdge(String(input.edges[2 * e]!), String(input.edges[2 * e + 1]!), {}, String(e));
  }
  const begun = performance.now();
  dagre.layout(graph);
  const ms = performance.now() - begun;
  const lines = graph.edges().map((id): Line => {
    const points = (graph.edge(id) as { points: { x: number; y: number }[] }).points;
    return points.map(({ x, y }) => [x, y]);
  });
  return { lines, ms };
}

/** Nodes and edges of a model file: operators without constants, and graph inputs. */
function modelSketch(name: string): Sketch {
  const { graph } = onnx.ModelProto.decode(readFileSync(`test/models/${name}.onnx`));
  const producer = new Map<string, number>();
  const nodes = (graph?.node ?? []).filter((node) => node.opType !== 'Constant');
  let count = nodes.length;
  nodes.forEach((node, v) => node.output?.forEach((tensor) => producer.set(tensor, v)));
  const weights = new Set(graph?.initializer?.map((tensor) => tensor.name));
  for (const { name: tensor } of graph?.input ?? []) {
    if (tensor && !weights.has(tensor)) producer.set(tensor, count++);
  }
  const edges = nodes.flatMap((node, v) =>
    (node.input ?? []).flatMap((tensor): [number, number][] => {
      const u = tensor === '' ? undefined : producer.get(tensor);
      return u === undefined ? [] : [[u, v]];
    }),
  );
  return { count, edges };
}

function quality(): Row[] {
  const network = (n: number, seed: number): Sketch => syntheticNetwork(n, seed);
  const blocks = (n: number, edges: number, seed: number): Sketch => {
    const sketch = withExtraEdges(syntheticNetwork(n, seed), edges, seed);
    const { group, groupCount } = consecutiveBlocks(sketch.count, seed);
    return collapse(sketch, group, groupCount);
  };
  const scenes: [string, Sketch][] = [
    ['network 300', network(300, 1)],
    ['network 600', network(600, 2)],
    ['network 300 + 60 edges', withExtraEdges(network(300, 1), 405, 4)],
    ['network 600 + 60 edges', withExtraEdges(network(600, 2), 780, 5)],
    ['blocks of 2,000 operators', blocks(2000, 2800, 6)],
    ['blocks of 3,500 operators', blocks(3500, 4600, 7)],
    ...['mobilenetv1-ssd', 's3d', 'bert-base', 'albert', 'yolo-v4', 'faster-rcnn'].map(
      (name): [string, Sketch] => [name, modelSketch(name)],
    ),
    ['random 40, reach 12', randomDag(40, 4, 12)],
    ['random 100, reach 12', randomDag(100, 5, 12)],
    ['random 100, reach 40', randomDag(100, 6, 40)],
    ['random 200, reach 20', randomDag(200, 7, 20)],
    ['random 400, reach 20', randomDag(400, 8, 20)],
  ];
  const logs = { crossings: 0, length: 0, n: 0 };
  const rows: Row[] = scenes.map(([scene, sketch]) => {
    const input = toInput(sketch);
    const result = layout(input);
    const ours = measureLines(
      Array.from({ length: sketch.edges.length }, (_, e) =>
        result.edgeTunnel[e] === 1 ? [] : polyline(input, result, e),
      ),
    );
    const theirs = dagreLines(input, result.edgeTunnel);
    const reference = measureLines(theirs.lines);
    const crossingRatio = (ours.crossings + 1) / (reference.crossings + 1);
    logs.crossings += Math.log(crossingRatio);
    logs.length += Math.log(ours.length / reference.length);
    logs.n++;
    return {
      scene,
      nodes: sketch.count,
      edges: sketch.edges.length,
      tunnels: result.edgeTunnel.reduce((sum, t) => sum + t, 0),
      crossings: ours.crossings,
      'dagre crossings': reference.crossings,
      'length ratio': (ours.length / reference.length).toFixed(2),
      ms: Math.round(result.ms),
      'dagre ms': Math.round(theirs.ms),
    };
  });
  rows.push({
    scene: 'geometric mean of ours/dagre',
    crossings: Math.exp(logs.crossings / logs.n).toFixed(2),
    'length ratio': Math.exp(logs.length / logs.n).toFixed(2),
  });
  return rows;
}

const wanted = process.argv[2] ?? 'all';
if (wanted !== 'quality') console.table([...times(), ...editTime()]);
if (wanted !== 'times') console.table(quality());
