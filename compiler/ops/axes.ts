/**
 * Axes of operators: negative ones count from the end; anything outside the rank or listed twice
 * contradicts the operator's definition and stops its inference.
 */
import type { InferContext, OpView } from './define.ts';

/** Axis in [0, rank). */
export function normaliseAxis(op: InferContext, axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(normal) || normal < 0 || normal >= rank) {
    op.fail(`axis ${axis} is outside a tensor of rank ${rank}`);
  }
  return normal;
}

/** The axes in [0, rank), in the given order, each once. */
export function normaliseAxes(op: InferContext, axes: readonly number[], rank: number): number[] {
  if (axes.length > rank) op.fail(`${axes.length} axes for a tensor of rank ${rank}`);
  const normal = axes.map((axis) => normaliseAxis(op, axis, rank));
  if (new Set(normal).size !== normal.length) op.fail(`axes [${axes.join(', ')}] repeat an axis`);
  return normal;
}

/** As `normaliseAxis`, for rules that run after inference: `undefined` instead of a failure. */
export function axisIn(axis: number, rank: number): number | undefined {
  const normal = axis < 0 ? axis + rank : axis;
  return Number.isInteger(normal) && normal >= 0 && normal < rank ? normal : undefined;
}

/** As `normaliseAxes`, for rules that run after inference. */
export function axesIn(axes: readonly number[], rank: number): number[] | undefined {
  const normal = axes.map((axis) => axisIn(axis, rank));
  return normal.every((axis) => axis !== undefined) ? (normal as number[]) : undefined;
}

/** Rank of an input, `undefined` when not known; fails when it is known and not `rank` (or in the list). */
export function expectRank(
  op: InferContext,
  input: number,
  ...ranks: number[]
): number | undefined {
  const shape = op.shape(input);
  if (shape === null) return undefined;
  if (!ranks.includes(shape.length)) {
    op.fail(`input ${input} has rank ${shape.length}; ${op.type} takes rank ${ranks.join(' or ')}`);
  }
  return shape.length;
}

/** Fails unless input `input` is absent, of unknown rank, or of at least `rank` axes. */
export function expectRankAtLeast(op: InferContext, input: number, rank: number): void {
  const shape = op.shape(input);
  if (shape !== null && shape.length < rank) {
    op.fail(`input ${input} has rank ${shape.length}; ${op.type} takes at least ${rank}`);
  }
}

/** Axes as canonical input `input`, as attribute `axes`, or `undefined` (`runtime` tells which). */
export function readAxes(
  op: OpView,
  input: number,
): { readonly axes?: readonly number[]; readonly runtime: boolean } {
  if (op.has(input)) {
    const axes = op.numbers(input);
    return axes ? { axes, runtime: false } : { runtime: true };
  }
  const axes = op.ints('axes');
  return axes ? { axes, runtime: false } : { runtime: false };
}
