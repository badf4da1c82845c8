/**
 * Pad: constant, edge, reflect, wrap. Loops are cut at the borders, so that the inner part has no test.
 */
import { literal } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import {
  add,
  atMost,
  choose,
  constant,
  less,
  max,
  min,
  mod,
  subtract,
  ZERO,
} from '../loop/indexExpr.ts';
import { registerType } from '../loop/scalarType.ts';
import { axisIn } from '../ops/axes.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';

interface Padding {
  readonly before: number;
  readonly after: number;
}

/** Padding of every axis; negative numbers crop. */
function paddings(op: LowerOp, rank: number): readonly Padding[] {
  const pads = op.knownNumbers(1, 'its padding');
  const stated = op.has(3) ? op.knownNumbers(3, 'axes') : undefined;
  const axes = stated ?? Array.from({ length: rank }, (_, axis) => axis);
  const result = new Array<Padding>(rank).fill({ before: 0, after: 0 });
  axes.forEach((axis, i) => {
    const at = axisIn(axis, rank) ?? op.unsupported('its axes');
    result[at] = { before: pads[i] ?? 0, after: pads[i + axes.length] ?? 0 };
  });
  return result;
}

const pad: Lowering = (op) => {
  const input = op.input(0);
  const shape = op.outputDims();
  const padding = paddings(op, input.shape.length);
  const mode = op.string('mode', 'constant');
  const breaks = shape.map((dim, axis): readonly Index[] => {
    const { before, after } = padding[axis]!;
    return [
      ...(before > 0 ? [constant(before)] : []),
      ...(after > 0 ? [subtract(dim, after)] : []),
    ];
  });
  const inner = (index: readonly Index[]): Index[] =>
    index.map((at, axis) => subtract(at, padding[axis]!.before));
  const base = { shape, storage: input.storage, cost: 'light', breaks } as const;
  if (mode === 'constant') {
    const fill = op.optional(2);
    return [
      op.make({
        ...base,
        element: (scope, index) => {
          const at = inner(index);
          const conditions = at.flatMap((part, axis) => [
            ...(padding[axis]!.before > 0 ? [atMost(ZERO, part)] : []),
            ...(padding[axis]!.after > 0 ? [less(part, input.shape[axis]!)] : []),
          ]);
          return scope.choose(
            conditions,
            (inside) => inside.at(input, at),
            (outside) =>
              fill === undefined
                ? literal(registerType(input.storage), 0)
                : outside.at(
                    fill,
                    fill.shape.map(() => ZERO),
                  ),
          );
        },
      }),
    ];
  }
  const map =
    mode === 'edge'
      ? clamped
      : mode === 'reflect'
        ? mirrored
        : mode === 'wrap'
          ? wrapped
          : undefined;
  if (map === undefined) return op.unsupported(`mode ${JSON.stringify(mode.slice(0, 20))}`);
  return [
    op.make({
      ...base,
      element: (scope, index) =>
        scope.at(
          input,
          inner(index).map((at, axis) => {
            const { before, after } = padding[axis]!;
            return before <= 0 && after <= 0 ? at : map(at, input.shape[axis]!);
          }),
        ),
    }),
  ];
};

function clamped(at: Index, dim: Index): Index {
  return min(max(at, 0), subtract(dim, 1));
}

/** Mirrored at the first and last element, again and again: period 2 * (dim - 1). */
function mirrored(at: Index, dim: Index): Index {
  const period = max(add(subtract(dim, 1), subtract(dim, 1)), 1);
  const folded = mod(at, period);
  return choose(less(folded, dim), folded, subtract(period, folded));
}

function wrapped(at: Index, dim: Index): Index {
  return mod(at, dim);
}

export const LOWERINGS: Readonly<Record<string, Lowering>> = { Pad: pad };
