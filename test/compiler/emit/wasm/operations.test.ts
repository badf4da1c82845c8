// Every operation of the loop IR on every type and on the values where something special happens, scalar and in
// vectors of several lane counts, against the interpreter.
import { describe, expect, it } from 'vitest';
import type { Scalar } from '../../../../compiler/loop/arithmetic.ts';
import type { BinaryOp, CompareOp, Expr, UnaryOp } from '../../../../compiler/loop/expr.ts';
import {
  accepts,
  binary,
  BINARY_OPS,
  cast,
  compare,
  load,
  select,
  unary,
  UNARY_OPS,
} from '../../../../compiler/loop/expr.ts';
import { constant, multiply, variable } from '../../../../compiler/loop/indexExpr.ts';
import { globalBuffer, loop, store } from '../../../../compiler/loop/ir.ts';
import type { ScalarType, StorageType } from '../../../../compiler/loop/scalarType.ts';
import {
  integerRange,
  isFloat,
  isWide,
  registerType,
  SCALAR_TYPES,
} from '../../../../compiler/loop/scalarType.ts';
import { programOf, run } from '../../loop/programs.ts';
import { differences } from './comparing.ts';
import { runInWasm } from './runInWasm.ts';

const TYPES = Object.keys(SCALAR_TYPES) as ScalarType[];
const LANES = [1, 2, 3, 4, 8, 16];
const COMPARISONS: readonly CompareOp[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'];

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
  3.7,
  -3.7,
  1e-3,
  2 ** -149,
  2 ** -126,
  1e10,
  -1e10,
  3e38,
  -3e38,
  127.5,
  128,
  255.5,
  256,
  -129,
  65503,
  65520,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  2 ** 63,
  -(2 ** 63),
  2 ** 64,
  1e20,
  Infinity,
  -Infinity,
  Number.NaN,
  88,
  89,
  -88,
  -104,
  7,
  -7,
  3,
  2,
];

function valuesOf(type: ScalarType): readonly Scalar[] {
  if (isFloat(type)) return type === 'f32' ? FLOATS.map(Math.fround) : [...FLOATS, 1e300, 1e-310];
  if (type === 'bool') return [0, 1];
  const [least, most] = integerRange(type);
  const near = [
    least,
    least + 1n,
    most,
    most - 1n,
    most / 2n,
    0n,
    1n,
    2n,
    3n,
    5n,
    7n,
    31n,
    33n,
    100n,
  ];
  if (least < 0n) near.push(-1n, -2n, -3n, -7n, -100n);
  return isWide(type) ? [...near, 2n ** 53n + 1n, 63n, 64n] : near.map(Number);
}

/** All pairs as two columns, padded to a multiple of 48. */
function pairs(type: ScalarType): readonly [Scalar[], Scalar[]] {
  const values = valuesOf(type);
  const [a, b]: [Scalar[], Scalar[]] = [[], []];
  for (const x of values)
    for (const y of values) {
      a.push(x);
      b.push(y);
    }
  while (a.length % 48 !== 0) {
    a.push(values[0]!);
    b.push(values[0]!);
  }
  return [a, b];
}

/** Several results of the same operands: one output each. */
function columns(
  inputs: readonly StorageType[],
  results: readonly (readonly [storage: StorageType, of: (...operands: Expr[]) => Expr])[],
  count: number,
  lanes: number,
) {
  const buffers = inputs.map((storage, i) => globalBuffer(`in${i}`, storage, [constant(count)]));
  const outputs = results.map(([storage], i) =>
    globalBuffer(`out${i}`, storage, [constant(count)]),
  );
  const at = [multiply(variable('i'), lanes)];
  const operands = buffers.map((buffer) => load(buffer, at, lanes));
  const body = results.map(([, of], i) => store(outputs[i]!, at, of(...operands)));
  return programOf(buffers, outputs, [loop('i', constant(count / lanes), body)]);
}

/** What `name` gives may be off by so many ulps of f32, or relatively in f64. */
const ULPS: Partial<Record<string, number>> = {
  exp: 1,
  expm1: 3,
  log: 1,
  log1p: 3,
  erf: 2,
  tanh: 5,
  pow: 1,
};

describe.each(TYPES)('%s', (type) => {
  const [a, b] = pairs(type);
  const binaries = (Object.keys(BINARY_OPS) as BinaryOp[]).filter((op) =>
    accepts(BINARY_OPS[op], type),
  );
  const unaries = (Object.keys(UNARY_OPS) as UnaryOp[]).filter((op) =>
    accepts(UNARY_OPS[op], type),
  );
  const results: (readonly [string, StorageType, (...operands: Expr[]) => Expr])[] = [
    ...binaries.map((op) => [op, type, (x: Expr, y: Expr) => binary(op, x, y)] as const),
    ...unaries.map((op) => {
      const of = (x: Expr): Expr => unary(op, x);
      return [op, op === 'isNaN' || op === 'isInfinite' ? 'bool' : type, of] as const;
    }),
    ...COMPARISONS.map((op) => [op, 'bool', (x: Expr, y: Expr) => compare(op, x, y)] as const),
    ...TYPES.map((to) => [`to ${to}`, to, (x: Expr) => cast(to, x)] as const),
    ['select', type, (x: Expr, y: Expr) => select(compare('lt', x, y), y, x)] as const,
  ];

  it.each(LANES)('%d lanes', (lanes) => {
    const program = columns(
      [type, type],
      results.map(([, storage, of]) => [storage, of]),
      a.length,
      lanes,
    );
    const expected = run(program, [a, b]);
    const actual = runInWasm(program, [a, b]);
    const wrong = results.flatMap(([name], i) =>
      differences(actual[i]!, expected[i]!, type === 'f32' ? ULPS[name] : 0).map(
        (text) => `${name} ${text}`,
      ),
    );
    expect(wrong).toEqual([]);
  });
});

describe('16-bit floats', () => {
  it.each(LANES)('%d lanes', (lanes) => {
    const [a, b] = pairs('f32');
    for (const storage of ['f16', 'bf16'] as const) {
      const sum = (x: Expr, y: Expr): Expr => binary('mul', x, y);
      const type = registerType(storage);
      const program = columns(
        [storage, type],
        [
          [storage, sum],
          ['f32', sum],
        ],
        a.length,
        lanes,
      );
      const actual = runInWasm(program, [a, b]);
      const expected = run(program, [a, b]);
      expect(actual.flatMap((list, i) => differences(list, expected[i]!))).toEqual([]);
    }
  });
});
