/**
 * TypeProto -> ValueType. Declared types are hints: unnamed dims become symbols named after the value,
 * impossible dims (negative, beyond 2^53) count as unnamed, absurd ranks as unknown.
 */
import type { onnx } from 'onnx-proto';
import type { Dim } from '../graph/dim.ts';
import { dataTypeOfCode, tensorType, UNKNOWN_TYPE } from '../graph/types.ts';
import type { Shape, ValueType } from '../graph/types.ts';
import { hasField, toNumber } from './readModel.ts';
import type { Symbols } from './symbols.ts';

/** Highest rank taken seriously; more is treated as unknown. */
export const MOST_AXES = 64;

/** The declared type of the value `owner`; `owner` names its unnamed dims. */
export function valueType(
  proto: onnx.ITypeProto | null | undefined,
  owner: string,
  symbols: Symbols,
): ValueType {
  if (!proto) return UNKNOWN_TYPE;
  if (proto.tensorType) {
    const { elemType, shape } = proto.tensorType;
    return tensorType(dataTypeOfCode(elemType ?? 0), shapeOf(shape, owner, symbols));
  }
  if (proto.sequenceType) {
    return { kind: 'sequence', element: valueType(proto.sequenceType.elemType, owner, symbols) };
  }
  if (proto.optionalType) {
    return { kind: 'optional', element: valueType(proto.optionalType.elemType, owner, symbols) };
  }
  if (proto.mapType) {
    return { kind: 'other', text: `map(${dataTypeOfCode(proto.mapType.keyType ?? 0)})` };
  }
  if (proto.sparseTensorType) {
    const dtype = dataTypeOfCode(proto.sparseTensorType.elemType ?? 0);
    return { kind: 'other', text: `sparse_tensor(${dtype})` };
  }
  return UNKNOWN_TYPE;
}

function shapeOf(
  shape: onnx.ITensorShapeProto | null | undefined,
  owner: string,
  symbols: Symbols,
): Shape {
  if (!shape) return null;
  const dims = shape.dim ?? [];
  if (dims.length > MOST_AXES) return null;
  return dims.map((dim, axis) => dimOf(dim, owner, axis, symbols));
}

function dimOf(
  dim: onnx.TensorShapeProto.IDimension,
  owner: string,
  axis: number,
  symbols: Symbols,
): Dim {
  if (hasField(dim, 'dimValue')) {
    const value = toNumber(dim.dimValue);
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) return value;
  } else if (hasField(dim, 'dimParam')) {
    return symbols.ofParam(dim.dimParam ?? '', owner, axis);
  }
  return symbols.unnamed(owner, axis);
}

/** Whether `a` says at least as much as `b`: used to choose between two declarations. */
export function isUnknownType(type: ValueType): boolean {
  return (
    type.kind === 'unknown' ||
    (type.kind === 'tensor' && type.shape === null && type.dtype === 'undefined')
  );
}
