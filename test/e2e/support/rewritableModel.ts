// A small model whose operators have names and on which rewriting rules of several classes apply.
import { input, model, node, tensor } from '../../compiler/onnx/protoWriter.ts';

function filled(name: string, dims: readonly number[]): Uint8Array {
  const count = dims.reduce((product, size) => product * size, 1);
  return tensor(
    name,
    'float32',
    dims,
    Array.from({ length: count }, (_, at) => 0.6 + 0.4 * Math.sin(at)),
  );
}

/** A convolution with its normalisation, a sum of products with one factor, moves that undo each other. */
export function rewritableModel(): Uint8Array {
  const named = (type: string, from: string, to: string, attributes = {}): Uint8Array =>
    node(type, from.split(' '), [to], attributes, { name: `net/${to}` });
  return model({
    opset: 13,
    inputs: [input('image', 'float32', [1, 4, 16, 16])],
    outputs: [input('out', 'float32', [1, 8, 16, 16])],
    initializers: [
      filled('w', [8, 4, 3, 3]),
      ...['scale', 'shift', 'mean', 'variance'].map((name) => filled(name, [8])),
      filled('gain', [8, 1, 1]),
    ],
    nodes: [
      named('Conv', 'image w', 'conv', { pads: [1, 1, 1, 1] }),
      named('BatchNormalization', 'conv scale shift mean variance', 'norm'),
      named('Sigmoid', 'norm', 'left'),
      named('Tanh', 'norm', 'right'),
      named('Mul', 'left gain', 'left_gain'),
      named('Mul', 'right gain', 'right_gain'),
      named('Add', 'left_gain right_gain', 'sum'),
      named('Transpose', 'sum', 'there', { perm: [0, 2, 3, 1] }),
      named('Transpose', 'there', 'back', { perm: [0, 3, 1, 2] }),
      named('Relu', 'back', 'out'),
    ],
  });
}
