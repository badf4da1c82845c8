/** Named conditions of rules, so that a list of rules reads like algebra. */
import { dimEqual, shapesEqual } from '../graph/dim.ts';
import type { Condition } from './rule.ts';
import { isOneElement, numbersOf, rankOf, scalarOf, shapeOf } from './constants.ts';

/** The value has one element and adds no axis to what it is combined with. */
export function scalar(name: string): Condition {
  return ({ graph, variables }) => {
    const value = variables.get(name) ?? -1;
    return isOneElement(graph, value);
  };
}

export function sameShape(a: string, b: string): Condition {
  return (match) => {
    const [left, right] = [
      shapeOf(match.graph, match.value(a)),
      shapeOf(match.graph, match.value(b)),
    ];
    return left !== null && right !== null && shapesEqual(left, right);
  };
}

export function ofRank(name: string, ...ranks: readonly number[]): Condition {
  return (match) => ranks.includes(rankOf(match.graph, match.value(name)) ?? -1);
}

/** All elements of a known constant are greater than zero. */
export function positive(name: string): Condition {
  return (match) => numbersOf(match.graph, match.value(name))?.every((x) => x > 0) === true;
}

/** The number of a constant of one element fulfils `holds`. */
export function scalarIs(name: string, holds: (value: number) => boolean): Condition {
  return (match) => {
    const value = scalarOf(match.graph, match.value(name));
    return value !== undefined && holds(value);
  };
}

/** The operator has the attribute (or its default) at the value. */
export function attributeIs(
  label: string,
  name: string,
  value: number | string,
  fallback: number | string,
): Condition {
  return (match) => {
    const attribute = match.node(label).operator.attributes.get(name);
    const found =
      attribute?.kind === 'int' || attribute?.kind === 'string' ? attribute.value : fallback;
    return found === value;
  };
}

/** The operator's results are exact by the operator table: no rounding. */
export function exactOperator(label: string): Condition {
  return (match) => match.node(label).entry?.properties.includes('exact') === true;
}

/** Its result is read once, and nowhere else than in the graph: it goes when its reader goes. */
export function readOnce(label: string): Condition {
  return (match) => {
    const { cells } = match.graph;
    const cell = cells[match.node(label).operator.outputs[0] ?? -1];
    return cell?.uses === 1 && !cell.isOutput && !cell.isCaptured;
  };
}

/** Some other operator computes the same. */
export function hasTwin(label: string): Condition {
  return (match) => {
    const { key, index } = match.node(label);
    return key !== undefined && match.graph.byKey.get(key) !== index;
  };
}

/** It reads one value. */
export function unaryOperator(label: string): Condition {
  return (match) => match.node(label).operator.inputs.filter((value) => value >= 0).length === 1;
}

/** The last axis of the value has one element, its rank is at least `rank`. */
export function lastAxisIsOne(name: string): Condition {
  return (match) => {
    const shape = shapeOf(match.graph, match.value(name));
    return shape !== null && shape.length > 0 && dimEqual(shape.at(-1) ?? 0, 1);
  };
}

/** A value that broadcasts along the last axis only: one row of numbers, or a scalar. */
export function perColumn(name: string): Condition {
  return (match) => {
    const shape = shapeOf(match.graph, match.value(name));
    return shape !== null && shape.slice(0, -1).every((dim) => dim === 1);
  };
}

/**
 * Both values are smaller than the result, or something reads both already: only then combining them first can save
 * anything. True of a pair that the pattern does not bind only if it is true of another.
 */
export function meetEarly(...pairs: readonly (readonly [a: string, b: string])[]): Condition {
  return (match) => {
    const { graph, result } = match;
    const whole = graph.bytesOf(result.index);
    return pairs.some(([left, right]) => {
      const [a, b] = [match.value(left), match.value(right)];
      if (a < 0 || b < 0) return false;
      if (graph.bytesOf(a) < whole && graph.bytesOf(b) < whole) return true;
      const [one, other] = [graph.cells[a]?.readers, graph.cells[b]?.readers];
      if (!one || !other) return false;
      const [few, many] = one.size < other.size ? [one, other] : [other, one];
      for (const reader of few) if (many.has(reader)) return true;
      return false;
    });
  };
}

export function all(...conditions: readonly Condition[]): Condition {
  return (match) => conditions.every((condition) => condition(match));
}

export function not(condition: Condition): Condition {
  return (match) => !condition(match);
}

/** Weights, or computed from weights alone. */
export function areConstant(...names: readonly string[]): Condition {
  return ({ graph, variables }) =>
    names.every((name) => graph.constant[variables.get(name) ?? -1] === true);
}

/** A scalar constant greater than zero. */
export function isPositiveScalar(name: string): Condition {
  return scalarIs(name, (value) => value > 0);
}

/** The model imports that version of ai.onnx, or a newer one. */
export function opsetAtLeast(version: number): Condition {
  return ({ graph }) => (graph.model.opsets.get('') ?? 0) >= version;
}

export function opsetBelow(version: number): Condition {
  return not(opsetAtLeast(version));
}
