/**
 * Data movement as index maps: nothing is computed, an element is read where it came from. Reorganize and
 * Shuffle operators cost nothing this way; the simplifier removes what they compose to.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, cast, compare, indexValue, literal, select } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import {
  add,
  constant,
  floorDiv,
  mod,
  multiply,
  ONE,
  product,
  subtract,
  ZERO,
} from '../loop/indexExpr.ts';
import { axisIn, readAxes } from '../ops/axes.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { broadcastIndex } from './pointwise.ts';
import type { Scope } from './scope.ts';
import { MOST_UNBOUNDED } from './sizes.ts';

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
    ...(movesWhole(input) && { quantised: movedOrigin(op, input.quantised!, shape, map) }),
  });
}

/** One scale for all elements: it does not matter where they go. */
function movesWhole({ quantised }: Field): boolean {
  return quantised !== undefined && quantised.axis === undefined;
}

function movedOrigin(
  op: LowerOp,
  origin: NonNullable<Field['quantised']>,
  shape: readonly Index[],
  map: (index: readonly Index[]) => readonly Index[],
): Field['quantised'] {
  return { ...origin, field: view(op, origin.field, shape, map) };
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
const sameOrder: Lowering = (op) => {
  const input = op.input(0);
  const shape = op.outputDims();
  const map = (index: readonly Index[]): readonly Index[] =>
    unflatten(flatten(index, shape), input.shape);
  return [view(op, input, shape, map, reshapedBreaks(input, shape))];
};

/** Breaks of the outermost axis with more than one element, where the new outermost one has them as well. */
function reshapedBreaks({ shape, breaks }: Field, into: readonly Index[]): Field['breaks'] {
  const outermost = (dims: readonly Index[]): number =>
    dims.findIndex((dim) => dim.kind !== 'constant' || dim.value !== 1);
  const sizeOf = (dims: readonly Index[]): number =>
    dims.reduce((all, dim) => all * (dim.kind === 'constant' ? dim.value : Number.NaN), 1);
  const [from, to] = [outermost(shape), outermost(into)];
  const cuts = breaks?.[from] ?? [];
  if (cuts.length === 0 || to < 0) return undefined;
  const ratio = sizeOf(shape.slice(from + 1)) / sizeOf(into.slice(to + 1));
  const moved = cuts.map((cut) => (cut.kind === 'constant' ? cut.value * ratio : Number.NaN));
  if (!moved.every((cut) => Number.isSafeInteger(cut))) return undefined;
  return into.map((_, axis) => (axis === to ? moved.map((cut) => constant(cut)) : []));
}

const reshape: Lowering = (op) => {
  const shape = op.outputDims();
  if (shape.some((_, axis) => op.finds(0, axis))) findReshaped(op, shape.length);
  return sameOrder(op);
};

/** Target sizes out of data: 0 copies the input's size, -1 takes what is left. */
function findReshaped(op: LowerOp, rank: number): void {
  const [input, target] = [op.input(0), op.input(1)];
  const copies = op.int('allowzero', 0) === 0;
  const i64 = (value: number): Expr => literal('i64', value);
  const total = indexValue(product(input.shape));
  const stated = (scope: Scope, axis: number): Expr => {
    const value = scope.at(target, [constant(axis)]);
    const own = input.shape[axis];
    if (!copies || own === undefined) return value;
    return select(compare('eq', value, i64(0)), indexValue(own), value);
  };
  for (let axis = 0; axis < rank; axis++) {
    op.find(0, axis, (scope) => {
      const sizes = Array.from({ length: rank }, (_, other) => stated(scope, other));
      const others = sizes
        .map((size) => select(compare('eq', size, i64(-1)), i64(1), size))
        .reduce((a, b) => binary('mul', a, b), i64(1));
      const rest = binary('div', total, others);
      return scope.bind('size', select(compare('eq', sizes[axis]!, i64(-1)), rest, sizes[axis]!));
    });
  }
  op.verify((scope) => {
    const count = indexValue(product(op.outputDims()));
    scope.check(compare('eq', count, total), op.id, 'the target has another number of elements');
  });
}

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
  const length = op.known(1)?.data.length ?? op.known(2)?.data.length ?? lengthOf(op, 1);
  const starts = op.known(1)?.data ?? new Array<undefined>(length).fill(undefined);
  const axes = op.has(3) ? op.knownNumbers(3, 'axes') : starts.map((_, axis) => axis);
  const steps = op.has(4) ? op.knownNumbers(4, 'steps') : starts.map(() => 1);
  const shape = op.outputDims();
  const moves: { start: (scope: Scope) => Index; step: number }[] = input.shape.map(() => ({
    start: () => ZERO,
    step: 1,
  }));
  let isChecked = false;
  axes.forEach((stated, i) => {
    const axis = axisIn(stated, input.shape.length) ?? op.unsupported(`axis ${stated}`);
    const step = steps[i]!;
    const known = starts[i] !== undefined && op.known(2)?.data[i] !== undefined;
    if (known && !op.finds(0, axis)) {
      const start = sliceStart(op, input.shape[axis]!, starts[i], step);
      moves[axis] = { start: () => start, step };
    } else {
      moves[axis] = { start: sliceAtRunTime(op, input.shape[axis]!, axis, i, step), step };
      isChecked = true;
    }
  });
  const map = (scope: Scope, index: readonly Index[]): readonly Index[] =>
    index.map((at, axis) => add(multiply(at, moves[axis]!.step), moves[axis]!.start(scope)));
  return [
    op.make({
      shape,
      storage: input.storage,
      cost: isChecked ? 'light' : 'free',
      element: (scope, index) => scope.at(input, map(scope, index)),
    }),
  ];
};

