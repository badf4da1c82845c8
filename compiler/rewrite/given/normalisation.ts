/** Parameters of normalisations, recognised or folded. */
import { DATA_TYPES } from '../../graph/types.ts';
import { axesIn } from '../../ops/axes.ts';
import { dimsOf, numbersOf, rankOf, scalarOf, shapeOf } from '../constants.ts';
import type { Match } from '../match.ts';
import type { Condition, GivenRule } from '../rule.ts';
import { intAttribute } from './tensors.ts';

/** ε of a BatchNormalization, in the element type of its parameters. */
export function batchEpsilon(label: string): GivenRule {
  return (match) => {
    const view = match.view(label);
    const dtype = view.dtype(4);
    if (DATA_TYPES[dtype].bits < 32 || !dtype.startsWith('float')) return undefined;
    const epsilon = view.float('epsilon', 1e-5);
    return { dtype, dims: [], data: [dtype === 'float64' ? epsilon : Math.fround(epsilon)] };
  };
}

/** The axes of `x` that an operand names, normalised. */
function reducedAxes(match: Match, axes: string): readonly number[] | undefined {
  const rank = rankOf(match.graph, match.value('x'));
  const numbers = numbersOf(match.graph, match.value(axes));
  return rank === undefined || !numbers ? undefined : axesIn(numbers, rank);
}

/** The reduced axes are all axes of `x` from one on. */
export function reducesLastAxes(axes: string): Condition {
  return (match) => firstAxis(match, axes) !== undefined;
}

/** Two operands name the same axes of `x`. */
export function sameAxes(a: string, b: string): Condition {
  return (match) => {
    const [left, right] = [reducedAxes(match, a), reducedAxes(match, b)];
    if (left?.length === undefined || left.length !== right?.length) return false;
    return left.every((axis) => right.includes(axis));
  };
}

function firstAxis(match: Match, axes: string): number | undefined {
  const rank = rankOf(match.graph, match.value('x'));
  const found = reducedAxes(match, axes);
  if (rank === undefined || !found || found.length === 0) return undefined;
  const first = rank - found.length;
  return found.every((axis) => axis >= first) ? first : undefined;
}

export function normalisedAxis(axes: string): GivenRule {
  return (match) => {
    const axis = firstAxis(match, axes);
    const rank = rankOf(match.graph, match.value('x')) ?? 0;
    return axis === undefined ? undefined : intAttribute(axis - rank);
  };
}

/** Exactly one axis is reduced. */
export function onlyAxis(axes: string): GivenRule {
  return (match) => {
    const found = reducedAxes(match, axes);
    return found?.length === 1 ? intAttribute(found[0] as number) : undefined;
  };
}

/** A scalar constant as an attribute. */
export function scalarAttribute(name: string): GivenRule {
  return (match) => {
    const value = scalarOf(match.graph, match.value(name));
    return value === undefined ? undefined : { attribute: { kind: 'float', value } };
  };
}

/** The parameter has exactly the sizes of the axes of `x` that are normalised. */
export function spansAxes(name: string, axes: string): Condition {
  return (match) => {
    const axis = firstAxis(match, axes);
    const shape = shapeOf(match.graph, match.value('x'));
    const dims = dimsOf(match.graph, match.value(name));
    if (axis === undefined || !shape || !dims) return false;
    const normalised = shape.slice(axis);
    return dims.length === normalised.length && dims.every((dim, i) => dim === normalised[i]);
  };
}
