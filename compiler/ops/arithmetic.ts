/**
 * Elementwise evaluation on small known tensors with ONNX's number semantics: integers wrap to their width,
 * float32 rounds after every operation, booleans are 0 and 1. Element types that JavaScript numbers do
 * not hold exactly (float16, bfloat16, 8-bit floats, strings) are not evaluated. int64 results beyond 2^53 are
 * not known. Symbolic sizes take part where the operator has a symbolic rule.
 */
import { isSymbolic } from '../graph/dim.ts';
import type { Dim } from '../graph/dim.ts';
import type { KnownTensor } from '../graph/graph.ts';
import type { DataType } from '../graph/types.ts';
import { DATA_TYPES } from '../graph/types.ts';
import type { OpView } from './define.ts';
import type { KnownElement } from './known.ts';
import {
  broadcastStrides,
  countOf,
  forEachIndex,
  knownTensor,
  outputDims,
  outputDtype,
  positionOf,
} from './known.ts';

/** Longest tensor whose symbolic elements are computed with: shapes, not data. */
const SYMBOLIC_CAP = 64;

export type NumberRule = (...values: number[]) => number;
/** Same on sizes; `undefined` where the result has no closed form. */
export type DimRule = (...values: Dim[]) => KnownElement;

const INTEGERS: ReadonlySet<DataType> = new Set<DataType>([
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'uint32',
  'uint64',
  'uint4',
  'int4',
  'uint2',
  'int2',
]);

export function isInteger(dtype: DataType): boolean {
  return INTEGERS.has(dtype);
}

/** Element types that `storeAs` represents exactly. */
export function isEvaluable(dtype: DataType): boolean {
  return dtype === 'bool' || dtype === 'float32' || dtype === 'float64' || isInteger(dtype);
}

/** The number as the element type holds it; `undefined` where it cannot be told. */
export function storeAs(dtype: DataType, value: number): number | undefined {
  if (dtype === 'float64') return value;
  if (dtype === 'float32') return Math.fround(value);
  if (dtype === 'bool') return value ? 1 : 0;
  if (!isInteger(dtype) || !Number.isFinite(value)) return undefined;
  return wrapInteger(dtype, Math.trunc(value));
}

function wrapInteger(dtype: DataType, value: number): number | undefined {
  if (!Number.isSafeInteger(value)) return undefined;
  const unsigned = dtype.startsWith('u');
  const { bits } = DATA_TYPES[dtype];
  if (bits === 64) return unsigned && value < 0 ? undefined : value + 0;
  const modulus = 2 ** bits;
  const wrapped = ((value % modulus) + modulus) % modulus;
  return !unsigned && wrapped >= modulus / 2 ? wrapped - modulus : wrapped;
}

/**
 * Elementwise over all present inputs with broadcasting; the rules get the elements in input order.
 * An element with a blank operand is blank.
 */
export function evaluateElementwise(
  op: OpView,
  numbers: NumberRule,
  dims?: DimRule,
): readonly (KnownTensor | undefined)[] | undefined {
  const inputs: KnownTensor[] = [];
  for (let i = 0; i < op.inputCount; i++) {
    const known = op.known(i);
    if (!known || !isEvaluable(known.dtype)) return undefined;
    inputs.push(known);
  }
  const dtype = outputDtype(op);
  if (inputs.length === 0 || !isEvaluable(dtype)) return undefined;
  const shape = outputDims(op);
  const count = countOf(shape);
  const strides = inputs.map((input) => broadcastStrides(input.dims, shape));
  const data = new Array<KnownElement>(count);
  forEachIndex(shape, (index, position) => {
    const operands = inputs.map(
      (input, i) => input.data[positionOf(index, strides[i] as number[])],
    );
    data[position] = combine(operands, dtype, numbers, count <= SYMBOLIC_CAP ? dims : undefined);
  });
  return [knownTensor(dtype, shape, data)];
}

function combine(
  operands: readonly KnownElement[],
  dtype: DataType,
  numbers: NumberRule,
  dims: DimRule | undefined,
): KnownElement {
  let symbolic = false;
  for (const operand of operands) {
    if (operand === undefined) return undefined;
    if (isSymbolic(operand)) symbolic = true;
  }
  if (!symbolic) return storeAs(dtype, numbers(...(operands as number[])));
  const result = dims?.(...(operands as Dim[]));
  return typeof result === 'number' ? storeAs(dtype, result) : result;
}

/** Reduces groups of elements, with rounding after each step; used by reductions and scans. */
export function foldElements(
  dtype: DataType,
  elements: readonly KnownElement[],
  start: KnownElement,
  numbers: (sum: number, value: number) => number,
  dims?: (sum: Dim, value: Dim) => KnownElement,
): KnownElement {
  let result: KnownElement = start;
  for (const element of elements) {
    if (element === undefined || result === undefined) return undefined;
    if (typeof result === 'number' && typeof element === 'number') {
      result = storeAs(dtype, numbers(result, element));
    } else if (dims && elements.length <= SYMBOLIC_CAP) {
      result = dims(result, element);
    } else {
      return undefined;
    }
  }
  return result;
}
