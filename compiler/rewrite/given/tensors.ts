/** Constants that rules make, and attributes. */
import { isSymbolic } from '../../graph/dim.ts';
import type { DataType } from '../../graph/types.ts';
import { shapeOf } from '../constants.ts';
import type { Match } from '../match.ts';
import type { Given, GivenRule } from '../rule.ts';

/** A 1-D int64 constant: a shape, axes, a permutation as an input. */
export function intVector(data: readonly number[]): Given {
  return { dtype: 'int64', dims: [data.length], data };
}

/** The same whatever is matched. */
export function ints(...data: readonly number[]): GivenRule {
  return () => intVector(data);
}

export function intAttribute(value: number): Given {
  return { attribute: { kind: 'int', value } };
}

export function intsAttribute(value: readonly number[]): Given {
  return { attribute: { kind: 'ints', value } };
}

export function textAttribute(value: string): GivenRule {
  return () => ({ attribute: { kind: 'string', value } });
}

/** Element type of the match's result. */
export function resultDtype({ graph, result }: Match): DataType | undefined {
  const type = graph.types[result.index];
  return type?.kind === 'tensor' ? type.dtype : undefined;
}

/** A scalar of the result's element type. */
export function scalarLike(match: Match, value: number): Given | undefined {
  const dtype = resultDtype(match);
  if (dtype === undefined) return undefined;
  return { dtype, dims: [], data: [dtype === 'float64' ? value : Math.fround(value)] };
}

/** The shape of a value as an operand of Reshape: one open size at most. */
export function shapeConstant(match: Match, value: number): Given | undefined {
  const shape = shapeOf(match.graph, value);
  if (!shape) return undefined;
  const open = shape.filter(isSymbolic).length;
  // -1 stands for what is left over, which zero elements do not tell.
  if (open > 1 || (open === 1 && shape.includes(0))) return undefined;
  return intVector(shape.map((dim) => (isSymbolic(dim) ? -1 : dim)));
}
