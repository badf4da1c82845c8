/**
 * What one operator of the table states: mapping type per input edge, shape and type inference,
 * FLOPs, algebraic properties and evaluation on small known tensors. One operator = one entry; nothing
 * outside `compiler/ops/` switches on operator names. (Lowering joins the entry with code generation.)
 */
import type { DiagnosticCode } from '../diagnostics.ts';
import type { Dim } from '../graph/dim.ts';
import type { AttributeValue, Graph, KnownTensor } from '../graph/graph.ts';
import type { DataType, Shape, TensorType, ValueType } from '../graph/types.ts';
import type { MappingType } from '../mapping/mappingTypes.ts';

/**
 * One operator with what is known about its inputs (and, after inference, its outputs). All positions are
 * those of the entry's *canonical* form: the newest opset's signature, attribute-to-input moves already done
 * by `onnx/opsets`. Absent optional inputs: `has` is false, types are UNKNOWN_TYPE.
 */
export interface OpView {
  readonly id: string;
  readonly type: string;
  readonly domain: string;
  /** Opset version that the model imports for the domain; semantics that changed look here. */
  readonly opset: number;
  readonly inputCount: number;
  readonly outputCount: number;
  has(input: number): boolean;
  /** Whether output `slot` exists (named) in the model. */
  hasOutput(slot: number): boolean;
  inputType(input: number): ValueType;
  /** Tensor views of an input; 'undefined' / null for non-tensors and absent inputs. */
  dtype(input: number): DataType;
  shape(input: number): Shape;
  /** Inferred output types; while `infer` runs they are what the model declares (often unknown). */
  outputType(slot: number): ValueType;
  outputShape(slot: number): Shape;
  /** True for initialisers and everything computed from them alone. */
  isConstant(input: number): boolean;
  /** Elements of a small input, as far as known (constants, shape arithmetic); else undefined. */
  known(input: number): KnownTensor | undefined;
  /** The known elements when every one is a plain number; else undefined. */
  numbers(input: number): readonly number[] | undefined;

  attribute(name: string): AttributeValue | undefined;
  int(name: string, fallback: number): number;
  float(name: string, fallback: number): number;
  string(name: string, fallback: string): string;
  ints(name: string): readonly number[] | undefined;
  subgraph(name: string): Graph | undefined;
}

/** What `infer` may do beside returning types. */
export interface InferContext extends OpView {
  /**
   * A size that only a run knows (NonZero's count …). Named after the operator and `hint`, so it is the
   * same in every session. `upperBound` where one is known.
   */
  dataDim(hint: string, upperBound?: Dim): Dim;
  /** Inferred types of a subgraph's outputs, given the types of its inputs (control flow). */
  inferSubgraph(name: string, inputs: readonly ValueType[]): readonly ValueType[];
  /** Reports a problem and goes on (the outputs are then as unknown as the returned types say). */
  report(code: DiagnosticCode, message: string): void;
  /** The model contradicts the operator's definition: stops this operator's inference with 'shape/mismatch'. */
  fail(message: string): never;
}

/** Mapping type of the operator and of each of its input edges (same order as the inputs). */
export interface Mapping {
  readonly node: MappingType;
  readonly edges: readonly MappingType[];
  /** Why, when shapes or attributes decided (shown in the panel): 'broadcasts input 1', 'runtime axes'. */
  readonly note?: string;
}

/** Algebraic properties; the rewriting engine cuts the graph at operators that have none of the first three. */
export type Property =
  | 'associative'
  | 'commutative'
  | 'distributive'
  | 'involutive'
  | 'idempotent'
  | 'linear'
  | 'bilinear'
  | 'homogeneous'
  | 'monotone-increasing'
  | 'monotone-decreasing'
  | 'commutes-with-movement'
  | 'zero-preserving'
  | 'exact'
  | 'impure';

export interface OperatorEntry {
  /** '' = ai.onnx. */
  readonly domain: string;
  readonly name: string;
  /** Opset versions at which its definition changed, ascending, as the specification lists them. */
  readonly since: readonly number[];
  /** Fewest and most inputs / outputs of the canonical form. */
  readonly inputs: readonly [number, number];
  readonly outputs: readonly [number, number];
  readonly mapping: (op: OpView) => Mapping;
  /** One type per output, in order. May return fewer: the rest is unknown. */
  readonly infer: (op: InferContext) => readonly ValueType[];
  /**
   * Floating-point (or integer) operations of one execution: one per element per scalar operation, a fused
   * multiply-add counts 2. Data movement counts 0.
   */
  readonly flops: (op: OpView) => Dim;
  readonly properties: readonly Property[];
  /** Value of the outputs from known inputs (called only when every input it needs is small). Undefined: not known. */
  readonly evaluate?: (op: OpView) => readonly (KnownTensor | undefined)[] | undefined;
  /**
   * Set where the operator reads no tensor data (Shape, ConstantOfShape, Range …): table class "Source". It
   * still needs a mapping for the cases that are not folded.
   */
  readonly source?: true;
}

/** Elements up to which constants are folded and shape arithmetic is tracked. */
export const FOLD_CAP = 4096;

export type { TensorType };
