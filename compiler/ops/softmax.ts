/**
 * Softmax 13, LogSoftmax 13 and Hardmax 13 along one axis. Before opset 13 the input is taken as a matrix
 * of all axes before `axis` (default 1) and all from it on, and the whole second part is normalised.
 */
import type { Dim } from '../graph/dim.ts';
import { dimProduct } from '../graph/dim.ts';
import type { InferContext, Mapping, OperatorEntry, OpView, Property } from './define.ts';
import { axisIn, normaliseAxis } from './axes.ts';
import { identityMapping } from './edgeMapping.ts';
import { operator } from './entry.ts';
import { perOutputElement } from './flops.ts';
import { fixedMapping } from './mappingRules.ts';

/** Operations per element: maximum, subtract, exponential, sum, divide. */
export const SOFTMAX_FLOPS = 5;

export const FAMILY: readonly OperatorEntry[] = [
  alongAxis('Softmax', SOFTMAX_FLOPS, []),
  // Maximum, subtract, exponential, sum, subtract of the logarithm.
  alongAxis('LogSoftmax', SOFTMAX_FLOPS, ['idempotent']),
  alongAxis('Hardmax', 2, ['idempotent']),
];

function alongAxis(name: string, flops: number, properties: readonly Property[]): OperatorEntry {
  return operator(name, {
    since: [1, 11, 13],
    mapping: softmaxMapping,
    infer: (op) => {
      checkAxis(op);
      return [op.inputType(0)];
    },
    flops: perOutputElement(flops),
    properties,
  });
}

function checkAxis(op: InferContext): void {
  const rank = op.shape(0)?.length;
  // A scalar has no axis; some exporters write one all the same.
  if (rank === undefined || rank === 0) return;
  const axis = op.int('axis', defaultAxis(op));
  if (op.opset < 13 && axis === rank) return;
  normaliseAxis(op, axis, rank);
}

function softmaxMapping(op: OpView): Mapping {
  return normalisedLength(op) === 1
    ? identityMapping(op, 'normalises an axis of length 1')
    : fixedMapping('many-to-many')(op);
}

/** Elements that are normalised together. */
function normalisedLength(op: OpView): Dim | undefined {
  const shape = op.shape(0);
  const axis = shape ? axisIn(op.int('axis', defaultAxis(op)), shape.length) : undefined;
  if (!shape || axis === undefined) return undefined;
  return op.opset < 13 ? dimProduct(shape.slice(axis)) : (shape[axis] as Dim);
}

function defaultAxis(op: OpView): number {
  return op.opset < 13 ? 1 : -1;
}
