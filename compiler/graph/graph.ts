/**
 * The compiler's graph: a canonical, immutable form of one ONNX graph. Values are SSA: each is produced
 * once, by an operator, a graph input or a constant. Operators stand in topological order and refer to
 * values by index. Subgraphs of If, Loop and Scan are graphs of their own.
 */
import type { Diagnostic } from '../diagnostics.ts';
import type { Dim } from './dim.ts';
import type { DataType, ValueType } from './types.ts';

/**
 * The value of a small tensor as far as it is known while importing: shape arithmetic may put
 * symbolic dims where a number is not known yet. Row-major; booleans are 0/1; 64-bit integers beyond
 * 2^53 are rounded to the nearest number (only end markers of Slice are that large).
 */
export interface KnownTensor {
  readonly dtype: DataType;
  readonly dims: readonly number[];
  /** `undefined` marks an element that is not known. Strings are not held here. */
  readonly data: readonly (Dim | undefined)[];
}

/** Where the bytes of a constant are. They are read only when a kernel is packaged. */
export type ConstantSource =
  /** Small tensors, decoded with the model. Little-endian, packed as ONNX `raw_data`. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** In the model file itself: byte range of `raw_data` or of a packed `*_data` field (`field`). */
  | {
      readonly kind: 'model';
      readonly offset: number;
      readonly length: number;
      readonly field: 'raw' | 'float' | 'int32' | 'int64' | 'double' | 'uint64';
      /** The range holds whole fields with their tags (unpacked elements), not one packed payload. */
      readonly tagged?: true;
    }
  /** In a file beside the model; the location was checked to stay inside the model's folder. */
  | {
      readonly kind: 'external';
      readonly location: string;
      readonly offset: number;
      readonly length: number;
    }
  /** Computed while importing; the value is in `known`. */
  | { readonly kind: 'computed' }
  /** What an operator makes of other constants, never of inputs: evaluated once, when the weights are packaged. */
  | { readonly kind: 'operators'; readonly computation: Computation; readonly slot: number }
  /** Not to be read: strings, or a location that was refused (the diagnostic says why). */
  | { readonly kind: 'unavailable' };

/** One operator over constants, which may be computed themselves. Equal ones of a model are one object. */
export interface Computation {
  readonly operator: Pick<
    Operator,
    'id' | 'name' | 'domain' | 'type' | 'opset' | 'attributes' | 'originalIds'
  >;
  /** By position; `undefined`: an optional input that is absent. */
  readonly inputs: readonly (ComputationInput | undefined)[];
  /** By slot; `undefined`: an output that is absent. */
  readonly outputs: readonly (Pick<Constant, 'dtype' | 'dims'> | undefined)[];
}

export interface ComputationInput {
  /** Of the value, for messages and for writing models. Untrusted text. */
  readonly name: string;
  readonly constant: Constant;
  readonly known?: KnownTensor;
}

export interface Constant {
  readonly dtype: DataType;
  readonly dims: readonly number[];
  readonly source: ConstantSource;
  /** Sparse initialisers keep their indices here; `source` then holds the values. */
  readonly sparse?: { readonly indices: Constant };
  /** `doc_string` of the tensor, kept for the panel. */
  readonly doc?: string;
}

export interface Value {
  readonly index: number;
  /** Name in the ONNX file, or a made-up unique one after canonicalisation. Untrusted text. */
  readonly name: string;
  readonly type: ValueType;
  /**
   * Operator that produces it; -1 for graph inputs, constants, values of an outer graph and, after inference,
   * size expressions: whole numbers that `known` gives in terms of sizes (their operators are gone).
   */
  readonly producer: number;
  /** Which output of the producer. */
  readonly slot: number;
  /** Operators that read it, ascending, each once (captures by subgraphs included). */
  readonly consumers: readonly number[];
  readonly constant?: Constant;
  /** What is known of its elements (constants and evaluated shape arithmetic, at most 4096 elements). */
  readonly known?: KnownTensor;
  readonly isInput: boolean;
  readonly isOutput: boolean;
  /** Set in subgraphs: the name of the value of an enclosing graph that this one stands for. */
  readonly outer?: string;
}

export type AttributeValue =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensor'; readonly value: Constant; readonly known?: KnownTensor }
  | { readonly kind: 'tensors'; readonly value: readonly Constant[] }
  | { readonly kind: 'type'; readonly value: ValueType }
  /** Graph attributes are kept in `Operator.subgraphs`; this only marks their place. */
  | { readonly kind: 'graph' };

export interface Operator {
  readonly index: number;
  /** Subgraph path + name of the first output in the file: unique by SSA, stable across sessions. */
  readonly id: string;
  /** NodeProto name; may be empty. Untrusted text. */
  readonly name: string;
  /** '' for ai.onnx. */
  readonly domain: string;
  readonly type: string;
  /** Opset version of its domain that the model imports. */
  readonly opset: number;
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  /** Value indices; -1 for an optional input that is absent. */
  readonly inputs: readonly number[];
  /** Value indices; -1 for an optional output that is absent. */
  readonly outputs: readonly number[];
  /** Values of this graph that its subgraphs read. */
  readonly captures: readonly number[];
  readonly subgraphs: ReadonlyMap<string, Graph>;
  /** Ids of the ONNX nodes it came from (more than one after rewriting or inlining). */
  readonly originalIds: readonly string[];
  /** `metadata_props` of the node (IR 10). Untrusted text. */
  readonly metadata?: ReadonlyMap<string, string>;
}

export interface Graph {
  /** '' for the main graph, else `<operator id>/<attribute>` chained with '/'. */
  readonly path: string;
  readonly name: string;
  readonly values: readonly Value[];
  readonly operators: readonly Operator[];
  /** Value indices. Inputs that are also initialisers are constants, not inputs (IR >= 4 default). */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** One size that the model leaves open. */
export interface SymbolInfo {
  readonly name: string;
  /** 'input': a dim_param or unnamed dim of a graph input; 'data': computed by a data-dependent operator. */
  readonly origin: 'input' | 'data';
  /** Value used for ranking when unbound: 1 for a batch dim (axis 0 of an input), else 64. */
  readonly fallback: number;
  /** Largest possible value where one is known. */
  readonly upperBound?: Dim;
}

/** An imported model: canonical graph, not yet or already inferred. */
export interface Model {
  readonly irVersion: number;
  readonly producer: string;
  /** Domain -> opset version. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly graph: Graph;
  readonly symbols: ReadonlyMap<string, SymbolInfo>;
  readonly diagnostics: readonly Diagnostic[];
}
