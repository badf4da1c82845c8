/**
 * How long the rows of a nest are, how they lie in memory, and how many items and rows a group gets for them.
 */
import { strideOf } from '../affine.ts';
import type { Access, Nest } from '../nest.ts';
import { dependsOn, productOf } from '../nest.ts';
import type { GpuDevice } from './device.ts';

/** Elements of a row per item, where the row is long enough: hides latency. */
const ELEMENTS = 4;
/** Least items of a group, where there are rows enough. */
const LEAST_ITEMS = 64;
/** Neighbouring rows in a group, where those are neighbours in memory. */
const BESIDE = 32;
/** Elements of a row of a length that only a run knows. */
const UNKNOWN_LENGTH = 256;

/** How a row's items walk it. */
export interface RowShape {
  /** Elements of the longest walk along the row. */
  readonly length: number;
  /** Neighbouring rows are neighbours in memory, steps along the row are not. */
  readonly beside: boolean;
}

/** A group's items: so many side by side along each of so many rows. Powers of two. */
export interface RowItems {
  readonly across: number;
  readonly rows: number;
}

export function rowShapeOf(nest: Nest): RowShape {
  return { length: longestRow(nest), beside: nest.kind === 'window' && !runsAlongRows(nest) };
}

/** Elements of the longest walk along a row. */
export function longestRow(nest: Nest): number {
  return Math.max(0, ...nest.accesses.map(({ inner }) => productOf(inner) ?? UNKNOWN_LENGTH));
}

/** The largest operand lies along the reduction: neighbouring steps are neighbours in memory. */
export function runsAlongRows({ accesses, axes, inner }: Nest): boolean {
  const own = [...axes, ...inner];
  const loads = accesses.filter((access) => access.kind === 'load' && access.inner.length > 0);
  const breadth = (access: Access): number =>
    own.filter(({ variable }) => dependsOn(access, variable)).length;
  const [largest] = [...loads].sort((a, b) => breadth(b) - breadth(a));
  const last = largest?.inner.at(-1);
  return (
    largest !== undefined &&
    last !== undefined &&
    strideOf(largest.position, last.variable, largest.facts) === 1
  );
}

/** @param total rows that there are. */
export function itemsOfRows(
  { length, beside }: RowShape,
  total: number,
  { groupSize }: GpuDevice,
): RowItems {
  let rows = 1;
  let across = Math.min(beside ? Math.max(1, groupSize / BESIDE) : 32, groupSize);
  if (beside) rows = Math.min(BESIDE, groupSize);
  else {
    while (across < groupSize && across * ELEMENTS < length) across *= 2;
    while (rows * across < Math.min(LEAST_ITEMS, groupSize) && rows < total) rows *= 2;
  }
  return { across, rows };
}
