/**
 * Which functions of f32 the module computes itself, scalar and four lanes at a time with the same result. The
 * rest are calls of the engine's `Math`.
 */
import type { UnaryOp } from '../../../loop/expr.ts';

const NATIVE: ReadonlySet<UnaryOp> = new Set<UnaryOp>([
  'exp',
  'expm1',
  'log',
  'log1p',
  'tanh',
  'erf',
]);

export function hasNativeMath(op: UnaryOp): boolean {
  return NATIVE.has(op);
}
