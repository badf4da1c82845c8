/**
 * Data movement as index maps: nothing is computed, an element is read where it came from. Reorganize and
 * Shuffle operators cost nothing this way; the simplifier removes what they compose to.
 */
import type { Index } from '../loop/indexExpr.ts';
import {
  add,
  constant,
  floorDiv,
  mod,
  multiply,
  product,
  subtract,
  ZERO,
} from '../loop/indexExpr.ts';
import { axisIn, readAxes } from '../ops/axes.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { broadcastIndex } from './pointwise.ts';

/** A field that reads another at a computed index. */
export function view(
  op: LowerOp,
  input: Field,
  shape: readonly Index[],
  map: (index: readonly Index[]) => readonly Index[],
  breaks?: Field['breaks'],
): Field {
  return op.make({
    shape,
    storage: input.storage,
    cost: 'free',
    element: (scope, index) => scope.at(input, map(index)),
    ...(breaks && { breaks }),
  });
}

/** Row-major position of an index. */
export function flatten(index: readonly Index[], dims: readonly Index[]): Index {
  return index.reduce((sum, at, axis) => add(multiply(sum, dims[axis]!), at), ZERO);
}

/** Index of a row-major position. */
export function unflatten(position: Index, dims: readonly Index[]): readonly Index[] {
  return dims.map((dim, axis) => {
    const inner = floorDiv(position, product(dims.slice(axis + 1)));
    return axis === 0 ? inner : mod(inner, dim);
  });
}

/** Every operator that keeps the row-major order. */
const reshape: Lowering = (op) => {
  const input = op.input(0);
  const shape = op.outputDims();
  return [view(op, input, shape, (index) => unflatten(flatten(index, shape), input.shape))];
};

