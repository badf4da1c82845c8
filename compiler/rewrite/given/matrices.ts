/** Shapes in which vectors meet the weights of matrix products, and what matrices are. */
import { dimEqual } from '../../graph/dim.ts';
import { countOf } from '../../ops/known.ts';
import { dimsOf, isOneElement, numbersOf, rankOf, shapeOf } from '../constants.ts';
import type { Match } from '../match.ts';
import type { Condition, GivenRule } from '../rule.ts';
import { intAttribute, intVector } from './tensors.ts';

/** Elements of a constant that varies along its last axis only. */
function rowLength(match: Match, name: string): number | undefined {
  const dims = dimsOf(match.graph, match.value(name));
  if (!dims?.slice(0, -1).every((dim) => dim === 1)) return undefined;
  return countOf(dims);
}

/** A factor per column of the left operand, standing upright beside the weights. */
export function columnVector(name: string, weights: string): GivenRule {
  return (match) => {
    const length = rowLength(match, name);
    const rows = dimsOf(match.graph, match.value(weights))?.[0];
    if (length === undefined || (length !== 1 && length !== rows)) return undefined;
    return intVector([length, 1]);
  };
}

/** The shape of one row of the left operand, for a shift of every row. */
export function vectorShape(name: string, weights: string): GivenRule {
  return (match) => {
    const length = rowLength(match, name);
    const rows = dimsOf(match.graph, match.value(weights))?.[0];
    if (rows === undefined || (length !== 1 && length !== rows)) return undefined;
    return intVector([rows]);
  };
}

/** A factor per column of the result of a Gemm, lying along the columns of its weights. */
export function columnShape(label: string): GivenRule {
  return (match) => {
    const length = rowLength(match, 's');
    if (length === undefined) return undefined;
    return intVector(match.view(label).int('transB', 0) !== 0 ? [length, 1] : [1, length]);
  };
}

/** One factor per row of a product's left operand, or fewer: its last axis is not there, or has one element. */
export function rowScale(scale: string, left: string): Condition {
  return (match) => {
    const shape = shapeOf(match.graph, match.value(scale));
    const rank = rankOf(match.graph, match.value(left));
    if (shape === null || rank === undefined || rank < 2) return false;
    return shape.length === 0 || (shape.length <= rank && dimEqual(shape.at(-1) ?? 0, 1));
  };
}

/** The last axis, where both have the same rank and all other axes are the same. */
export function concatAxis(a: string, b: string): GivenRule {
  return (match) => {
    const left = shapeOf(match.graph, match.value(a));
    const right = shapeOf(match.graph, match.value(b));
    if (!left || left.length !== right?.length || left.length < 2) return undefined;
    const same = left.slice(0, -1).every((dim, axis) => dimEqual(dim, right[axis] ?? 0));
    return same ? intAttribute(left.length - 1) : undefined;
  };
}

/** A Transpose of the last two axes. */
export function swapsLastAxes(label: string): Condition {
  return (match) => {
    const { operator } = match.node(label);
    const rank = rankOf(match.graph, operator.inputs[0] ?? -1);
    if (rank === undefined || rank < 2) return false;
    const perm =
      match.view(label).ints('perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
    const wanted = Array.from({ length: rank }, (_, i) => i);
    [wanted[rank - 2], wanted[rank - 1]] = [rank - 1, rank - 2];
    return perm.length === rank && perm.every((axis, i) => axis === wanted[i]);
  };
}

export function isIdentityMatrix(name: string): Condition {
  return (match) => {
    const value = match.value(name);
    const dims = dimsOf(match.graph, value);
    const numbers = numbersOf(match.graph, value);
    const [rows = 0, columns] = dims ?? [];
    if (dims?.length !== 2 || rows !== columns || !numbers || isOneElement(match.graph, value)) {
      return false;
    }
    return numbers.every((x, i) => x === (i % (rows + 1) === 0 ? 1 : 0));
  };
}
