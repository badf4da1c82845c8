/**
 * Operators that fill their outputs step by step: running sums, scatters, sorted selection. Imperative code in
 * the same IR; every index from data is checked.
 */
import type { BinaryOp, Expr } from '../loop/expr.ts';
import { binary, compare, indexValue, literal, load, select } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { subtract } from '../loop/indexExpr.ts';
import { registerType } from '../loop/scalarType.ts';
import { axisIn } from '../ops/axes.ts';
import { dataIndex } from './gather.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { sideBySide } from './ranking.ts';
import type { Scope } from './scope.ts';

const at = (index: readonly Index[], axis: number, part: Index): Index[] =>
  index.map((old, place) => (place === axis ? part : old));

function axisOf(op: LowerOp, rank: number, fallback = 0): number {
  return axisIn(op.int('axis', fallback), rank) ?? op.unsupported('its axis');
}

/** CumSum 14, CumProd 26: one pass along the axis for every row. */
const running =
  (join: 'add' | 'mul'): Lowering =>
  (op) => {
    const input = op.input(0);
    const rank = input.shape.length;
    const [stated] = op.knownNumbers(1, 'its axis');
    const axis = axisIn(stated ?? 0, rank) ?? op.unsupported('its axis');
    const [exclusive, reverse] = [op.int('exclusive', 0) !== 0, op.int('reverse', 0) !== 0];
    const type = registerType(input.storage);
    const length = input.shape[axis]!;
    const rows = input.shape.filter((_, place) => place !== axis);
    return op.procedure([{ shape: input.shape, storage: op.outputStorage() }], (scope, [out]) => {
      scope.loops('i', rows, (inner, row) => {
        const sum = inner.mutable('sum', literal(type, join === 'add' ? 0 : 1));
        inner.loops('k', [length], (step, [k]) => {
          const place = reverse ? subtract(subtract(length, 1), k!) : k!;
          const index = [...row.slice(0, axis), place, ...row.slice(axis)];
          const next = step.bind('next', binary(join, sum.value, step.at(input, index)));
          step.store(out!, index, exclusive ? sum.value : next);
          sum.set(step, next);
        });
      });
    });
  };

/** How a scattered element joins what is there. */
function joined(op: LowerOp, old: Expr, update: Expr): Expr {
  const reduction = op.string('reduction', 'none');
  const rules: Readonly<Record<string, BinaryOp>> = {
    add: 'add',
    mul: 'mul',
    max: 'max',
    min: 'min',
  };
  if (reduction === 'none') return update;
  return binary(rules[reduction] ?? op.unsupported('its reduction'), old, update);
}

const scatterElements: Lowering = (op) => {
  const [data, indices, updates] = [op.input(0), op.input(1), op.input(2)];
  const axis = axisOf(op, data.shape.length);
  return op.procedure([{ shape: data.shape, storage: data.storage }], (scope, [out]) => {
    scope.loops('i', data.shape, (inner, index) => inner.store(out!, index, inner.at(data, index)));
    // Along the axis updates may meet at one place and go in order; the other axes never meet.
    const others = indices.shape.filter((_, place) => place !== axis);
    const update = (inner: Scope, other: readonly Index[], along: Index): void => {
      const index = [...other.slice(0, axis), along, ...other.slice(axis)];
      const target = index.map((part, place) =>
        place === axis
          ? dataIndex(inner, inner.at(indices, index), data.shape[axis]!, op.id)
          : inner.checkedIndex('at', indexValue(part), data.shape[place]!, op.id),
      );
      const value = joined(op, load(out!, target), inner.at(updates, index));
      inner.store(out!, target, value);
    };
    const length = [indices.shape[axis]!];
    if (op.manyThreads) {
      return sideBySide(scope, 'j', others, (row, other) =>
        row.loops('k', length, (inner, [along]) => update(inner, other, along!)),
      );
    }
    // Threads take the outermost of the others, and each goes through memory as it lies.
    const first =
      1 + others.findIndex((extent) => !(extent.kind === 'constant' && extent.value === 1));
    scope.loops(
      'j',
      others.slice(0, first),
      (row, outer) =>
        row.loops('k', length, (step, [along]) =>
          step.loops('j', others.slice(first), (inner, rest) =>
            update(inner, [...outer, ...rest], along!),
          ),
        ),
      'parallel',
    );
  });
};

const scatterNd: Lowering = (op) => {
  const [data, indices, updates] = [op.input(0), op.input(1), op.input(2)];
  const depth = indices.shape.at(-1)!;
  if (depth.kind !== 'constant') return op.unsupported('the length of an index tuple is symbolic');
  const tuples = indices.shape.slice(0, -1);
  const rest = data.shape.slice(depth.value);
  return op.procedure([{ shape: data.shape, storage: data.storage }], (scope, [out]) => {
    scope.loops('i', data.shape, (inner, index) => inner.store(out!, index, inner.at(data, index)));
    scope.loops('j', tuples, (inner, tuple) => {
      const start = Array.from({ length: depth.value }, (_, i) => {
        const value = inner.at(indices, [...tuple, { kind: 'constant', value: i }]);
        return dataIndex(inner, value, data.shape[i]!, op.id);
      });
      inner.loops('k', rest, (element, tail) => {
        const target = [...start, ...tail];
        const update = element.at(updates, [...tuple, ...tail]);
        element.store(out!, target, joined(op, load(out!, target), update));
      });
    });
  });
};

/** ReverseSequence 10: each row of the batch up to its own length. */
const reverseSequence: Lowering = (op) => {
  const [input, lengths] = [op.input(0), op.input(1)];
  const [batch, time] = [op.int('batch_axis', 1), op.int('time_axis', 0)];
  return [
    op.make({
      shape: input.shape,
      storage: input.storage,
      cost: 'light',
      element: (scope, index) => {
        const length = scope.at(lengths, [index[batch]!]);
        const own = indexValue(index[time]!);
        const last = binary('sub', binary('sub', length, own), literal('i64', 1));
        const source = select(compare('lt', own, length), last, own);
        const place = scope.checkedIndex('at', source, input.shape[time]!, op.id);
        return scope.at(input, at(index, time, place));
      },
    }),
  ];
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  CumSum: running('add'),
  CumProd: running('mul'),
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: scatterNd,
  ReverseSequence: reverseSequence,
};
