// What the layout takes and gives. Plain typed arrays only, so that both travel to and from the layout
// worker without copying. All lengths are CSS pixels at zoom 1; y grows downwards.

/** Boxes to place. Nodes are numbered 0..n-1; edges are (source, target) pairs of node numbers. */
export interface LayoutInput {
  nodeCount: number;
  /** Box sizes, one per node. Anything that is not a positive finite number counts as 0. */
  width: Float32Array;
  height: Float32Array;
  /** 2*m node numbers. Pairs that name a node outside 0..n-1 are drawn as tunnels and otherwise ignored. */
  edges: Int32Array;
  /**
   * Per node -1, or the index of its group (an expanded fusion block). A group is a rectangle around
   * its nodes with a header strip on top; groups overlap nothing else.
   */
  group: Int32Array;
  groupCount: number;
  groupHeader: number;
  groupPadding: number;
  /** Least width of each group, for its header text. */
  groupMinWidth?: Float32Array;
  /** Preferred left-to-right order of nodes that share a row (smaller is further left, NaN: none). */
  orderHint?: Float32Array;
  /** The same for groups. */
  groupHint?: Float32Array;
  /** Hints are x coordinates of an earlier layout: keep their order and start from them. */
  keepOrder?: boolean;
  /** Earlier polylines per edge (ends included), so that long edges keep their side. */
  trails?: { offset: Int32Array; points: Float32Array };
  spacing?: Partial<Spacing>;
}

/** Least distances. */
export interface Spacing {
  /** Between neighbouring boxes of a row. */
  node: number;
  /** Between rows; grows where edges run far sideways. */
  rank: number;
  /** Between two edges that pass through a row, and between such an edge and a box. */
  edge: number;
}

export const defaultSpacing: Spacing = { node: 24, rank: 36, edge: 14 };

/** Edges that span more rows than this are tunnelled: drawn as two stubs, without bend points. */
export const tunnelSpan = 64;

export interface LayoutResult {
  /** Box centres, one per node. */
  x: Float32Array;
  y: Float32Array;
  /** Per group x1, y1, x2, y2; all zero for a group without nodes. */
  groupBox: Float32Array;
  /**
   * Bend points of edge e are the pairs edgePoints[edgeOffset[e] .. edgeOffset[e+1]), ends excluded:
   * an edge starts at the middle of its source's bottom side and ends at the middle of its target's
   * top side. With these ends no edge touches any other node's box. m+1 offsets.
   */
  edgeOffset: Int32Array;
  edgePoints: Float32Array;
  /** 1: too long, part of a cycle, or a self loop; draw stubs with ports at both ends. */
  edgeTunnel: Uint8Array;
  /** Size of the picture; after `layout` its top left corner is (0, 0). */
  width: number;
  height: number;
  /** Edge crossings between neighbouring rows, edges of one tensor that run together counted once. */
  crossings: number;
  ms: number;
}
