/**
 * Small tensors whose elements are known while importing: construction, row-major indexing and generic
 * evaluation of data movement. Sizes stay below FOLD_CAP: the engine asks for an evaluation only when
 * every output is that small.
 */
import { isSymbolic } from '../graph/dim.ts';
import type { Dim } from '../graph/dim.ts';
import type { KnownTensor } from '../graph/graph.ts';
import type { DataType, Shape } from '../graph/types.ts';
import type { OpView } from './define.ts';
import { FOLD_CAP } from './define.ts';

export type KnownElement = Dim | undefined;

/** The sizes of a fully static shape; `undefined` otherwise. */
export function staticDims(shape: Shape): readonly number[] | undefined {
  if (shape === null) return undefined;
  for (const dim of shape) if (typeof dim !== 'number') return undefined;
  return shape as readonly number[];
}

/** Element count; may be as large as a hostile file says. */
export function countOf(dims: readonly number[]): number {
  let count = 1;
  for (const dim of dims) count *= dim;
  return count;
}

/** Static dims of at most FOLD_CAP elements. */
export function smallDims(shape: Shape): readonly number[] | undefined {
  const dims = staticDims(shape);
  return dims && countOf(dims) <= FOLD_CAP ? dims : undefined;
}

export function knownTensor(
  dtype: DataType,
  dims: readonly number[],
  data: readonly KnownElement[],
): KnownTensor {
  return { dtype, dims, data };
}

/** A 1-D int64 tensor, as Shape returns. */
export function knownVector(data: readonly KnownElement[]): KnownTensor {
  return knownTensor('int64', [data.length], data);
}

/** Static dims and element type of output `slot`, for evaluations. */
export function outputDims(op: OpView, slot = 0): readonly number[] {
  return smallDims(op.outputShape(slot)) ?? [];
}

export function outputDtype(op: OpView, slot = 0): DataType {
  const type = op.outputType(slot);
  return type.kind === 'tensor' ? type.dtype : 'undefined';
}

/** What is known of an input, all elements blank when nothing is: for operators that mix inputs. */
export function knownOrBlank(op: OpView, input: number): KnownTensor | undefined {
  const known = op.known(input);
  if (known) return known;
  const dims = smallDims(op.shape(input));
  if (!dims) return undefined;
  return knownTensor(op.dtype(input), dims, new Array<KnownElement>(countOf(dims)).fill(undefined));
}

/** Row-major strides in elements. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  let stride = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= dims[axis] as number;
  }
  return strides;
}

/** Strides of `dims` seen from `output`, to which it broadcasts: 0 along repeated axes. */
export function broadcastStrides(dims: readonly number[], output: readonly number[]): number[] {
  const strides = stridesOf(dims);
  const offset = output.length - dims.length;
  return output.map((_, axis) => {
    const own = axis - offset;
    return own < 0 || dims[own] === 1 ? 0 : (strides[own] as number);
  });
}

/** Calls `visit` for every position of `dims` in row-major order. The index array is reused. */
export function forEachIndex(
  dims: readonly number[],
  visit: (index: readonly number[], position: number) => void,
): void {
  const count = countOf(dims);
  const index = new Array<number>(dims.length).fill(0);
  for (let position = 0; position < count; position++) {
    visit(index, position);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const next = (index[axis] as number) + 1;
      if (next < (dims[axis] as number)) {
        index[axis] = next;
        break;
      }
      index[axis] = 0;
    }
  }
}

/**
 * Evaluates data movement: each element of an output of `dims` is the input element at the row-major
 * position that `source` gives; -1 takes `fill`.
 */
export function moveElements(
  input: KnownTensor,
  dims: readonly number[],
  source: (index: readonly number[]) => number,
  fill: KnownElement = 0,
): KnownTensor {
  const data = new Array<KnownElement>(countOf(dims));
  forEachIndex(dims, (index, position) => {
    const from = source(index);
    data[position] = from < 0 ? fill : input.data[from];
  });
  return knownTensor(input.dtype, dims, data);
}

/** Sum of index x stride. */
export function positionOf(index: readonly number[], strides: readonly number[]): number {
  let position = 0;
  for (let axis = 0; axis < index.length; axis++) {
    position += (index[axis] as number) * (strides[axis] as number);
  }
  return position;
}

/** Element of a known tensor of any rank with exactly one element. */
export function scalarOf(op: OpView, input: number): KnownElement {
  const known = op.known(input);
  return known?.data.length === 1 ? known.data[0] : undefined;
}

export function isFullyKnown(known: KnownTensor): boolean {
  return known.data.every((element) => element !== undefined);
}

export function isNumeric(known: KnownTensor): boolean {
  return known.data.every((element) => element !== undefined && !isSymbolic(element));
}
