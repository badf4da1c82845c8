// The meaning of the loop IR: hand-computed results, and every way in which a program can be wrong.
import { describe, expect, it } from 'vitest';
import type { BinaryOp, UnaryOp } from '../../../compiler/loop/expr.ts';
import {
  binary,
  broadcast,
  cast,
  compare,
  compareIndex,
  lane,
  literal,
  load,
  pack,
  read,
  reduceLanes,
  select,
  unary,
} from '../../../compiler/loop/expr.ts';
import { add, constant, less, multiply, size, variable } from '../../../compiler/loop/indexExpr.ts';
import { RunError, StepLimitError } from '../../../compiler/loop/interpret.ts';
import {
  branch,
  globalBuffer,
  localBuffer,
  loop,
  registerTile,
  store,
} from '../../../compiler/loop/ir.ts';
import type { ScalarType, StorageType } from '../../../compiler/loop/scalarType.ts';
import { verifyProgram } from '../../../compiler/loop/verify.ts';
import { programOf, rowSums, run, scalarProgram } from './programs.ts';

function unaryOf(op: UnaryOp, type: ScalarType, a: number | bigint) {
  const result = op === 'isNaN' || op === 'isInfinite' ? 'bool' : type;
  return run(
    scalarProgram(result, [type], (x) => unary(op, x!)),
    [[a]],
  )[0]![0];
}
function binaryOf(op: BinaryOp, type: ScalarType, a: number | bigint, b: number | bigint) {
  return run(
    scalarProgram(type, [type, type], (x, y) => binary(op, x!, y!)),
    [[a], [b]],
  )[0]![0];
}
function castOf(from: StorageType, to: ScalarType, a: number | bigint) {
  return run(
    scalarProgram(to, [from], (x) => cast(to, x!)),
    [[a]],
  )[0]![0];
}

