/**
 * TensorScatter 24: writes a run of new entries into each row of a cache, from a position that data gives; a circular
 * cache goes on at its start.
 */
import { binary, cast, compare, indexValue, literal } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { axisIn } from '../ops/axes.ts';
import type { Lowering } from './lowerOp.ts';
import { plus } from './terms.ts';

const tensorScatter: Lowering = (op) => {
  const [cache, update, starts] = [op.input(0), op.input(1), op.optional(2)];
  const rank = cache.shape.length;
  const axis = axisIn(op.int('axis', -2), rank) ?? op.unsupported('its axis');
  if (axis === 0) op.unsupported('its axis');
  const mode = op.string('mode', 'linear');
  if (mode !== 'linear' && mode !== 'circular') op.unsupported('its mode');
  const length = cache.shape[axis]!;
  return op.procedure([{ shape: cache.shape, storage: cache.storage }], (scope, [out]) => {
    scope.loops('i', cache.shape, (inner, index) => {
      inner.store(out!, index, inner.at(cache, index));
    });
    scope.loops('j', update.shape, (inner, index) => {
      const start =
        starts === undefined ? literal('i64', 0) : cast('i64', inner.at(starts, [index[0]!]));
      const place = plus(start, indexValue(index[axis]!));
      // A negative start is an error in both modes.
      inner.emit({
        kind: 'check',
        condition: compare('ge', start, literal('i64', 0)),
        operator: op.id,
        message: 'a write position is negative',
      });
      const wrapped = mode === 'circular' ? binary('rem', place, indexValue(length)) : place;
      const at = inner.checkedIndex('at', wrapped, length, op.id);
      const target = index.map((part, other): Index => {
        if (other === axis) return at;
        return inner.checkedIndex('row', indexValue(part), cache.shape[other]!, op.id);
      });
      inner.store(out!, target, inner.at(update, index));
    });
  });
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = { TensorScatter: tensorScatter };
