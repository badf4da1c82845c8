/** Writes a field into memory that is there already. */
import type { Buffer } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import type { Field } from './field.ts';
import type { LowerOp } from './lowerOp.ts';
import type { Scope } from './scope.ts';

/** @param place where an element goes; default: the index that it has. */
export function copyField(
  op: LowerOp,
  scope: Scope,
  field: Field,
  to: Buffer,
  place: (index: readonly Index[]) => readonly Index[] = (index) => index,
): void {
  scope.loops('i', field.shape, (inner, index) => {
    const at = place(index);
    if (at.length !== to.shape.length) op.unsupported('the rank of a value changes');
    inner.store(to, at, inner.at(field, index), op.id);
  });
}