function lengthOf(op: LowerOp, slot: number): number {
  const [dim] = op.input(slot).shape;
  return dim?.kind === 'constant' ? dim.value : op.unsupported('how many axes it cuts');
}

/** Finds the length of a cut axis out; the result gives its start. */
function sliceAtRunTime(op: LowerOp, dim: Index, axis: number, entry: number, step: number) {
  if (step === 0) op.unsupported('a step is 0');
  const [from, to] = [op.input(1), op.input(2)];
  const i64 = (value: number): Expr => literal('i64', value);
  const bound = (scope: Scope, field: Field, low: number, high: number): Expr => {
    const value = cast('i64', scope.at(field, [constant(entry)]));
    const size = indexValue(dim);
    const fromEnd = select(compare('lt', value, i64(0)), binary('add', value, size), value);
    const most = binary('add', size, i64(high));
    return scope.bind('edge', binary('max', binary('min', fromEnd, most), i64(low)));
  };
  const first = (scope: Scope): Expr => bound(scope, from, 0, step < 0 ? -1 : 0);
  let known: Index | undefined;
  const start = (scope: Scope): Index => {
    known ??= scope.checkedIndex('start', first(scope), add(dim, 1), op.id);
    return known;
  };
  const length = (scope: Scope): Expr => {
    const a = indexValue(start(scope));
    const b = step < 0 ? bound(scope, to, -1, -1) : bound(scope, to, 0, 0);
    const span = step < 0 ? binary('sub', a, b) : binary('sub', b, a);
    const size = Math.abs(step);
    const whole = binary('add', binary('max', span, i64(0)), i64(size - 1));
    return binary('div', whole, i64(size));
  };
  op.find(0, axis, length, step === 1 ? (scope) => subtract(dim, start(scope)) : undefined);
  return start;
}

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
  const lead = shape.length - input.shape.length;
  shape.forEach((_, axis) => {
    if (!op.finds(0, axis)) return;
    const own = indexValue(input.shape[axis - lead] ?? ONE);
    const target = op.input(1);
    const place = axis - (shape.length - lengthOf(op, 1));
    op.find(0, axis, (scope) => {
      if (place < 0) return own;
      const wanted = scope.bind('wanted', scope.at(target, [constant(place)]));
      const one = literal('i64', 1);
      const fits = [
        compare('eq', own, one),
        compare('eq', wanted, one),
        compare('eq', own, wanted),
      ];
      const isSound = fits.reduce((a, b) => binary('or', a, b));
      scope.check(isSound, op.id, 'a size does not expand to the target');
      return select(compare('eq', own, one), wanted, own);
    });
  });
  return [view(op, input, shape, (index) => broadcastIndex(input, shape, index))];
};

const tile: Lowering = (op) => {
  const input = op.input(0);
  input.shape.forEach((dim, axis) => {
    if (!op.finds(0, axis)) return;
    const repeats = op.input(1);
    op.find(0, axis, (scope) => {
      const times = scope.bind('times', scope.at(repeats, [constant(axis)]));
      const few = compare('le', times, literal('i64', MOST_UNBOUNDED));
      scope.check(few, op.id, 'too many repeats');
      return binary('mul', indexValue(dim), times);
    });
  });
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
    input.shape.forEach((dim, place) => place !== axis && op.expectEqual(dim, shape[place]!));
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
  return sameOrder(op);
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  Reshape: reshape,
  Flatten: sameOrder,
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
