// Every exact operation on every type, on numbers where C would be undefined: as scalars and in vectors. Material for all
// emitters of C-like languages.
import type { Scalar } from '../../../compiler/loop/arithmetic.ts';
import type { BinaryOp, Expr, UnaryOp } from '../../../compiler/loop/expr.ts';
import {
  accepts,
  binary,
  BINARY_OPS,
  broadcast,
  cast,
  compare,
  lane,
  load,
  reduceLanes,
  select,
  unary,
  UNARY_OPS,
} from '../../../compiler/loop/expr.ts';
import { constant, multiply, variable } from '../../../compiler/loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../../../compiler/loop/ir.ts';
import { globalBuffer, loop, store } from '../../../compiler/loop/ir.ts';
import type { ScalarType, StorageType } from '../../../compiler/loop/scalarType.ts';
import {
  integerRange,
  isFloat,
  isInteger,
  isWide,
  registerType,
  SCALAR_TYPES,
} from '../../../compiler/loop/scalarType.ts';
import { cellsOf, elementsOf } from '../../../compiler/loop/memory.ts';
import { programOf } from '../loop/programs.ts';

/** Elements of every input. */
export const COUNT = 256;
export const STORAGES = [
  ...(Object.keys(SCALAR_TYPES) as ScalarType[]),
  'f16',
  'bf16',
] as StorageType[];
const EXACT_FLOAT_OPS = new Set(
  'neg abs sign ceil floor round trunc sqrt isNaN isInfinite roundF16 roundBf16'.split(' '),
);
const FLOATS = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  127,
  127.9,
  128,
  -128,
  -128.9,
  -129,
  255,
  255.9,
  256,
  -0.9,
  32767.5,
  32768,
  65535,
  65536,
  2147483520,
  2147483648,
  -2147483648,
  -2147483904,
  4294967040,
  4294967296,
  9.2233715e18,
  9.223372e18,
  -9.223372e18,
  1.8446743e19,
  1.8446744e19,
  1e30,
  -1e30,
  Infinity,
  -Infinity,
  Number.NaN,
  1e-40,
  65504,
  65520,
  3e-8,
  6e-5,
].map(Math.fround);

/** Numbers of a type that meet all of its corners, in an order that pairs them differently for each `step`. */
export function numbers(storage: StorageType, step: number): readonly Scalar[] {
  const type = registerType(storage);
  const pool = isFloat(type) ? elementsOf(cellsOf(storage, FLOATS)) : corners(type);
  return Array.from(
    { length: COUNT },
    (_, i) => pool[(i * step + ((i * step) >> 5)) % pool.length]!,
  );
}

function corners(type: ScalarType): Scalar[] {
  if (type === 'bool') return [0, 1];
  const [least, most] = integerRange(type);
  const all = [
    least,
    least + 1n,
    least / 2n,
    -2n,
    -1n,
    0n,
    1n,
    2n,
    3n,
    5n,
    7n,
    8n,
    31n,
    32n,
    63n,
    64n,
    100n,
    most / 2n,
  ];
  const fitting = [...all, most - 1n, most].filter((each) => each >= least && each <= most);
  return isWide(type) ? fitting : fitting.map(Number);
}

/** One program: an output for each operation on x and y. */
export function operationsProgram(storage: StorageType, lanes: number): LoopProgram {
  const type = registerType(storage);
  const extent = [constant(COUNT)];
  const [x, y] = [globalBuffer('x', storage, extent), globalBuffer('y', storage, extent)];
  const at = [multiply(variable('i'), lanes)];
  const [a, b] = [load(x, at, lanes), load(y, at, lanes)];
  const results = operations(type, a, b);
  // As read, so as stored.
  const outputs = [
    globalBuffer('copy', storage, extent),
    ...results.map((each, i) => globalBuffer(`out${i}`, each.type, extent)),
  ];
  const stores: Stmt[] = [a, ...results].map((value, i) => {
    if (value.lanes === lanes) return store(outputs[i]!, at, value);
    return store(outputs[i]!, at, broadcast(value, lanes));
  });
  return programOf([x, y], outputs, [loop('i', constant(COUNT / lanes), stores, 'parallel')]);
}

function operations(type: ScalarType, a: Expr, b: Expr): readonly Expr[] {
  const found: Expr[] = [];
  for (const op of Object.keys(BINARY_OPS) as BinaryOp[]) {
    if (op === 'pow' && isFloat(type)) continue;
    if (accepts(BINARY_OPS[op], type)) found.push(binary(op, a, b));
  }
  for (const op of Object.keys(UNARY_OPS) as UnaryOp[]) {
    if (isFloat(type) && !EXACT_FLOAT_OPS.has(op)) continue;
    if (accepts(UNARY_OPS[op], type)) found.push(unary(op, a));
  }
  const orders = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const;
  const compared = orders.map((op) => compare(op, a, b));
  found.push(...compared, select(compared[2]!, a, b));
  for (const to of Object.keys(SCALAR_TYPES) as ScalarType[]) {
    // NaN as a truth value is nobody's business.
    if (to !== type && !(to === 'bool' && isFloat(type))) found.push(cast(to, a));
  }
  if (a.lanes > 1) {
    found.push(lane(a, a.lanes - 1));
    const exact = isInteger(type)
      ? (['add', 'mul', 'min', 'max'] as const)
      : (['min', 'max'] as const);
    if (type !== 'bool') for (const op of exact) found.push(reduceLanes(op, a));
  }
  return found;
}

/** Zeros of both signs are the same number. */
export function same(a: Scalar, b: Scalar): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}
