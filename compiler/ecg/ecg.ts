/**
 * Extended Computational Graph (DNNFusion section 4.1): the canonical, inferred graph with the paper's
 * attributes on operators and edges. Immutable; planning never changes it (IR_removable is a result of
 * planning and lives in the plan). Sizes are estimates under the current dim bindings and the default sizes of
 * unbound symbols; exact symbolic forms stand beside them.
 */
import type { Dim } from '../graph/dim.ts';
import type { Graph, Operator } from '../graph/graph.ts';
import type { MappingType } from '../mapping/mappingTypes.ts';
import type { Property } from '../ops/define.ts';

export interface EcgNode {
  /** Same number as the operator's index in `graph.operators`. */
  readonly index: number;
  readonly operator: Operator;
  readonly mapping: MappingType;
  /** Mapping type per input (same order as `operator.inputs`). */
  readonly edgeMappings: readonly MappingType[];
  /** Why the mapping type is what it is, where shapes or attributes decided. */
  readonly mappingNote?: string;
  readonly properties: readonly Property[];
  readonly flops: Dim;
  readonly flopsEstimate: number;
  /** Intermediate result size: bytes of all its outputs (seed key). */
  readonly irs: Dim;
  readonly irsEstimate: number;
  /** Ascending, distinct operator indices. */
  readonly producers: readonly number[];
  readonly consumers: readonly number[];
  /** One of its outputs is an output of the graph: always stored. */
  readonly isGraphOutput: boolean;
  /** Every input is constant: computed once when the model is packaged. */
  readonly isConstant: boolean;
}

/** A tensor flowing between two operators: one edge per (producer, value, consumer). */
export interface EcgEdge {
  readonly index: number;
  readonly from: number;
  readonly to: number;
  /** Value index in the graph. */
  readonly value: number;
  /**
   * Input slots of the consumer that read it; empty when only a subgraph of the consumer does, or when the
   * consumer needs nothing but a size that the producer decides (then `bytes` is 0).
   */
  readonly slots: readonly number[];
  /** Mapping type of the consumer on this edge (the most complex of its slots). */
  readonly mapping: MappingType;
  readonly bytes: Dim;
  readonly bytesEstimate: number;
}

export interface Ecg {
  readonly graph: Graph;
  readonly nodes: readonly EcgNode[];
  readonly edges: readonly EcgEdge[];
  /** Edge indices by consumer and by producer. */
  readonly edgesIn: readonly (readonly number[])[];
  readonly edgesOut: readonly (readonly number[])[];
}
