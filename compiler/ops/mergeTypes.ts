/**
 * Joins the types that one value may have on different paths (branches of If, iterations of Loop and Scan,
 * elements of a sequence): what agrees is kept, sizes that differ become data dims, ranks or
 * element types that differ become unknown.
 */
import type { Dim } from '../graph/dim.ts';
import { dimEqual, shapesEqual } from '../graph/dim.ts';
import type { Shape, ValueType } from '../graph/types.ts';
import { tensorType, UNKNOWN_TYPE } from '../graph/types.ts';
import { largerDim } from './dimBounds.ts';

/** Makes the size of an axis on which the types differ; asked with the axis and a bound where known. */
export type JoinedDim = (axis: number, upperBound?: Dim) => Dim;

export function mergeTypes(a: ValueType, b: ValueType, joined: JoinedDim): ValueType {
  if (a.kind === 'tensor' && b.kind === 'tensor') {
    const dtype = a.dtype === b.dtype ? a.dtype : 'undefined';
    return tensorType(dtype, mergeShapes(a.shape, b.shape, joined));
  }
  if (a.kind === 'sequence' && b.kind === 'sequence') {
    return { kind: 'sequence', element: mergeTypes(a.element, b.element, joined) };
  }
  if (a.kind === 'optional' && b.kind === 'optional') {
    return { kind: 'optional', element: mergeTypes(a.element, b.element, joined) };
  }
  // A state that starts as optional and is always set inside the loop.
  if (a.kind === 'optional') return mergeTypes(a.element, b, joined);
  if (b.kind === 'optional') return mergeTypes(a, b.element, joined);
  return a.kind === 'other' && b.kind === 'other' && a.text === b.text ? a : UNKNOWN_TYPE;
}

export function mergeShapes(a: Shape, b: Shape, joined: JoinedDim): Shape {
  if (a === null || b === null || a.length !== b.length) return null;
  return a.map((dim, axis) => {
    const other = b[axis] as Dim;
    if (dimEqual(dim, other)) return dim;
    return joined(axis, largerDim(dim, other));
  });
}

export function typesEqual(a: ValueType, b: ValueType): boolean {
  if (a.kind === 'tensor' && b.kind === 'tensor') {
    if (a.dtype !== b.dtype) return false;
    if (a.shape === null || b.shape === null) return a.shape === b.shape;
    return shapesEqual(a.shape, b.shape);
  }
  if (a.kind === 'sequence' && b.kind === 'sequence') return typesEqual(a.element, b.element);
  if (a.kind === 'optional' && b.kind === 'optional') return typesEqual(a.element, b.element);
  if (a.kind === 'other' && b.kind === 'other') return a.text === b.text;
  return a.kind === 'unknown' && b.kind === 'unknown';
}

/** The same type with every size replaced by what `dimOf` says; ranks and element types are kept. */
export function mapDims(type: ValueType, dimOf: (dim: Dim, axis: number) => Dim): ValueType {
  switch (type.kind) {
    case 'tensor':
      return tensorType(type.dtype, type.shape && type.shape.map(dimOf));
    case 'sequence':
      return { kind: 'sequence', element: mapDims(type.element, dimOf) };
    case 'optional':
      return { kind: 'optional', element: mapDims(type.element, dimOf) };
    case 'other':
    case 'unknown':
      return type;
  }
}

/** Of one shape without the sizes: what is left when a value cannot be followed any further. */
export function withoutSizes(type: ValueType): ValueType {
  if (type.kind === 'tensor') return tensorType(type.dtype, null);
  if (type.kind === 'sequence') return { kind: 'sequence', element: withoutSizes(type.element) };
  return UNKNOWN_TYPE;
}
