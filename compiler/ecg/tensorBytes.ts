/**
 * Bytes of a value: elements x bits of the element type, sub-byte types packed. Strings, sequences and
 * values of unknown type or rank count 0.
 */
import type { Dim } from '../graph/dim.ts';
import { dimCeilDiv, dimMul, dimProduct } from '../graph/dim.ts';
import type { ValueType } from '../graph/types.ts';
import { DATA_TYPES } from '../graph/types.ts';

export function bytesOf(type: ValueType): Dim {
  if (type.kind !== 'tensor' || type.shape === null) return 0;
  const { bits } = DATA_TYPES[type.dtype];
  const elements = dimProduct(type.shape);
  return bits % 8 === 0 ? dimMul(elements, bits / 8) : dimCeilDiv(dimMul(elements, bits), 8);
}
