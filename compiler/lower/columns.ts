/**
 * Windows put back and sizes fitted: Col2Im 18, CenterCropPad 18, MaxUnpool 22.
 */
import type { Expr } from '../loop/expr.ts';
import { cast, indexValue, literal } from '../loop/expr.ts';
import type { Index, IndexCondition } from '../loop/indexExpr.ts';
import {
  add,
  atMost,
  constant,
  equal,
  floorDiv,
  less,
  mod,
  multiply,
  product,
  subtract,
  ZERO,
} from '../loop/indexExpr.ts';
import { registerType } from '../loop/scalarType.ts';
import { axesIn } from '../ops/axes.ts';
import type { Lowering } from './lowerOp.ts';
import { flatten, unflatten } from './movement.ts';
import { plus } from './terms.ts';

/** Each cell of the image gathers the entries of all blocks that cover it. */
const col2Im: Lowering = (op) => {
  const input = op.input(0);
  const image = op.knownNumbers(1, 'the shape of the image');
  const block = op.knownNumbers(2, 'the shape of a block');
  const list = (name: string, fallback: number, count = image.length): readonly number[] =>
    op.ints(name) ?? new Array<number>(count).fill(fallback);
  const [strides, dilations] = [list('strides', 1), list('dilations', 1)];
  const pads = list('pads', 0, 2 * image.length);
  /** Blocks along each axis. */
  const counts = image.map((size, i) => {
    const reach = (block[i]! - 1) * dilations[i]! + 1;
    const padded = size + pads[i]! + pads[i + image.length]!;
    return constant(Math.max(0, Math.floor((padded - reach) / strides[i]!) + 1));
  });
  const total = product(counts);
  const given = input.shape[2]!;
  if (total.kind !== 'constant' || given.kind !== 'constant' || total.value !== given.value) {
    op.unsupported('a number of blocks that does not fit the image');
  }
  const blockDims = block.map(constant);
  const type = registerType(input.storage);
  return [
    op.make({
      shape: op.outputDims(),
      storage: op.outputStorage(),
      cost: 'heavy',
      element: (scope, [n, c, ...place]) =>
        scope.fold('acc', literal(type, 0), blockDims, (inner, tap, soFar) => {
          const reach = place.map((at, i) =>
            subtract(add(at, pads[i]!), multiply(tap[i]!, dilations[i]!)),
          );
          const from = reach.map((r, i) => floorDiv(r, strides[i]!));
          const conditions: IndexCondition[] = [
            ...reach.flatMap((r, i) => (strides[i] === 1 ? [] : [equal(mod(r, strides[i]!), 0)])),
            ...from.flatMap((at, i) => [atMost(ZERO, at), less(at, counts[i]!)]),
          ];
          const row = add(multiply(c!, product(blockDims)), flatten(tap, blockDims));
          return inner.choose(
            conditions,
            (inside) => plus(soFar, inside.at(input, [n!, row, flatten(from, counts)])),
            () => soFar,
          );
        }),
    }),
  ];
};

/** Cut or padded with zeros around the middle; the odd cell is at the end. */
const centerCropPad: Lowering = (op) => {
  const input = op.input(0);
  const shape = op.outputDims();
  const stated = op.ints('axes');
  const axes = stated
    ? (axesIn(stated, shape.length) ?? op.unsupported('its axes'))
    : shape.map((_, axis) => axis);
  const type = registerType(input.storage);
  const moves = shape.map((to, axis): { shift: Index; before?: Index; after?: Index } => {
    const from = input.shape[axis]!;
    if (!axes.includes(axis)) return { shift: ZERO };
    if (from.kind !== 'constant' || to.kind !== 'constant') {
      return op.unsupported('a symbolic axis is fitted');
    }
    if (to.value <= from.value) return { shift: constant(Math.floor((from.value - to.value) / 2)) };
    const before = Math.floor((to.value - from.value) / 2);
    return {
      shift: constant(-before),
      before: constant(before),
      after: constant(before + from.value),
    };
  });
  return [
    op.make({
      shape,
      storage: op.outputStorage(),
      cost: 'light',
      breaks: moves.map(({ before, after }) =>
        [before, after].filter(
          (cut): cut is Index => cut !== undefined && !(cut.kind === 'constant' && cut.value === 0),
        ),
      ),
      element: (scope, index) => {
        const at = index.map((part, axis) => add(part, moves[axis]!.shift));
        const conditions = moves.flatMap(({ before, after }, axis) =>
          before === undefined || after === undefined
            ? []
            : [atMost(before, index[axis]!), less(index[axis]!, after)],
        );
        return scope.choose(
          conditions,
          (inside) => inside.at(input, at),
          (): Expr => literal(type, 0),
        );
      },
    }),
  ];
};

/** Values go back to where MaxPool found them; positions count in the shape that the pool had, without `output_shape`. */
const maxUnpool: Lowering = (op) => {
  const [input, positions] = [op.input(0), op.input(1)];
  const kernel = op.ints('kernel_shape') ?? op.unsupported('kernel_shape is missing');
  const shape = op.outputDims();
  const pads = op.ints('pads');
  const dims = input.shape.map((dim, axis): Index => {
    const i = axis - 2;
    if (i < 0) return dim;
    const padding = (pads?.[i] ?? 0) + (pads?.[i + kernel.length] ?? 0);
    const stride = op.ints('strides')?.[i] ?? 1;
    return add(multiply(subtract(dim, 1), stride), kernel[i]! - padding);
  });
  const type = registerType(input.storage);
  return op.procedure([{ shape, storage: op.outputStorage() }], (scope, [out]) => {
    scope.loops('i', shape, (inner, index) => inner.store(out!, index, literal(type, 0)));
    scope.loops('j', input.shape, (inner, index) => {
      const given = cast('i64', inner.at(positions, index));
      const flat = inner.checkedIndex('at', given, inner.simplify(product(dims)), op.id);
      const place = unflatten(flat, dims).map((part, axis) =>
        inner.checkedIndex('place', indexValue(part), shape[axis]!, op.id),
      );
      inner.store(out!, place, inner.at(input, index));
    });
  });
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  Col2Im: col2Im,
  CenterCropPad: centerCropPad,
  MaxUnpool: maxUnpool,
};
