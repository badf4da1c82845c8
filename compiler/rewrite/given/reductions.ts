/** Axes of reductions and what is constant along them. */
import { axesIn, axisIn } from '../../ops/axes.ts';
import { isOneElement, numbersOf, rankOf, shapeOf } from '../constants.ts';
import type { Match } from '../match.ts';
import type { Condition, GivenRule } from '../rule.ts';
import { intAttribute, intVector, scalarLike } from './tensors.ts';

/** Reduced axes of a reduction of `rank` axes, each once; undefined where only a run knows. */
function axesOf(match: Match, label: string, rank: number): readonly number[] | undefined {
  const view = match.view(label);
  if (view.int('noop_with_empty_axes', 0) !== 0) return undefined;
  if (!view.has(1)) return Array.from({ length: rank }, (_, axis) => axis);
  const numbers = view.numbers(1);
  const axes = numbers && axesIn(numbers, rank);
  return axes?.length === 0 ? Array.from({ length: rank }, (_, axis) => axis) : axes;
}

function keepsDims(match: Match, label: string): boolean {
  return match.view(label).int('keepdims', 1) !== 0;
}

/** `keepdims` of a reduction, for one of another type. */
export function keepsAxes(label: string): GivenRule {
  return (match) => {
    if (match.view(label).int('noop_with_empty_axes', 0) !== 0) return undefined;
    return intAttribute(keepsDims(match, label) ? 1 : 0);
  };
}

/** `c` has one element along all reduced axes of `x` and stays beside the result where it was beside `x`. */
export function constantAlongReduction(c: string, x: string, label: string): Condition {
  return (match) => {
    const rank = rankOf(match.graph, match.value(x));
    const axes = rank === undefined ? undefined : axesOf(match, label, rank);
    if (rank === undefined || !axes) return false;
    if (!isConstantAlong(match, c, rank, axes)) return false;
    return keepsDims(match, label) || isOneElement(match.graph, match.value(c));
  };
}

function isConstantAlong(match: Match, c: string, rank: number, axes: readonly number[]): boolean {
  const shape = shapeOf(match.graph, match.value(c));
  if (!shape || shape.length > rank) return false;
  const offset = rank - shape.length;
  return axes.every((axis) => axis < offset || shape[axis - offset] === 1);
}

/** `c` has one element along the axis that a Softmax normalises. */
export function constantAlongAxes(c: string, x: string, label: string): Condition {
  return (match) => {
    const view = match.view(label);
    const rank = rankOf(match.graph, match.value(x));
    const axis = rank === undefined ? undefined : axisIn(view.int('axis', -1), rank);
    if (rank === undefined || axis === undefined || view.opset < 13) return false;
    return isConstantAlong(match, c, rank, [axis]);
  };
}

/** Both work along the same axis of the same tensor. */
export function sameAxis(extreme: string, softmax: string): Condition {
  return (match) => {
    const [r, s] = [match.view(extreme), match.view(softmax)];
    const rank = s.shape(0)?.length;
    if (rank === undefined || s.opset < 13) return false;
    return axisIn(r.int('axis', 0), rank) === axisIn(s.int('axis', -1), rank);
  };
}

/** Axes of `outer(inner(x))` as axes of `x`; both have the same attributes. */
export function mergedAxes(label: string): GivenRule {
  return (match) => {
    const view = match.view(label);
    const rank = rankOf(match.graph, match.value('x'));
    if (rank === undefined || view.int('noop_with_empty_axes', 0) !== 0) return undefined;
    const keep = keepsDims(match, label);
    const inner = listed(match, 'a', rank);
    if (!inner) return undefined;
    const left = Array.from({ length: rank }, (_, axis) => axis).filter(
      (axis) => keep || !inner.includes(axis),
    );
    const outer = listed(match, 'b', left.length);
    if (!outer) return undefined;
    const axes = new Set([...inner, ...outer.map((axis) => left[axis] as number)]);
    return intVector([...axes].sort((a, b) => a - b));
  };
}

function listed(match: Match, name: string, rank: number): readonly number[] | undefined {
  const value = match.value(name);
  if (value < 0) return Array.from({ length: rank }, (_, axis) => axis);
  const numbers = numbersOf(match.graph, value);
  return numbers && numbers.length > 0 ? axesIn(numbers, rank) : undefined;
}

export function isShiftLeft(label: string): Condition {
  return (match) => match.view(label).string('direction', '') === 'LEFT';
}

/** A LeakyRelu that never falls. */
export function slopeIsNotNegative(label: string): Condition {
  return (match) => match.view(label).float('alpha', 0.01) >= 0;
}

/** How often each element of `x` is in a sum over axes along which it was repeated. */
export function expandedCount(label: string): GivenRule {
  return (match) => {
    const expanded = match.view(label).shape(0);
    const shape = shapeOf(match.graph, match.value('x'));
    if (!expanded || shape?.length !== expanded.length) return undefined;
    const axes = axesOf(match, label, expanded.length);
    if (!axes?.every((axis) => shape[axis] === 1)) return undefined;
    let count = 1;
    for (const axis of axes) {
      const size = expanded[axis];
      if (typeof size !== 'number') return undefined;
      count *= size;
    }
    return scalarLike(match, count);
  };
}

/** A reduction of the rows of a product and nothing else; the left operand has the same axes. */
export function rowAxis(label: string): Condition {
  return reducesOnly(label, 'a', -2);
}

/** A reduction of the columns of a product and nothing else; the right operand has the same axes. */
export function columnAxis(label: string): Condition {
  return reducesOnly(label, 'b', -1);
}

function reducesOnly(label: string, operand: string, place: number): Condition {
  return (match) => {
    const rank = match.view(label).shape(0)?.length;
    if (rank === undefined || rankOf(match.graph, match.value(operand)) !== rank) return false;
    const axes = axesOf(match, label, rank);
    return keepsDims(match, label) && axes?.length === 1 && axes[0] === rank + place;
  };
}
