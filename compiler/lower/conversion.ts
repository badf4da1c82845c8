/**
 * Cast and CastLike between the types that kernels compute with.
 */
import type { Expr } from '../loop/expr.ts';
import { cast, unary } from '../loop/expr.ts';
import type { StorageType } from '../loop/scalarType.ts';
import { registerType } from '../loop/scalarType.ts';
import type { Lowering } from './lowerOp.ts';
import { view } from './movement.ts';
import { pointwise } from './pointwise.ts';

/** A value as an element of the storage type would give it back: 16-bit floats are rounded. */
export function convertTo(storage: StorageType, value: Expr): Expr {
  const converted = cast(registerType(storage), value);
  if (storage === 'f16') return unary('roundF16', converted);
  return storage === 'bf16' ? unary('roundBf16', converted) : converted;
}

const castTo: Lowering = (op) => {
  const storage = op.outputStorage();
  const input = op.input(0);
  // Nothing is computed, nothing is worth memory.
  if (input.storage === storage)
    return [view(op, input, input.shape, (index) => index, input.breaks)];
  return [pointwise(op, [input], ([x]) => convertTo(storage, x!))];
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = { Cast: castTo, CastLike: castTo };
