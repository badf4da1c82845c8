// What every block of a run gave, as logical tensors: layouts, padding and room for larger sizes taken out.
import type { Bundle, BundleBuffer } from '../../compiler/bundle/bundle.ts';
import type { Dim } from '../../compiler/graph/dim.ts';
import { constant, evaluateIndex } from '../../compiler/loop/indexExpr.ts';
import { physicalIndex } from '../../compiler/loop/layout.ts';
import { storageBytes } from '../../compiler/loop/scalarType.ts';
import type { ModelRun } from '../../compiler/run/runModel.ts';
import type { Tensor } from '../../compiler/tensor/tensor.ts';
import { dtypeOf, makeTensor } from '../../compiler/tensor/tensor.ts';
import { evaluateDim } from '../../compiler/graph/dim.ts';

/** By name of the value in the model. */
export function boundaryTensors({ bundle, run, prepared }: ModelRun): ReadonlyMap<string, Tensor> {
  const { model } = prepared.bound;
  const sizes = actualSizes(bundle, run.results.sizes);
  const tensors = new Map<string, Tensor>();
  for (const [index, bytes] of run.buffers) {
    const buffer = bundle.buffers[index]!;
    const value = model.graph.values[buffer.value];
    if (value?.type.kind !== 'tensor' || value.type.shape === null) continue;
    const dims = value.type.shape.map((dim: Dim) =>
      evaluateDim(dim, (symbol) => sizes.get(symbol) ?? Number.NaN),
    );
    if (dims.some(Number.isNaN)) continue;
    const gathered = gather(buffer, bytes, dims);
    tensors.set(value.name, makeTensor(dtypeOf(buffer.storage), dims, gathered));
  }
  return tensors;
}

function actualSizes({ symbols }: Bundle, values: readonly number[]): ReadonlyMap<string, number> {
  return new Map(symbols.map((symbol, i) => [symbol.symbol ?? symbol.name, values[i]!]));
}

/** Elements in row-major order. */
function gather(buffer: BundleBuffer, bytes: Uint8Array, dims: readonly number[]): Uint8Array {
  const width = storageBytes(buffer.storage);
  const count = dims.reduce((product, dim) => product * dim, 1);
  const { physical, layout } = buffer;
  if (!layout && physical.every((extent, axis) => extent === dims[axis])) {
    return Uint8Array.from(bytes.subarray(0, count * width));
  }
  const result = new Uint8Array(count * width);
  const parts = layout ?? dims.map((_, axis) => ({ axis }));
  // Each physical axis depends on one logical index: a table per logical axis of how far it moves the address.
  const offsets = dims.map((dim) => new Float64Array(dim));
  let stride = 1;
  for (let place = parts.length - 1; place >= 0; place--) {
    const part = parts[place]!;
    const table = offsets[part.axis]!;
    for (let i = 0; i < table.length; i++) {
      const position = dims.map((_, axis) => constant(axis === part.axis ? i : 0));
      const [at] = physicalIndex([part], position);
      table[i]! += stride * evaluateIndex(at!, none, none);
    }
    stride *= physical[place]!;
  }
  const index = dims.map(() => 0);
  for (let element = 0; element < count; element++) {
    let from = 0;
    for (let axis = 0; axis < dims.length; axis++) from += offsets[axis]![index[axis]!]!;
    for (let b = 0; b < width; b++) result[element * width + b] = bytes[from * width + b]!;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < dims[axis]!) break;
      index[axis] = 0;
    }
  }
  return result;
}

function none(name: string): number {
  throw new Error(`${name} in a layout`);
}
