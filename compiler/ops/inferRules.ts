/**
 * Type and shape rules shared by the families: results like an input, broadcasts, results of a rank that
 * is known while its sizes are not.
 */
import type { Dim } from '../graph/dim.ts';
import { dimBroadcast, formatShape } from '../graph/dim.ts';
import type { DataType, Shape, ValueType } from '../graph/types.ts';
import { DATA_TYPES, dataTypeOfCode, tensorType } from '../graph/types.ts';
import type { InferContext, OpView } from './define.ts';

export type InferRule = (op: InferContext) => readonly ValueType[];

/** One output with type and shape of an input (any kind of value: sequences pass through too). */
export function sameAsInput(input = 0): InferRule {
  return (op) => [op.inputType(input)];
}

/** One output shaped like an input, of another element type. */
export function sameShape(dtype: DataType, input = 0): InferRule {
  return (op) => [tensorType(dtype, op.shape(input))];
}

/**
 * All inputs broadcast together (ONNX multidirectional broadcasting). Element type: `dtype`, or that of
 * the inputs, which have to agree.
 */
export function broadcastInputs(dtype?: DataType): InferRule {
  return (op) => {
    const inputs = presentInputs(op);
    const element = dtype ?? commonDtype(op, inputs);
    return [
      tensorType(
        element,
        broadcastShapes(
          op,
          inputs.map((input) => op.shape(input)),
        ),
      ),
    ];
  };
}

/** Broadcast of several shapes; `null` when a rank is not known; fails when sizes clash. */
export function broadcastShapes(op: InferContext, shapes: readonly Shape[]): Shape {
  let result: readonly Dim[] = [];
  for (const shape of shapes) {
    if (shape === null) return null;
    result = broadcastTwo(op, result, shape);
  }
  return result;
}

function broadcastTwo(op: InferContext, a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  const offset = long.length - short.length;
  return long.map((dim, axis) => {
    if (axis < offset) return dim;
    const joined = dimBroadcast(dim, short[axis - offset] as Dim);
    if (joined === undefined) {
      op.fail(`shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast`);
    }
    return joined;
  });
}

/** Element type shared by the inputs; unknown ones are skipped; two different ones are reported. */
export function commonDtype(op: InferContext, inputs: readonly number[]): DataType {
  let common: DataType = 'undefined';
  for (const input of inputs) {
    const dtype = op.dtype(input);
    if (dtype === 'undefined' || dtype === common) continue;
    if (common === 'undefined') common = dtype;
    else {
      op.report('type/mismatch', `its inputs have element types ${common} and ${dtype}`);
      return common;
    }
  }
  return common;
}

/** Positions of the inputs that are there. */
export function presentInputs(op: OpView): number[] {
  const inputs: number[] = [];
  for (let i = 0; i < op.inputCount; i++) if (op.has(i)) inputs.push(i);
  return inputs;
}

/** Element type named by an int attribute (`to`, `dtype`); 'undefined' for codes we do not know. */
export function dtypeAttribute(op: OpView, name: string, fallback: DataType): DataType {
  return dataTypeOfCode(op.int(name, DATA_TYPES[fallback].code));
}

/** A shape of `rank` sizes that only a run knows. */
export function dataShape(op: InferContext, rank: number, hint = 'size'): Dim[] {
  return Array.from({ length: rank }, (_, axis) => op.dataDim(`${hint}${axis}`));
}

/** The static element count of a 1-D (or scalar) input; `undefined` when symbolic or unknown. */
export function lengthOf(op: OpView, input: number): number | undefined {
  const shape = op.shape(input);
  if (shape === null || shape.length > 1) return undefined;
  const length = shape.length === 0 ? 1 : shape[0];
  return typeof length === 'number' ? length : undefined;
}

/** Ranks above this are refused (hostile files); ONNX Runtime stops far earlier. */
export const MAX_RANK = 64;
