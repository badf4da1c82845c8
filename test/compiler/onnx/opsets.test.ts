import { describe, expect, it } from 'vitest';
import type { Graph } from '../../../compiler/graph/graph.ts';
import { printAttribute, printKnown } from '../../../compiler/graph/print.ts';
import { importSpec } from './importing.ts';
import { input, node, tensor } from './protoWriter.ts';
import type { AttributeSpec } from './protoWriter.ts';

interface Case {
  readonly opset: number;
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
}

/** `Type(x, [1, 2], -) {attribute=value}` of the one operator that a node becomes; x is float16. */
function canonical(
  type: string,
  { opset, inputs = ['x'], outputs = ['y'], attributes = {} }: Case,
) {
  const { graph } = importSpec({
    opset,
    inputs: [input('x', 'float16', [2, 3, 4])],
    initializers: [
      tensor('scales', 'float32', [3], [1, 1, 2]),
      tensor('none', 'float32', [0], []),
      tensor('sizes', 'int64', [3], [2, 3, 8]),
      tensor('axes', 'int64', [1], [0]),
    ],
    nodes: [node(type, inputs, outputs, attributes)],
    outputs,
  });
  return operatorText(graph);
}

function operatorText(graph: Graph): string {
  const [operator] = graph.operators;
  if (!operator) return 'nothing';
  const inputs = operator.inputs.map((index) => {
    const value = graph.values[index];
    if (value === undefined) return '-';
    return value.known ? `${value.constant?.dtype} ${printKnown(value.known)}` : value.name;
  });
  const attributes = [...operator.attributes].map(
    ([key, value]) => `${key}=${printAttribute(value)}`,
  );
  return [`${operator.type}@${operator.opset}(${inputs.join(', ')})`, ...attributes].join(' ');
}

describe('canonical operators', () => {
  it.each<[string, Case, string]>([
    [
      'Clip',
      { opset: 7, attributes: { min: { float: 0 }, max: { float: 6 } } },
      'Clip@7(x, float16 0, float16 6)',
    ],
    ['Clip', { opset: 10, attributes: { max: { float: 6 } } }, 'Clip@10(x, -, float16 6)'],
    ['Clip', { opset: 7 }, 'Clip@7(x)'],
    [
      'Pad',
      { opset: 10, attributes: { pads: [0, 1], value: { float: 0.5 }, mode: 'constant' } },
      'Pad@10(x, int64 [0, 1], float16 0.5) mode="constant"',
    ],
    [
      'Slice',
      { opset: 9, attributes: { starts: [1], ends: [-1], axes: [2] } },
      'Slice@9(x, int64 [1], int64 [-1], int64 [2])',
    ],
    [
      'Slice',
      { opset: 9, attributes: { starts: [1], ends: [5] } },
      'Slice@9(x, int64 [1], int64 [5])',
    ],
    ['Squeeze', { opset: 11, attributes: { axes: [0] } }, 'Squeeze@11(x, int64 [0])'],
    ['Squeeze', { opset: 11 }, 'Squeeze@11(x)'],
    ['Unsqueeze', { opset: 12, attributes: { axes: [0, 2] } }, 'Unsqueeze@12(x, int64 [0, 2])'],
    ['Unsqueeze', { opset: 13, inputs: ['x', 'axes'] }, 'Unsqueeze@13(x, int64 [0])'],
    [
      'ReduceSum',
      { opset: 11, attributes: { axes: [1], keepdims: 0 } },
      'ReduceSum@11(x, int64 [1]) keepdims=0',
    ],
    ['ReduceMean', { opset: 17, attributes: { axes: [-1] } }, 'ReduceMean@17(x, int64 [-1])'],
    ['ReduceMax', { opset: 13 }, 'ReduceMax@13(x)'],
    ['ReduceL2', { opset: 18, inputs: ['x', 'axes'] }, 'ReduceL2@18(x, int64 [0])'],
    [
      'Split',
      { opset: 11, outputs: ['a', 'b'], attributes: { split: [1, 2], axis: 1 } },
      'Split@11(x, int64 [1, 2]) axis=1',
    ],
    [
      'Split',
      { opset: 13, outputs: ['a', 'b', 'c'], attributes: { axis: 1 } },
      'Split@13(x) axis=1 num_outputs=3',
    ],
    ['TopK', { opset: 9, outputs: ['v', 'i'], attributes: { k: 5 } }, 'TopK@9(x, int64 [5])'],
    [
      'Upsample',
      { opset: 7, attributes: { scales: { floats: [1, 1, 2] }, mode: 'nearest' } },
      'Resize@13(x, -, float32 [1, 1, 2]) mode="nearest" coordinate_transformation_mode="asymmetric" nearest_mode="floor"',
    ],
    [
      'Upsample',
      { opset: 9, inputs: ['x', 'scales'], attributes: { mode: 'linear' } },
      'Resize@13(x, -, float32 [1, 1, 2]) mode="linear" coordinate_transformation_mode="asymmetric" nearest_mode="floor"',
    ],
    [
      'Resize',
      { opset: 10, inputs: ['x', 'scales'] },
      'Resize@13(x, -, float32 [1, 1, 2]) coordinate_transformation_mode="asymmetric" nearest_mode="floor"',
    ],
    [
      'Resize',
      { opset: 11, inputs: ['x', 'none', 'none', 'sizes'] },
      'Resize@11(x, -, -, int64 [2, 3, 8])',
    ],
    ['Resize', { opset: 13, inputs: ['x', '', 'scales'] }, 'Resize@13(x, -, float32 [1, 1, 2])'],
    ['Scatter', { opset: 9, inputs: ['x', 'axes', 'x'] }, 'ScatterElements@11(x, int64 [0], x)'],
    [
      'Dropout',
      { opset: 7, outputs: ['y', 'mask'], attributes: { ratio: { float: 0.5 } } },
      'Dropout@7(x, float32 0.5)',
    ],
    [
      'BatchNormalization',
      { opset: 9, outputs: ['y', 'm', 'v'] },
      'BatchNormalization@9(x) training_mode=1',
    ],
    ['BatchNormalization', { opset: 9 }, 'BatchNormalization@9(x)'],
    ['DFT', { opset: 17, attributes: { axis: 2, inverse: 1 } }, 'DFT@17(x, -, int64 2) inverse=1'],
    ['DFT', { opset: 17 }, 'DFT@17(x, -, int64 1)'],
    ['Softmax', { opset: 11, attributes: { axis: 1 } }, 'Softmax@11(x) axis=1'],
    ['Relu', { opset: 22 }, 'Relu@22(x)'],
  ])('%s %j', (type, spec, expected) => {
    expect(canonical(type, spec)).toBe(expected);
  });

  it('leaves operators of other domains alone', () => {
    const { graph } = importSpec({
      opset: { '': 9, custom: 1 },
      inputs: [input('x', 'float32', [2])],
      nodes: [node('Clip', ['x'], ['y'], { min: { float: 0 } }, { domain: 'custom' })],
      outputs: ['y'],
    });
    expect(operatorText(graph)).toBe('Clip@1(x) min=0');
  });

  it('takes ai.onnx for the default domain', () => {
    const { graph } = importSpec({
      opset: { 'ai.onnx': 9 },
      inputs: [input('x', 'float32', [2])],
      nodes: [node('Clip', ['x'], ['y'], { min: { float: 0 } }, { domain: 'ai.onnx' })],
      outputs: ['y'],
    });
    expect(operatorText(graph)).toBe('Clip@9(x, float32 0)');
    expect(graph.operators[0]?.domain).toBe('');
  });
});
