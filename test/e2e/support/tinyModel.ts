// A small convolutional network as ONNX bytes, weights included: two convolutions, each with an activation, a
// pooled head. Small enough that a spec can name every operator.
import { onnx } from 'onnx-proto';

const FLOAT = onnx.TensorProto.DataType.FLOAT;

function weights(dims: readonly number[]): Uint8Array {
  const count = dims.reduce((product, size) => product * size, 1);
  return new Uint8Array(Float32Array.from({ length: count }, (_, at) => Math.sin(at)).buffer);
}

export function tensor(name: string, dims: readonly number[]): onnx.ITensorProto {
  return { name, dims: [...dims], dataType: FLOAT, rawData: weights(dims) };
}

function externalTensor(name: string, dims: readonly number[]): onnx.ITensorProto {
  const externalData = [{ key: 'location', value: externalFile }];
  return { name, dims: [...dims], dataType: FLOAT, dataLocation: 1, externalData };
}

export function value(name: string, dims: readonly (number | string)[]): onnx.IValueInfoProto {
  const dim = dims.map((size) =>
    typeof size === 'number' ? { dimValue: size } : { dimParam: size },
  );
  return { name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } };
}

export function node(opType: string, inputs: string, output: string): onnx.INodeProto {
  return { opType, name: `${output}_node`, input: inputs.split(' '), output: [output] };
}

/** Where the first weights of `tinyModel({ external: true })` are, and what is in there. */
export const externalFile = 'weights/w1.bin';
export const externalWeights = weights([8, 3, 3, 3]);

/** Ids (names of outputs): conv1, relu1, conv2, sigmoid, pool, flat, gemm, prob. */
export function tinyModel(options: { readonly external?: boolean } = {}): Uint8Array {
  const ints = (name: string, values: number[]): onnx.IAttributeProto => ({
    name,
    ints: values,
    type: onnx.AttributeProto.AttributeType.INTS,
  });
  const pads = ints('pads', [1, 1, 1, 1]);
  return encoded({
    name: 'tiny',
    input: [value('image', ['batch', 3, 32, 32])],
    output: [value('prob', ['batch', 10])],
    initializer: [
      (options.external ? externalTensor : tensor)('w1', [8, 3, 3, 3]),
      tensor('w2', [8, 8, 3, 3]),
      tensor('w3', [8, 10]),
      tensor('b3', [10]),
    ],
    node: [
      { ...node('Conv', 'image w1', 'conv1'), attribute: [pads] },
      node('Relu', 'conv1', 'relu1'),
      { ...node('Conv', 'relu1 w2', 'conv2'), attribute: [pads] },
      node('Sigmoid', 'conv2', 'sigmoid'),
      node('GlobalAveragePool', 'sigmoid', 'pool'),
      node('Flatten', 'pool', 'flat'),
      node('Gemm', 'flat w3 b3', 'gemm'),
      node('Softmax', 'gemm', 'prob'),
    ],
  });
}

/** A graph as the bytes of a file of opset 17. */
export function encoded(graph: onnx.IGraphProto): Uint8Array {
  const model = {
    irVersion: 8,
    producerName: 'fusion-studio tests',
    opsetImport: [{ domain: '', version: 17 }],
    graph,
  };
  return onnx.ModelProto.encode(onnx.ModelProto.create(model)).finish();
}
