// A feed-forward half of a transformer layer as exporters take it apart: LayerNorm from nine operators, Gelu from five,
// and a square root times itself, which only fast math takes away. Every formula is found by one rule.
import { onnx } from 'onnx-proto';
import { encoded, node, tensor, value } from './tinyModel.ts';

const FLOAT = onnx.TensorProto.DataType.FLOAT;

function scalar(name: string, number: number): onnx.ITensorProto {
  const rawData = new Uint8Array(Float32Array.of(number).buffer);
  return { name, dims: [], dataType: FLOAT, rawData };
}

function mean(input: string, output: string): onnx.INodeProto {
  const { INT, INTS } = onnx.AttributeProto.AttributeType;
  return {
    ...node('ReduceMean', input, output),
    attribute: [
      { name: 'axes', type: INTS, ints: [-1] },
      { name: 'keepdims', type: INT, i: 1 },
    ],
  };
}

/** Ids: `mean1`, `centred1`, … with `ln1` last. */
function layerNorm(input: string, at: number): onnx.INodeProto[] {
  return [
    mean(input, `mean${at}`),
    node('Sub', `${input} mean${at}`, `centred${at}`),
    node('Pow', `centred${at} two`, `square${at}`),
    mean(`square${at}`, `variance${at}`),
    node('Add', `variance${at} epsilon`, `shifted${at}`),
    node('Sqrt', `shifted${at}`, `deviation${at}`),
    node('Div', `centred${at} deviation${at}`, `normal${at}`),
    node('Mul', `normal${at} gain${at}`, `scaled${at}`),
    node('Add', `scaled${at} bias${at}`, `ln${at}`),
  ];
}

export function transformerModel(): Uint8Array {
  return encoded({
    name: 'transformer',
    input: [value('tokens', [4, 16])],
    output: [value('magnitude', [4, 16])],
    initializer: [
      ...['gain1', 'bias1', 'gain2', 'bias2'].map((name) => tensor(name, [16])),
      tensor('up', [16, 64]),
      tensor('down', [64, 16]),
      scalar('two', 2),
      scalar('epsilon', 1e-5),
      scalar('root2', Math.SQRT2),
      scalar('one', 1),
      scalar('half', 0.5),
    ],
    node: [
      ...layerNorm('tokens', 1),
      node('MatMul', 'ln1 up', 'fc1'),
      node('Div', 'fc1 root2', 'gate1'),
      node('Erf', 'gate1', 'erf1'),
      node('Add', 'erf1 one', 'gate2'),
      node('Mul', 'fc1 gate2', 'gated'),
      node('Mul', 'gated half', 'gelu'),
      node('MatMul', 'gelu down', 'fc2'),
      node('Add', 'fc2 tokens', 'residual'),
      ...layerNorm('residual', 2),
      node('Sqrt', 'ln2', 'root'),
      node('Mul', 'root root', 'magnitude'),
    ],
  });
}
