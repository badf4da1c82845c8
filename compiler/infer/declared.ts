/**
 * Declared types (value_info, graph outputs) beside inferred ones: they fill what inference does not know.
 * Where the two contradict each other, the inferred one wins and the difference is reported.
 */
import type { Bindings, Dim } from '../graph/dim.ts';
import { formatShape, isSymbolic, substituteDim, symbolsOf } from '../graph/dim.ts';
import type { Shape, ValueType } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';

/** The type with all bound symbols replaced. */
export function bindType(type: ValueType, bindings: Bindings): ValueType {
  if (bindings.size === 0) return type;
  switch (type.kind) {
    case 'tensor':
      if (type.shape === null) return type;
      return tensorType(
        type.dtype,
        type.shape.map((dim) => substituteDim(dim, bindings)),
      );
    case 'sequence':
      return { kind: 'sequence', element: bindType(type.element, bindings) };
    case 'optional':
      return { kind: 'optional', element: bindType(type.element, bindings) };
    case 'other':
    case 'unknown':
      return type;
  }
}

export interface Merged {
  readonly type: ValueType;
  /** What the declaration says otherwise, as a clause for a message. */
  readonly difference?: string;
}

/**
 * @param isDataSymbol whether a symbol stands for a size that only a run knows: a declared number or input
 *   size says more
 */
export function mergeDeclared(
  inferred: ValueType,
  declared: ValueType,
  isDataSymbol: (name: string) => boolean,
): Merged {
  if (declared.kind === 'unknown') return { type: inferred };
  if (inferred.kind === 'unknown') return { type: declared };
  if (inferred.kind !== declared.kind) {
    return {
      type: inferred,
      difference: `declared as ${declared.kind}, inferred ${inferred.kind}`,
    };
  }
  if (inferred.kind === 'tensor' && declared.kind === 'tensor') {
    return mergeTensors(inferred, declared, isDataSymbol);
  }
  if (
    (inferred.kind === 'sequence' && declared.kind === 'sequence') ||
    (inferred.kind === 'optional' && declared.kind === 'optional')
  ) {
    const element = mergeDeclared(inferred.element, declared.element, isDataSymbol);
    return { ...element, type: { kind: inferred.kind, element: element.type } };
  }
  return { type: inferred };
}

type Tensor = Extract<ValueType, { kind: 'tensor' }>;

function mergeTensors(
  inferred: Tensor,
  declared: Tensor,
  isDataSymbol: (name: string) => boolean,
): Merged {
  if (inferred.dtype === declared.dtype && inferred.shape === declared.shape) {
    return { type: inferred };
  }
  const dtype = inferred.dtype === 'undefined' ? declared.dtype : inferred.dtype;
  const differs = declared.dtype !== 'undefined' && declared.dtype !== dtype;
  const shape = mergeShape(inferred.shape, declared.shape, isDataSymbol);
  const type = tensorType(dtype, shape ?? inferred.shape);
  if (differs) return { type, difference: `declared as ${declared.dtype}, inferred ${dtype}` };
  if (shape !== undefined) return { type };
  const [said, found] = [formatShape(declared.shape), formatShape(inferred.shape)];
  return { type, difference: `declared as ${said}, inferred ${found}` };
}

/** `undefined` when a rank or a number contradicts. */
function mergeShape(
  inferred: Shape,
  declared: Shape,
  isDataSymbol: (name: string) => boolean,
): Shape | undefined {
  if (declared === null) return inferred;
  if (inferred === null) return declared;
  if (inferred.length !== declared.length) return undefined;
  const merged: Dim[] = [];
  for (const [axis, dim] of inferred.entries()) {
    const said = declared[axis] as Dim;
    if (typeof dim === 'number') {
      if (typeof said === 'number' && said !== dim) return undefined;
      merged.push(dim);
    } else {
      merged.push(isOnlyData(dim, isDataSymbol) && !isOnlyData(said, isDataSymbol) ? said : dim);
    }
  }
  return merged;
}

function isOnlyData(dim: Dim, isDataSymbol: (name: string) => boolean): boolean {
  if (!isSymbolic(dim) || dim.terms.length !== 1 || dim.terms[0]?.atoms.length !== 1) return false;
  return [...symbolsOf(dim)].every(isDataSymbol);
}