describe('arithmetic', () => {
  it('rounds every f32 result', () => {
    expect(binaryOf('add', 'f32', 2 ** 24, 1)).toBe(2 ** 24);
    expect(binaryOf('add', 'f64', 2 ** 24, 1)).toBe(2 ** 24 + 1);
    expect(binaryOf('mul', 'f32', 3e38, 10)).toBe(Infinity);
    expect(unaryOf('exp', 'f32', 1)).toBe(Math.fround(Math.E));
  });

  it.each([
    ['add', 'i8', 127, 1, -128],
    ['add', 'u8', 255, 1, 0],
    ['sub', 'u8', 0, 1, 255],
    ['mul', 'i16', 300, 300, 24464],
    ['mul', 'i32', 65536, 65537, 65536],
    ['mul', 'u32', 65537, 65537, 131073],
    ['add', 'i64', 2n ** 63n - 1n, 1n, -(2n ** 63n)],
    ['sub', 'u64', 0n, 1n, 2n ** 64n - 1n],
    ['div', 'i32', -7, 2, -3],
    ['div', 'i32', 7, 0, 0],
    ['div', 'i32', -(2 ** 31), -1, -(2 ** 31)],
    ['rem', 'i32', -7, 3, -1],
    ['floorMod', 'i32', -7, 3, 2],
    ['floorMod', 'i32', 7, -3, -2],
    ['floorMod', 'i64', 5n, 0n, 0n],
    ['pow', 'i32', 3, 4, 81],
    ['pow', 'i32', 2, -1, 0],
    ['pow', 'i64', 3n, 41n, BigInt.asIntN(64, 3n ** 41n)],
    ['shl', 'u8', 129, 1, 2],
    ['shl', 'i32', 1, 40, 0],
    ['shr', 'i32', -5, 1, -3],
    ['xor', 'i32', 6, 3, 5],
    ['and', 'bool', 1, 0, 0],
    ['xor', 'bool', 1, 0, 1],
    ['floorMod', 'f32', -7, 3, 2],
    ['rem', 'f32', -7, 3, -1],
    ['min', 'i64', 3n, -4n, -4n],
  ] as const)('%s of %s', (op, type, a, b, expected) => {
    expect(binaryOf(op, type, a, b)).toBe(expected);
  });

  it('takes NaN through min and max, and 1 to any power is 1', () => {
    expect(binaryOf('max', 'f32', Number.NaN, 1)).toBeNaN();
    expect(binaryOf('min', 'f32', 1, Number.NaN)).toBeNaN();
    expect(binaryOf('pow', 'f32', 1, Number.NaN)).toBe(1);
  });

  it.each([
    ['neg', 'i8', -128, -128],
    ['abs', 'i64', -3n, 3n],
    ['sign', 'i32', -3, -1],
    ['sign', 'f32', 0, 0],
    ['bitNot', 'u8', 1, 254],
    ['not', 'bool', 1, 0],
    ['round', 'f32', 2.5, 2],
    ['round', 'f32', -0.5, -0],
    ['round', 'f32', 3.5, 4],
    ['isNaN', 'f32', Number.NaN, 1],
    ['isInfinite', 'f32', -Infinity, 1],
    ['roundF16', 'f32', 2049, 2048],
    ['roundF16', 'f32', 65520, Infinity],
    ['roundF16', 'f32', 2 ** -25, 0],
    ['roundBf16', 'f32', 1.00390625, 1],
  ] as const)('%s of %s', (op, type, a, expected) => {
    expect(unaryOf(op, type, a)).toBe(expected);
  });

  it('knows erf to the last bit of f32', () => {
    // Values of DLMF and Abramowitz-Stegun table 7.1.
    expect(unaryOf('erf', 'f64', 0.5)).toBeCloseTo(0.5204998778130465, 15);
    expect(unaryOf('erf', 'f64', -1)).toBeCloseTo(-0.8427007929497149, 15);
    expect(unaryOf('erf', 'f64', 3)).toBeCloseTo(0.9999779095030014, 15);
  });

  it.each([
    ['f32', 'i32', -1.7, -1],
    ['f32', 'u8', 300.5, 255],
    ['f32', 'u8', -3, 0],
    ['f32', 'i64', 1e30, 2n ** 63n - 1n],
    ['f32', 'i32', Number.NaN, 0],
    ['i32', 'u8', 257, 1],
    ['i64', 'i32', 2n ** 32n + 5n, 5],
    ['u32', 'i64', 4294967295, 4294967295n],
    ['i64', 'f32', 16777217n, 16777216],
    ['i64', 'f32', 2n ** 53n + 2n ** 29n + 1n, 2 ** 53 + 2 ** 30],
    ['f32', 'bool', -0.5, 1],
    ['bool', 'f32', 1, 1],
    ['f16', 'f32', 0.1, 0.0999755859375],
  ] as const)('casts %s to %s', (from, to, a, expected) => {
    expect(castOf(from, to, a)).toBe(expected);
  });
});