const transpose: Lowering = (op) => {
  const input = op.input(0);
  const rank = input.shape.length;
  const order = op.ints('perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const from = order.map((axis) => axisIn(axis, rank) ?? op.unsupported(`perm ${axis}`));
  const shape = from.map((axis) => input.shape[axis]!);
  const breaks = input.breaks && from.map((axis) => input.breaks?.[axis] ?? []);
  return [
    view(
      op,
      input,
      shape,
      (index) => input.shape.map((_, axis) => index[from.indexOf(axis)]!),
      breaks,
    ),
  ];
};

const slice: Lowering = (op) => {
  const input = op.input(0);
  const starts = op.known(1)?.data ?? op.unsupported('starts are known at run time only');
  const axes = op.has(3) ? op.knownNumbers(3, 'axes') : starts.map((_, axis) => axis);
  const steps = op.has(4) ? op.knownNumbers(4, 'steps') : starts.map(() => 1);
  const shape = op.outputDims();
  const moves = input.shape.map(() => ({ start: ZERO, step: 1 }));
  axes.forEach((stated, i) => {
    const axis = axisIn(stated, input.shape.length) ?? op.unsupported(`axis ${stated}`);
    const step = steps[i]!;
    moves[axis] = { start: sliceStart(op, input.shape[axis]!, starts[i], step), step };
  });
  return [
    view(op, input, shape, (index) =>
      index.map((at, axis) => add(multiply(at, moves[axis]!.step), moves[axis]!.start)),
    ),
  ];
};

/** Start of a slice, clamped as the specification says; elements before it are never read. */
function sliceStart(
  op: LowerOp,
  dim: Index,
  start: Parameters<LowerOp['dim']>[0] | undefined,
  step: number,
): Index {
  if (start === undefined) return op.unsupported('starts are known at run time only');
  if (typeof start !== 'number') return op.dim(start);
  const last = step < 0 ? -1 : 0;
  if (dim.kind === 'constant') {
    const normal = start < 0 ? start + dim.value : start;
    return constant(Math.min(Math.max(normal, 0), dim.value + last));
  }
  // What inference accepts of a symbolic axis: a start within it, or one that means its end.
  if (start > 2 ** 31 - 2) return add(dim, last);
  if (start < -(2 ** 31 - 2)) return ZERO;
  return start < 0 ? add(dim, start) : constant(start);
}

const split: Lowering = (op) => {
  const input = op.input(0);
  const axis = axisIn(op.int('axis', 0), input.shape.length) ?? op.unsupported('its axis');
  let start: Index = ZERO;
  return Array.from({ length: op.outputCount }, (_, slot) => {
    const shape = op.outputDims(slot);
    const offset = start;
    start = add(start, shape[axis]!);
    if (!op.hasOutput(slot)) return undefined;
    return view(op, input, shape, (index) =>
      index.map((at, place) => (place === axis ? add(at, offset) : at)),
    );
  });
};

const expand: Lowering = (op) => {
  const input = op.input(0);
  const shape = op.outputDims();
  return [view(op, input, shape, (index) => broadcastIndex(input, shape, index))];
};

const tile: Lowering = (op) => {
  const input = op.input(0);
  return [
    view(op, input, op.outputDims(), (index) =>
      index.map((at, axis) => mod(at, input.shape[axis]!)),
    ),
  ];
};

/** Depth to space, DCR (depth, column, row) or CRD. */
const depthToSpace: Lowering = (op) => {
  const input = op.input(0);
  const block = op.int('blocksize', 1);
  const shape = op.outputDims();
  const columnFirst = op.string('mode', 'DCR') === 'CRD';
  const depth = shape[1]!;
  return [
    view(op, input, shape, ([n, c, y, x]) => {
      const inner = add(multiply(mod(y!, block), block), mod(x!, block));
      const channel = columnFirst
        ? add(multiply(c!, block * block), inner)
        : add(multiply(inner, depth), c!);
      return [n!, channel, floorDiv(y!, block), floorDiv(x!, block)];
    }),
  ];
};

const spaceToDepth: Lowering = (op) => {
  const input = op.input(0);
  const block = op.int('blocksize', 1);
  const depth = input.shape[1]!;
  const columnFirst = op.string('mode', 'DCR') === 'CRD';
  return [
    view(op, input, op.outputDims(), ([n, c, y, x]) => {
      const inner = columnFirst ? mod(c!, block * block) : floorDiv(c!, depth);
      return [
        n!,
        columnFirst ? floorDiv(c!, block * block) : mod(c!, depth),
        add(multiply(y!, block), floorDiv(inner, block)),
        add(multiply(x!, block), mod(inner, block)),
      ];
    }),
  ];
};

/** Cut where the inputs meet: loops get one segment for each. */
const concat: Lowering = (op) => {
  const inputs = op.inputs();
  const shape = op.outputDims();
  const axis = axisIn(op.int('axis', 0), shape.length) ?? op.unsupported('its axis');
  const starts: Index[] = [];
  let end: Index = ZERO;
  for (const input of inputs) {
    starts.push(end);
    end = add(end, input.shape[axis]!);
  }
  const inside = (index: readonly Index[], i: number): Index[] =>
    index.map((at, place) => (place === axis ? subtract(at, starts[i]!) : at));
  return [
    op.make({
      shape,
      storage: inputs[0]!.storage,
      cost: 'light',
      breaks: shape.map((_, place) => (place === axis ? starts.slice(1) : [])),
      element: (scope, index) => {
        const from =
          (i: number): Parameters<typeof scope.choose>[1] =>
          (inner) =>
            i === inputs.length - 1
              ? inner.at(inputs[i]!, inside(index, i))
              : inner.choose(
                  [{ op: 'lt', a: index[axis]!, b: starts[i + 1]! }],
                  (taken) => taken.at(inputs[i]!, inside(index, i)),
                  from(i + 1),
                );
        return from(0)(scope);
      },
    }),
  ];
};

const squeeze: Lowering = (op) => {
  if (readAxes(op, 1).runtime) op.unsupported('axes are known at run time only');
  return reshape(op);
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  Reshape: reshape,
  Flatten: reshape,
  Squeeze: squeeze,
  Unsqueeze: squeeze,
  Transpose: transpose,
  Slice: slice,
  Split: split,
  Expand: expand,
  Tile: tile,
  Concat: concat,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
