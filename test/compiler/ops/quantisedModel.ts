/**
 * A small network in QDQ form, as ONNX Runtime's static quantiser writes it: every activation passes through
 * QuantizeLinear and DequantizeLinear, weights are int8 constants behind a DequantizeLinear.
 */
import type { Bytes } from '../onnx/protoWriter.ts';
import { input, model, node, tensor } from '../onnx/protoWriter.ts';

/** x 1×8×16×16 to y 1×10: convolutions, residual, pools, concatenation, activations, matrix product. */
export function qdqModel(): Bytes {
  const network = new QdqNetwork();
  const x = network.quantise('x');
  const first = network.convolution(x, 8, 16, { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
  const second = network.convolution(first, 16, 16, { kernel_shape: [1, 1] });
  const sum = network.apply('Add', [first, second]);
  const leaky = network.apply('LeakyRelu', [sum], { alpha: 0.1 });
  const gate = network.apply('Sigmoid', [leaky]);
  const gated = network.apply('Mul', [leaky, gate]);
  const both = network.apply('Concat', [gated, first], { axis: 1 });
  const pooled = network.apply('AveragePool', [both], { kernel_shape: [2, 2], strides: [2, 2] });
  const highest = network.apply('MaxPool', [pooled], { kernel_shape: [2, 2], strides: [2, 2] });
  const global = network.apply('GlobalAveragePool', [highest]);
  const flat = network.apply('Flatten', [global]);
  const scores = network.product(flat, 32, 10);
  const chances = network.apply('Softmax', [scores], { axis: 1 });
  return network.finish(chances, [1, 10]);
}

class QdqNetwork {
  private readonly nodes: Bytes[] = [];
  private readonly initializers: Bytes[] = [
    tensor('scale', 'float32', [], [0.05]),
    tensor('zero', 'uint8', [], [128]),
    tensor('weightScale', 'float32', [], [0.01]),
    tensor('weightZero', 'int8', [], [0]),
  ];
  private count = 0;

  /** Name of the dequantised copy of `value`. */
  quantise(value: string): string {
    this.nodes.push(
      node('QuantizeLinear', [value, 'scale', 'zero'], [`${value}_q`]),
      node('DequantizeLinear', [`${value}_q`, 'scale', 'zero'], [`${value}_dq`]),
    );
    return `${value}_dq`;
  }

  apply(type: string, inputs: string[], attributes: Parameters<typeof node>[3] = {}): string {
    const result = `v${this.count++}_${type}`;
    this.nodes.push(node(type, inputs, [result], attributes));
    return this.quantise(result);
  }

  convolution(
    data: string,
    from: number,
    to: number,
    attributes: { kernel_shape: [number, number]; pads?: number[] },
  ): string {
    const [height, width] = attributes.kernel_shape;
    return this.apply('Conv', [data, this.weights([to, from, height, width])], attributes);
  }

  product(data: string, rows: number, columns: number): string {
    return this.apply('MatMul', [data, this.weights([rows, columns])]);
  }

  finish(output: string, dims: readonly number[]): Bytes {
    return model({
      opset: 13,
      irVersion: 8,
      inputs: [input('x', 'float32', [1, 8, 16, 16])],
      outputs: [input(output, 'float32', dims)],
      nodes: this.nodes,
      initializers: this.initializers,
    });
  }

  private weights(dims: readonly number[]): string {
    const name = `w${this.count++}`;
    const size = dims.reduce((product, dim) => product * dim, 1);
    const data = Array.from({ length: size }, (_, i) => ((i * 37) % 101) - 50);
    this.initializers.push(tensor(name, 'int8', dims, data));
    this.nodes.push(node('DequantizeLinear', [name, 'weightScale', 'weightZero'], [`${name}_dq`]));
    return `${name}_dq`;
  }
}
