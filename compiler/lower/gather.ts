/**
 * Gather family: indices come from data, so each is checked against its axis where it is read.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, compare, indexValue, literal, select } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { axisIn } from '../ops/axes.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import type { Scope } from './scope.ts';

/** An index from data, negative ones from the end; a violation ends the run with the operator's id. */
export function dataIndex(scope: Scope, value: Expr, extent: Index, operator: string): Index {
  const wide = cast('i64', value);
  if (wide.kind === 'literal' && extent.kind === 'constant') {
    const given = Number(wide.value);
    const at = given < 0 ? given + extent.value : given;
    return scope.checkedIndex('at', literal('i64', at), extent, operator);
  }
  const isNegative = compare('lt', wide, literal('i64', 0));
  const wrapped = select(isNegative, binary('add', wide, indexValue(extent)), wide);
  return scope.checkedIndex('at', wrapped, extent, operator);
}

function axisOf(op: LowerOp, rank: number): number {
  return axisIn(op.int('axis', 0), rank) ?? op.unsupported('its axis');
}

const gather: Lowering = (op) => {
  const [data, indices] = [op.input(0), op.input(1)];
  const axis = axisOf(op, data.shape.length);
  const rank = indices.shape.length;
  return [
    reading(op, data, (scope, index) => {
      const value = scope.at(indices, index.slice(axis, axis + rank));
      const at = dataIndex(scope, value, data.shape[axis]!, op.id);
      return [...index.slice(0, axis), at, ...index.slice(axis + rank)];
    }),
  ];
};

const gatherElements: Lowering = (op) => {
  const [data, indices] = [op.input(0), op.input(1)];
  const axis = axisOf(op, data.shape.length);
  return [
    reading(op, data, (scope, index) => {
      const at = dataIndex(scope, scope.at(indices, index), data.shape[axis]!, op.id);
      // Other axes of the indices may be shorter than the data's, never longer: checked by the bounds.
      return index.map((part, place) =>
        place === axis ? at : inRange(scope, op, part, indices.shape[place]!, data.shape[place]!),
      );
    }),
  ];
};

/** An index below one size, used on an axis of another size. */
function inRange(scope: Scope, op: LowerOp, index: Index, own: Index, extent: Index): Index {
  if (own.kind === 'constant' && extent.kind === 'constant' && own.value <= extent.value) {
    return index;
  }
  return scope.checkedIndex('at', indexValue(index), extent, op.id);
}

const gatherNd: Lowering = (op) => {
  const [data, indices] = [op.input(0), op.input(1)];
  const batch = op.int('batch_dims', 0);
  const depth = indices.shape.at(-1)!;
  if (depth.kind !== 'constant') return op.unsupported('the length of an index tuple is symbolic');
  const length = depth.value;
  const tuples = indices.shape.length - 1;
  return [
    reading(op, data, (scope, index) => {
      const at = Array.from({ length }, (_, i) => {
        const place: Index[] = [...index.slice(0, tuples), { kind: 'constant', value: i }];
        return dataIndex(scope, scope.at(indices, place), data.shape[batch + i]!, op.id);
      });
      return [...index.slice(0, batch), ...at, ...index.slice(tuples)];
    }),
  ];
};

/** A field that reads `data` where `map` says. Light: it may hold checks. */
function reading(
  op: LowerOp,
  data: Field,
  map: (scope: Scope, index: readonly Index[]) => readonly Index[],
): Field {
  return op.make({
    shape: op.outputDims(),
    storage: data.storage,
    cost: 'light',
    element: (scope, index) => scope.at(data, map(scope, index)),
  });
}

const oneHot: Lowering = (op) => {
  const [indices, , values] = [op.input(0), op.input(1), op.input(2)];
  const shape = op.outputDims();
  const stated = op.int('axis', -1);
  const axis = axisIn(stated, shape.length) ?? op.unsupported('its axis');
  const zero: Index = { kind: 'constant', value: 0 };
  const one: Index = { kind: 'constant', value: 1 };
  return [
    op.make({
      shape,
      storage: op.outputStorage(),
      cost: 'light',
      element: (scope, index) => {
        const given = scope.at(
          indices,
          index.filter((_, place) => place !== axis),
        );
        const value = cast('i64', given);
        const depth = indexValue(shape[axis]!);
        const isNegative = compare('lt', value, literal('i64', 0));
        const wrapped = select(isNegative, binary('add', value, depth), value);
        const hit = compare('eq', wrapped, indexValue(index[axis]!));
        return select(hit, scope.at(values, [one]), scope.at(values, [zero]));
      },
    }),
  ];
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  OneHot: oneHot,
};
