/**
 * FLOP rules shared by the families: one per element per scalar operation (a fused multiply-add is 2),
 * 0 where the shape is not known at all.
 */
import type { Dim } from '../graph/dim.ts';
import { dimMul, dimProduct } from '../graph/dim.ts';
import type { Shape } from '../graph/types.ts';
import type { OpView } from './define.ts';

export type FlopsRule = (op: OpView) => Dim;

/** Data movement and bookkeeping. */
export const noFlops: FlopsRule = () => 0;

/** `count` operations per element of output `slot`. */
export function perOutputElement(count: number, slot = 0): FlopsRule {
  return (op) => dimMul(elementCount(op.outputShape(slot)), count);
}

/** `count` operations per element of input `input` (reductions, which read everything once). */
export function perInputElement(count: number, input = 0): FlopsRule {
  return (op) => dimMul(elementCount(op.shape(input)), count);
}

/** Elements of a shape; 0 for an unknown rank. */
export function elementCount(shape: Shape): Dim {
  return shape === null ? 0 : dimProduct(shape);
}
