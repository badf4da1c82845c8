/**
 * Elementwise operators as fields: inputs broadcast to the output, one expression per element.
 */
import type { Expr } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { constant, min, subtract } from '../loop/indexExpr.ts';
import { printIndex } from '../loop/print.ts';
import type { StorageType } from '../loop/scalarType.ts';
import type { Field } from './field.ts';
import type { LowerOp } from './lowerOp.ts';
import type { Scope } from './scope.ts';

export function pointwise(
  op: LowerOp,
  inputs: readonly Field[],
  compute: (operands: readonly Expr[], scope: Scope) => Expr,
  {
    slot = 0,
    storage = op.outputStorage(slot),
    shape = op.outputDims(slot),
    softplusOf,
  }: PointwiseOptions = {},
): Field {
  return op.make({
    shape,
    storage,
    cost: 'light',
    ...(softplusOf && { softplusOf }),
    breaks: unionBreaks(inputs, shape),
    element: (scope, index) => {
      const operands = inputs.map((input) => scope.at(input, broadcastIndex(input, shape, index)));
      return compute(operands, scope);
    },
  });
}

interface PointwiseOptions {
  readonly slot?: number;
  readonly storage?: StorageType;
  readonly shape?: readonly Index[];
  readonly softplusOf?: Field;
}

/** Where an input is read for an element of the output it broadcasts to. */
export function broadcastIndex(
  { shape }: Pick<Field, 'shape'>,
  output: readonly Index[],
  index: readonly Index[],
): readonly Index[] {
  const offset = output.length - shape.length;
  return shape.map((dim, axis) => {
    const at = index[axis + offset]!;
    if (dim.kind === 'constant') return dim.value === 1 ? constant(0) : at;
    // A symbolic size is the output's or 1: both are served by staying below it.
    return sameIndex(dim, output[axis + offset]!) ? at : min(at, subtract(dim, 1));
  });
}

function sameIndex(a: Index, b: Index): boolean {
  return a === b || printIndex(a) === printIndex(b);
}

/** Breaks of inputs along axes that they share with the output; only constant ones can be merged. */
export function unionBreaks(inputs: readonly Field[], shape: readonly Index[]): Field['breaks'] {
  if (inputs.every(({ breaks }) => breaks === undefined)) return undefined;
  return shape.map((_, axis) => {
    const lists = inputs
      .map((input) => input.breaks?.[axis - (shape.length - input.shape.length)] ?? [])
      .filter((list) => list.length > 0);
    return mergeBreaks(lists);
  });
}

export function mergeBreaks(lists: readonly (readonly Index[])[]): readonly Index[] {
  const [first, ...others] = lists;
  if (first === undefined) return [];
  const values = new Set<number>();
  for (const index of lists.flat()) {
    if (index.kind !== 'constant') return others.length === 0 ? first : [];
    values.add(index.value);
  }
  return [...values].sort((a, b) => a - b).map(constant);
}
