// Some inputs of ONNX's operator cases are parameters in every real model (axes, shapes, pads, scales): they
// become constants as when a model is packaged, while data stays data.
import { readFileSync } from 'node:fs';
import { bindModel } from '../../../compiler/bundle/bindModel.ts';
import { BundleError } from '../../../compiler/bundle/bundleError.ts';
import type { Model } from '../../../compiler/graph/graph.ts';
import { Unsupported } from '../../../compiler/lower/unsupported.ts';
import { readTensorProto, TensorFileError } from '../../../compiler/tensor/protoFile.ts';
import type { Tensor } from '../../../compiler/tensor/tensor.ts';
import { withoutDeclaredResults } from '../infer/nodeCases.ts';

export interface Bound {
  /** Inferred. */
  readonly model: Model;
  /** Files of the inputs that are left. */
  readonly files: readonly (string | undefined)[];
}

/** Throws Unsupported where a model is not packaged. */
export function withKnownParameters(model: Model, files: readonly string[]): Bound {
  try {
    const inputs = files.map(readTensor);
    const bound = bindModel(withoutDeclaredResults(model), { inputs });
    return { model: bound.model, files: bound.positions.map((at) => files[at]) };
  } catch (error) {
    if (error instanceof BundleError) throw new Unsupported('model', error.message);
    throw error;
  }
}

function readTensor(file: string): Tensor | undefined {
  try {
    return readTensorProto(readFileSync(file));
  } catch (error) {
    if (error instanceof TensorFileError) return undefined;
    throw error;
  }
}
