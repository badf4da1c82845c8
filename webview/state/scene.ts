/**
 * What stands on the canvas, before it has coordinates: collapsed blocks, the operators of expanded blocks,
 * inputs and outputs, and the edges between these with everything that is needed to draw and click
 * them. A pure function of graph, plan and expansion; the only input of the layout.
 */
import type { GraphSnapshot, PlanSnapshot } from '../../compiler/protocol.ts';
import type { LayoutInput } from '../layout/types.ts';
import { blockLabel, fitText } from './blockLabel.ts';
import type { Measure } from './blockLabel.ts';
import { graphIndex, membersOf, planIndex, tensorTypeText, typeName } from './graphIndex.ts';
import { displayName, endOfPath, shortType } from './names.ts';

export interface SceneNode {
  /** Stable over replans: 'b' + block id, 'o' + operator id, 'i' / 'x' + number of the input / output. */
  readonly key: string;
  readonly kind: 'block' | 'operator' | 'input' | 'output';
  /** Index of the block, operator, input or output. */
  readonly index: number;
  /** -1 for inputs and outputs. */
  readonly block: number;
  /** Index into `groups`, or -1. */
  readonly group: number;
  readonly title: string;
  readonly subtitle: string;
  /** Index into MAPPING_TYPES; -1 for inputs and outputs. */
  readonly mapping: number;
  readonly seed: boolean;
  readonly pinned: boolean;
  readonly changed: boolean;
  readonly width: number;
  readonly height: number;
}

/** An expanded block: a rectangle with a header around its operators. */
export interface SceneGroup {
  readonly key: string;
  /** Key of the node that stands for the block when it is collapsed. */
  readonly nodeKey: string;
  readonly block: number;
  readonly title: string;
  readonly mapping: number;
  readonly pinned: boolean;
  readonly changed: boolean;
  readonly minWidth: number;
}

export interface SceneEdge {
  readonly key: string;
  /** Indices into `nodes`. */
  readonly source: number;
  readonly target: number;
  readonly relation: 'inside' | 'border' | 'io';
  /** ECG edges that this line stands for; empty for inputs and outputs. */
  readonly ecgEdges: readonly number[];
  readonly label: string;
  /** Another line from the same node shows the same tensor: this label is for a closer look only. */
  readonly quiet: boolean;
  /** Index into VERDICT_REASONS of the first ECG edge; -1 for inputs and outputs. */
  readonly reason: number;
}

export interface Scene {
  readonly graph: GraphSnapshot;
  readonly plan: PlanSnapshot;
  readonly nodes: readonly SceneNode[];
  readonly groups: readonly SceneGroup[];
  readonly edges: readonly SceneEdge[];
  /** Index into `nodes` of the node that shows an operator. */
  readonly nodeOfOperator: Int32Array;
}

/** Sizes that layout and drawing agree on, CSS pixels at zoom 1. */
export const METRICS = {
  badge: 34,
  pad: 10,
  minWidth: 96,
  maxText: 232,
  oneLine: 30,
  twoLines: 44,
  groupHeader: 26,
  groupPadding: 14,
} as const;

export function buildScene(
  graph: GraphSnapshot,
  plan: PlanSnapshot,
  expanded: ReadonlySet<string>,
  measure: Measure,
): Scene {
  const builder = new SceneBuilder(graph, plan, expanded, measure);
  builder.addInputs();
  plan.blockIds.forEach((_, block) => builder.addBlock(block));
  builder.addOutputs();
  builder.addEdges();
  return builder.scene();
}

/** The layout's view of a scene. */
export function layoutInput({ nodes, groups, edges }: Scene): LayoutInput {
  return {
    nodeCount: nodes.length,
    width: Float32Array.from(nodes, (node) => node.width),
    height: Float32Array.from(nodes, (node) => node.height),
    edges: Int32Array.from(edges.flatMap((edge) => [edge.source, edge.target])),
    group: Int32Array.from(nodes, (node) => node.group),
    groupCount: groups.length,
    groupHeader: METRICS.groupHeader,
    groupPadding: METRICS.groupPadding,
    groupMinWidth: Float32Array.from(groups, (group) => group.minWidth),
  };
}

class SceneBuilder {
  private readonly nodes: SceneNode[] = [];
  private readonly groups: SceneGroup[] = [];
  private readonly edges: SceneEdge[] = [];
  private readonly nodeOfOperator: Int32Array;
  private readonly inputNode: number[] = [];
  private readonly outputNode: number[] = [];
  private readonly changed: ReadonlySet<number>;

