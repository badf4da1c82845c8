// A Swin-like vision transformer as exporters write it: window attention with cyclic shift by Slice and Concat,
// decomposed LayerNormalization and Gelu. About 6,300 operators after import: the "huge graph" of the benchmarks.
import { externalTensor, input, model, node, tensor } from '../compiler/onnx/protoWriter.ts';

const WINDOW = 7;
const HEADS = 4;

/** Depth that gives a little over 6,261 operators. */
export const HUGE_BLOCKS = 92;

class Writer {
  readonly nodes: Uint8Array[] = [];
  readonly weights: Uint8Array[] = [];
  private count = 0;

  op(
    type: string,
    inputs: readonly string[],
    attributes: Parameters<typeof node>[3] = {},
    outputs = 1,
  ): string {
    const name = `${type.toLowerCase()}_${this.count++}`;
    const names = Array.from({ length: outputs }, (_, i) => (i === 0 ? name : `${name}_${i}`));
    this.nodes.push(node(type, inputs, names, attributes, { name: `/${name}` }));
    return name;
  }

  /** Absent weights, as in the models of the paper here. */
  weight(...dims: number[]): string {
    const name = `w${this.weights.length}`;
    const bytes = dims.reduce((a, b) => a * b, 4);
    const range = { offset: 0, length: bytes };
    this.weights.push(externalTensor(name, 'float32', dims, 'swin.weights', range));
    return name;
  }

  ints(...values: number[]): string {
    const name = `i${this.weights.length}`;
    this.weights.push(tensor(name, 'int64', [values.length], values));
    return name;
  }

  scalar(value: number): string {
    const name = `s${this.weights.length}`;
    this.weights.push(tensor(name, 'float32', [], [value]));
    return name;
  }
}

/** Model bytes; `blocks` transformer blocks of 67 to 73 operators on a 28 x 28 map of 128 channels. */
export function swinModel(blocks = HUGE_BLOCKS): Uint8Array {
  const w = new Writer();
  const side = 4 * WINDOW;
  const channels = 128;
  let x = w.op('Conv', ['image', w.weight(channels, 3, 4, 4), w.weight(channels)], {
    strides: [4, 4],
    kernel_shape: [4, 4],
  });
  x = w.op('Reshape', [x, w.ints(1, channels, side * side)]);
  x = w.op('Transpose', [x], { perm: [0, 2, 1] });
  for (let block = 0; block < blocks; block++) x = swinBlock(w, x, side, channels, block % 2 === 1);
  x = layerNorm(w, x, channels);
  const mean = w.op('ReduceMean', [x], { axes: [1], keepdims: 0 });
  const out = w.op('Gemm', [mean, w.weight(channels, 10), w.weight(10)]);
  return model({
    opset: 13,
    inputs: [input('image', 'float32', [1, 3, side * 4, side * 4])],
    nodes: w.nodes,
    outputs: [out],
    initializers: w.weights,
  });
}

function swinBlock(w: Writer, x: string, side: number, channels: number, shift: boolean): string {
  const windows = side / WINDOW;
  const tokens = WINDOW * WINDOW;
  let y = layerNorm(w, x, channels);
  y = w.op('Reshape', [y, w.ints(1, side, side, channels)]);
  if (shift) y = roll(w, y, 3);
  y = w.op('Reshape', [y, w.ints(1, windows, WINDOW, windows, WINDOW, channels)]);
  y = w.op('Transpose', [y], { perm: [0, 1, 3, 2, 4, 5] });
  y = w.op('Reshape', [y, w.ints(windows * windows, tokens, channels)]);
  y = attention(w, y, windows * windows, tokens, channels);
  y = w.op('Reshape', [y, w.ints(1, windows, windows, WINDOW, WINDOW, channels)]);
  y = w.op('Transpose', [y], { perm: [0, 1, 3, 2, 4, 5] });
  y = w.op('Reshape', [y, w.ints(1, side, side, channels)]);
  if (shift) y = roll(w, y, side - 3);
  y = w.op('Reshape', [y, w.ints(1, side * side, channels)]);
  const residual = w.op('Add', [x, y]);
  let z = layerNorm(w, residual, channels);
  z = linear(w, z, channels, 4 * channels);
  z = gelu(w, z);
  z = linear(w, z, 4 * channels, channels);
  return w.op('Add', [residual, z]);
}

function attention(w: Writer, x: string, batch: number, tokens: number, channels: number): string {
  const depth = channels / HEADS;
  const heads = (from: string): string => {
    const split = w.op('Reshape', [from, w.ints(batch, tokens, HEADS, depth)]);
    return w.op('Transpose', [split], { perm: [0, 2, 1, 3] });
  };
  const q = w.op('Mul', [heads(linear(w, x, channels, channels)), w.scalar(depth ** -0.5)]);
  const k = heads(linear(w, x, channels, channels));
  const v = heads(linear(w, x, channels, channels));
  let scores = w.op('MatMul', [q, w.op('Transpose', [k], { perm: [0, 1, 3, 2] })]);
  scores = w.op('Add', [scores, w.weight(1, HEADS, tokens, tokens)]);
  let grouped = w.op('Reshape', [scores, w.ints(1, batch, HEADS, tokens, tokens)]);
  grouped = w.op('Add', [grouped, w.weight(1, batch, 1, tokens, tokens)]);
  scores = w.op('Reshape', [grouped, w.ints(batch, HEADS, tokens, tokens)]);
  scores = w.op('Softmax', [scores], { axis: -1 });
  let y = w.op('Transpose', [w.op('MatMul', [scores, v])], { perm: [0, 2, 1, 3] });
  y = w.op('Reshape', [y, w.ints(batch, tokens, channels)]);
  return linear(w, y, channels, channels);
}

/** Cyclic shift of both map axes, as torch.roll is exported. */
function roll(w: Writer, x: string, by: number): string {
  for (const axis of [1, 2]) {
    const head = w.op('Slice', [x, w.ints(0), w.ints(by), w.ints(axis)]);
    const tail = w.op('Slice', [x, w.ints(by), w.ints(2 ** 31), w.ints(axis)]);
    x = w.op('Concat', [tail, head], { axis });
  }
  return x;
}

function linear(w: Writer, x: string, from: number, to: number): string {
  return w.op('Add', [w.op('MatMul', [x, w.weight(from, to)]), w.weight(to)]);
}

function layerNorm(w: Writer, x: string, channels: number): string {
  const mean = w.op('ReduceMean', [x], { axes: [-1] });
  const centred = w.op('Sub', [x, mean]);
  const variance = w.op('ReduceMean', [w.op('Pow', [centred, w.scalar(2)])], { axes: [-1] });
  const deviation = w.op('Sqrt', [w.op('Add', [variance, w.scalar(1e-5)])]);
  const scaled = w.op('Mul', [w.op('Div', [centred, deviation]), w.weight(channels)]);
  return w.op('Add', [scaled, w.weight(channels)]);
}

function gelu(w: Writer, x: string): string {
  const erf = w.op('Erf', [w.op('Div', [x, w.scalar(Math.SQRT2)])]);
  const gate = w.op('Add', [erf, w.scalar(1)]);
  return w.op('Mul', [w.op('Mul', [x, gate]), w.scalar(0.5)]);
}
