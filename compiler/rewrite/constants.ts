/** What is known of constants while matching: their numbers, splats, scalars. */
import { isSymbolic } from '../graph/dim.ts';
import type { Shape } from '../graph/types.ts';
import type { ValueFacts } from '../ops/operatorView.ts';

/** All elements, where they are known to be plain numbers. */
export function numbersOf(facts: ValueFacts, value: number): readonly number[] | undefined {
  const data = facts.known[value]?.data;
  if (!data?.every((element) => typeof element === 'number')) return undefined;
  return data as readonly number[];
}

/** The number that all elements of a constant are. */
export function splatOf(facts: ValueFacts, value: number): number | undefined {
  if (facts.constant[value] !== true) return undefined;
  const data = facts.known[value]?.data;
  const first = data?.[0];
  if (typeof first !== 'number') return undefined;
  return data?.every((element) => element === first) ? first : undefined;
}

/** The number of a constant of one element. */
export function scalarOf(facts: ValueFacts, value: number): number | undefined {
  return facts.known[value]?.data.length === 1 ? splatOf(facts, value) : undefined;
}

export function shapeOf(facts: ValueFacts, value: number): Shape {
  const type = facts.types[value];
  return type?.kind === 'tensor' ? type.shape : null;
}

export function rankOf(facts: ValueFacts, value: number): number | undefined {
  return shapeOf(facts, value)?.length;
}

/** The sizes of a value whose sizes are all numbers. */
export function dimsOf(facts: ValueFacts, value: number): readonly number[] | undefined {
  const shape = shapeOf(facts, value);
  if (shape === null || shape.some(isSymbolic)) return undefined;
  return shape as readonly number[];
}

/** Elements of a shape known to be one, whatever its rank. */
export function isOneElement(facts: ValueFacts, value: number): boolean {
  return shapeOf(facts, value)?.every((dim) => dim === 1) === true;
}