  constructor(
    private readonly graph: GraphSnapshot,
    private readonly plan: PlanSnapshot,
    private readonly expanded: ReadonlySet<string>,
    private readonly measure: Measure,
  ) {
    this.nodeOfOperator = new Int32Array(graph.ids.length).fill(-1);
    // When most blocks changed (another planner), marking them all marks nothing.
    const { changed } = planIndex(plan);
    this.changed = 2 * changed.size > plan.blockIds.length ? new Set() : changed;
  }

  scene(): Scene {
    const { graph, plan, nodes, groups, edges, nodeOfOperator } = this;
    return { graph, plan, nodes, groups, edges, nodeOfOperator };
  }

  addInputs(): void {
    this.graph.inputs.forEach((tensor, index) => {
      this.inputNode[index] = this.addPill('input', index, tensor);
    });
  }

  addOutputs(): void {
    this.graph.outputs.forEach((tensor, index) => {
      this.outputNode[index] = this.addPill('output', index, tensor);
    });
  }

  addBlock(block: number): void {
    const { plan } = this;
    const members = membersOf(plan, block);
    const id = plan.blockIds[block]!;
    if (members.length === 1) this.addOperator(members[0]!, -1);
    else if (this.expanded.has(id)) {
      const group = this.groups.length;
      this.groups.push(this.groupOf(block, members));
      for (const operator of members) this.addOperator(operator, group);
    } else this.addCollapsed(block, members);
  }

  addEdges(): void {
    const { graph, plan, nodeOfOperator } = this;
    const { nodes } = this;
    /** Lines by pair of nodes, so that parallel ECG edges become one line. */
    const lines = new Map<number, number[]>();
    for (let e = 0; 2 * e < graph.edges.length; e++) {
      const source = nodeOfOperator[graph.edges[2 * e]!]!;
      const target = nodeOfOperator[graph.edges[2 * e + 1]!]!;
      if (source === target) continue;
      const pair = source * nodes.length + target;
      const line = lines.get(pair);
      if (line) line.push(e);
      else lines.set(pair, [e]);
    }
    const labelled = new Set<string>();
    for (const [pair, ecgEdges] of lines) {
      const source = Math.floor(pair / nodes.length);
      const target = pair % nodes.length;
      const first = ecgEdges[0]!;
      const tensors = ecgEdges.map((e) => graph.edgeTensor[e]!).join();
      const quiet = labelled.has(tensors);
      labelled.add(tensors);
      this.edges.push({
        key: edgeKey(nodes[source]!, nodes[target]!),
        source,
        target,
        relation: nodes[source]!.block === nodes[target]!.block ? 'inside' : 'border',
        ecgEdges,
        label: this.edgeLabel(ecgEdges),
        quiet,
        reason: plan.edgeReason[first] ?? -1,
      });
    }
    const seen = new Set<string>();
    for (let i = 0; i + 1 < graph.inputEdges.length; i += 2) {
      const source = this.inputNode[graph.inputEdges[i]!];
      const target = nodeOfOperator[graph.inputEdges[i + 1]!];
      this.addIoEdge(source, target, seen);
    }
    for (let i = 0; i + 1 < graph.outputEdges.length; i += 2) {
      const source = nodeOfOperator[graph.outputEdges[i]!];
      const target = this.outputNode[graph.outputEdges[i + 1]!];
      this.addIoEdge(source, target, seen);
    }
  }

  private addIoEdge(
    source: number | undefined,
    target: number | undefined,
    seen: Set<string>,
  ): void {
    if (source === undefined || target === undefined) return;
    const key = edgeKey(this.nodes[source]!, this.nodes[target]!);
    if (seen.has(key)) return;
    seen.add(key);
    this.edges.push({
      key,
      source,
      target,
      relation: 'io',
      ecgEdges: [],
      label: '',
      quiet: true,
      reason: -1,
    });
  }

  private edgeLabel(ecgEdges: readonly number[]): string {
    const { graph } = this;
    const tensors = new Set(ecgEdges.map((e) => graph.edgeTensor[e]!));
    const [first] = tensors;
    if (tensors.size > 1) return `${tensors.size} tensors`;
    return shapeOf(tensorTypeText(graph, first ?? -1));
  }

