/**
 * The graph as the page gets it: one column per attribute, one place per operator, edge or tensor. Never weights. All
 * names and texts come from untrusted models: never markup.
 */
import type {
  GraphCost,
  RewriteClass,
  RewriteSettings,
  RewriteSketch,
  Savings,
} from '../rewrite/rewrite.ts';

/** One column per attribute; index = operator, edge, tensor … Never weights. */
export interface GraphSnapshot {
  /** Changes when ids or structure may have changed (another file content or other dim bindings). */
  readonly revision: number;
  readonly modelName: string;
  /** 'ai.onnx 13, com.microsoft 1'. */
  readonly opsets: string;
  readonly producer: string;

  /** Dictionary of operator types ('Conv', 'com.microsoft.FusedConv'). */
  readonly operatorTypes: readonly string[];
  readonly typeOf: Uint16Array;
  readonly ids: readonly string[];
  /** NodeProto names; may be empty. */
  readonly names: readonly string[];
  /** Index into MAPPING_TYPES. */
  readonly mapping: Uint8Array;
  /** Estimates under the current bindings. */
  readonly flops: Float64Array;
  readonly irs: Float64Array;

  /** Pairs (from, to) of operator indices. */
  readonly edges: Int32Array;
  readonly edgeTensor: Int32Array;
  /** Mapping type of the consumer on this edge. */
  readonly edgeMapping: Uint8Array;
  readonly edgeBytes: Float64Array;

  /** Tensors that flow on edges, graph inputs and outputs. */
  readonly tensorNames: readonly string[];
  /** '1×3×224×224 float32' dictionary and index per tensor. */
  readonly tensorTypes: readonly string[];
  readonly tensorType: Uint16Array;

  /** Tensor index of each graph input / output, and pairs (input, operator) / (operator, output). */
  readonly inputs: Int32Array;
  readonly outputs: Int32Array;
  readonly inputEdges: Int32Array;
  readonly outputEdges: Int32Array;

  /** Names in the model file by which a rewritten operator is known too: operator index and name, in step. */
  readonly aliasOf: Int32Array;
  readonly aliases: readonly string[];
  readonly rewrites: RewriteSnapshot;

  readonly symbols: readonly SymbolSnapshot[];
  readonly weightCount: number;
  readonly weightBytes: number;
}

/** What rewriting did to the graph shown. */
export interface RewriteSnapshot {
  readonly settings: RewriteSettings;
  readonly applications: readonly RewriteRow[];
  /** Kept off by the settings. */
  readonly declined: readonly RewriteRow[];
  readonly before: GraphCost;
  readonly after: GraphCost;
}

export interface RewriteRow {
  readonly id: string;
  readonly rule: string;
  readonly ruleClass: RewriteClass;
  /** Operators of the graph shown that it made, or that it would take. */
  readonly operators: readonly number[];
  readonly originalIds: readonly string[];
  readonly saves: Savings;
}

export interface RewriteSketches {
  readonly before: RewriteSketch;
  readonly after: RewriteSketch;
}

export interface SymbolSnapshot {
  readonly name: string;
  readonly origin: 'input' | 'data';
  /** Size used for ranking while unbound. */
  readonly fallback: number;
  /** null: unbound. */
  readonly bound: number | null;
}
