/** Messages between a run and the process in which ONNX Runtime computes what is expected. */
import type { Tensor } from '../../tensor/tensor.ts';

export interface OracleRequest {
  /** Absolute path of the entry of an installed `onnxruntime-node`. */
  readonly runtime: string;
  /** Absolute path; weights beside it are found by ONNX Runtime itself. */
  readonly model: string;
  /** By position among the inputs of the model file. */
  readonly inputs: readonly Tensor[];
}

export type OracleAnswer =
  | { readonly kind: 'outputs'; readonly outputs: readonly Tensor[] }
  | { readonly kind: 'failed'; readonly message: string };