  private addPill(kind: 'input' | 'output', index: number, tensor: number): number {
    const { graph } = this;
    const title = displayName(graph.tensorNames[tensor] ?? '', 60);
    const subtitle = displayName(tensorTypeText(graph, tensor), 60);
    return this.add({
      key: `${kind === 'input' ? 'i' : 'x'}${index}`,
      kind,
      index,
      block: -1,
      group: -1,
      title,
      subtitle,
      mapping: -1,
      seed: false,
      pinned: false,
      changed: false,
    });
  }

  private addOperator(operator: number, group: number): void {
    const { graph, plan } = this;
    const block = plan.blockOf[operator]!;
    this.nodeOfOperator[operator] = this.add({
      key: `o${graph.ids[operator]}`,
      kind: 'operator',
      index: operator,
      block,
      group,
      title: shortType(typeName(graph, operator)),
      subtitle: displayName(endOfPath(graph.names[operator] || graph.ids[operator]!), 60),
      mapping: graph.mapping[operator]!,
      seed: plan.blockSeed[block] === operator,
      pinned: group === -1 && plan.blockPinned[block] === 1,
      changed: this.changed.has(block),
    });
  }

  private addCollapsed(block: number, members: Int32Array): void {
    const { graph, plan } = this;
    const seed = plan.blockSeed[block]!;
    const output = graphIndex(graph).outputTensor[this.lastOperator(members)]!;
    const shape = shapeOf(tensorTypeText(graph, output));
    const node = this.add({
      key: `b${plan.blockIds[block]}`,
      kind: 'block',
      index: block,
      block,
      group: -1,
      title: this.titleOf(members, seed),
      subtitle: `${members.length} ops${shape ? ` → ${shape}` : ''}`,
      mapping: plan.blockMapping[block]!,
      seed: seed >= 0,
      pinned: plan.blockPinned[block] === 1,
      changed: this.changed.has(block),
    });
    for (const operator of members) this.nodeOfOperator[operator] = node;
  }

  private groupOf(block: number, members: Int32Array): SceneGroup {
    const { plan, measure } = this;
    const pinned = plan.blockPinned[block] === 1;
    const label = this.titleOf(members, plan.blockSeed[block]!);
    const title = `▾ ${label} · ${members.length} operators${pinned ? ' · pinned' : ''}`;
    return {
      key: `g${plan.blockIds[block]}`,
      nodeKey: `b${plan.blockIds[block]}`,
      block,
      title,
      mapping: plan.blockMapping[block]!,
      pinned,
      changed: this.changed.has(block),
      minWidth: Math.ceil(measure(title)) + 4 * METRICS.pad,
    };
  }

  private titleOf(members: Int32Array, seed: number): string {
    const types = Array.from(members, (operator) => typeName(this.graph, operator));
    return blockLabel(types, members.indexOf(seed), this.measure, METRICS.maxText);
  }

  /** The member whose result leaves the block last: what the block computes. */
  private lastOperator(members: Int32Array): number {
    const { graph, plan } = this;
    const { outOffset, outEdges } = graphIndex(graph);
    for (let i = members.length - 1; i >= 0; i--) {
      const operator = members[i]!;
      const edges = outEdges.subarray(outOffset[operator], outOffset[operator + 1]);
      const block = plan.blockOf[operator];
      if (edges.some((e) => plan.blockOf[graph.edges[2 * e + 1]!] !== block)) return operator;
    }
    return members.at(-1)!;
  }

  private add(node: Omit<SceneNode, 'width' | 'height'>): number {
    const { measure } = this;
    const title = fitText(node.title, measure, METRICS.maxText);
    const subtitle = fitText(node.subtitle, measure, METRICS.maxText);
    const text = Math.ceil(Math.max(measure(title), measure(subtitle)));
    const badge = node.mapping >= 0 ? METRICS.badge : METRICS.pad;
    this.nodes.push({
      ...node,
      title,
      subtitle,
      width: Math.max(METRICS.minWidth, badge + text + 2 * METRICS.pad),
      height: subtitle === '' ? METRICS.oneLine : METRICS.twoLines,
    });
    return this.nodes.length - 1;
  }
}

function edgeKey(source: SceneNode, target: SceneNode): string {
  return `${source.key}\n${target.key}`;
}

/** '1×64×56×56' of '1×64×56×56 float32'. */
function shapeOf(type: string): string {
  const space = type.lastIndexOf(' ');
  return displayName(space > 0 ? type.slice(0, space) : type, 40);
}