describe('programs', () => {
  it('sums rows under a symbolic extent', () => {
    const program = rowSums();
    expect(verifyProgram(program)).toEqual([]);
    expect(run(program, [[1, 2, 3, 4, 5, 6]], { n: 2 })).toEqual([[6, 15]]);
  });

  it('computes on lanes and register tiles', () => {
    const x = globalBuffer('x', 'f32', [constant(8)]);
    const out = globalBuffer('out', 'f32', [constant(2)]);
    const tile = registerTile('tile', 'f32', [2], 4);
    const i = variable('i');
    const body = [
      { kind: 'local', buffer: tile } as const,
      loop(
        'i',
        constant(2),
        [
          store(
            tile,
            [i],
            binary('mul', load(x, [multiply(i, 4)], 4), broadcast(literal('f32', 2), 4)),
          ),
        ],
        'unrolled',
      ),
      store(out, [constant(0)], reduceLanes('add', load(tile, [constant(0)]))),
      store(
        out,
        [constant(1)],
        lane(
          select(
            compare(
              'gt',
              load(tile, [constant(1)]),
              pack([11, 11, 15, 15].map((v) => literal('f32', v))),
            ),
            load(tile, [constant(1)]),
            broadcast(literal('f32', -1), 4),
          ),
          2,
        ),
      ),
    ];
    const program = programOf([x], [out], body);
    expect(verifyProgram(program)).toEqual([]);
    expect(run(program, [[1, 2, 3, 4, 5, 6, 7, 8]])).toEqual([[20, -1]]);
  });

  it('loops while a condition holds', () => {
    const out = globalBuffer('out', 'i32', []);
    const n = read('n', 'i32');
    const program = programOf(
      [],
      [out],
      [
        { kind: 'variable', name: 'n', initial: literal('i32', 1) },
        {
          kind: 'while',
          condition: compare('lt', n, literal('i32', 100)),
          body: [{ kind: 'assign', name: 'n', value: binary('mul', n, literal('i32', 3)) }],
        },
        store(out, [], n),
      ],
    );
    expect(run(program, [])).toEqual([[243]]);
  });

  it('evaluates one side of a branch only', () => {
    const x = globalBuffer('x', 'f32', [constant(2)]);
    const out = globalBuffer('out', 'f32', [constant(4)]);
    const i = variable('i');
    const body = loop('i', constant(4), [
      branch(
        compareIndex(less(i, 2)),
        [store(out, [i], load(x, [i]))],
        [store(out, [i], literal('f32', 9))],
      ),
    ]);
    expect(run(programOf([x], [out], [body]), [[1, 2]])).toEqual([[1, 2, 9, 9]]);
  });
});

describe('what is wrong', () => {
  const x = globalBuffer('x', 'f32', [constant(2)]);
  const out = globalBuffer('out', 'f32', []);

  it('throws on an access outside a buffer', () => {
    const program = programOf([x], [out], [store(out, [], load(x, [constant(2)]))]);
    expect(() => run(program, [[1, 2]])).toThrow(RangeError);
    const before = programOf([x], [out], [store(out, [], load(x, [constant(-1)]))]);
    expect(() => run(before, [[1, 2]])).toThrow(RangeError);
    const wide = programOf([x], [out], [store(out, [], lane(load(x, [constant(1)], 2), 0))]);
    expect(() => run(wide, [[1, 2]])).toThrow(RangeError);
  });

  it('throws on scratch read before written', () => {
    const tmp = localBuffer('tmp', 'f32', [constant(1)]);
    const program = programOf(
      [],
      [out],
      [{ kind: 'local', buffer: tmp }, store(out, [], load(tmp, [constant(0)]))],
    );
    expect(() => run(program, [])).toThrow('before it is written');
  });

  it('names the operator of a violated index', () => {
    const at = globalBuffer('at', 'i64', []);
    const program = programOf(
      [x, at],
      [out],
      [
        {
          kind: 'checkedIndex',
          name: 'j',
          value: load(at, []),
          extent: constant(2),
          operator: 'gather_7',
        },
        store(out, [], load(x, [variable('j')])),
      ],
    );
    expect(run(program, [[1, 2], [1n]])).toEqual([[2]]);
    for (const bad of [-1n, 2n, 2n ** 62n]) {
      expect(() => run(program, [[1, 2], [bad]])).toThrow(RunError);
    }
    try {
      run(program, [[1, 2], [5n]]);
    } catch (error) {
      expect((error as RunError).operator).toBe('gather_7');
    }
  });

  it('stops endless programs', () => {
    const program = programOf([], [], [{ kind: 'while', condition: literal('bool', 1), body: [] }]);
    expect(() => run(program, [], {}, { maxSteps: 1000 })).toThrow(StepLimitError);
  });

  it('refuses sizes below their promise and buffers of another size', () => {
    expect(() => run(rowSums(), [[]], { n: 0 })).toThrow('below 1');
    expect(() => run(rowSums(), [[1, 2]], { n: 1 })).toThrow('holds 2 elements instead of 3');
  });

  it('refuses index arithmetic beyond exact integers', () => {
    const far = add(multiply(size('n'), 2 ** 52), constant(1));
    const program = programOf([x], [out], [store(out, [], load(x, [far]))], { n: 1 });
    expect(() => run(program, [[1, 2]], { n: 1000 })).toThrow('overflows');
  });
});
