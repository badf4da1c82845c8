// Work-groups made by hand: memory that a group shares, memory of an item that lives across barriers, and checks that fail
// where others wait.
import { describe, expect, it } from 'vitest';
import { emitGpuKernel } from '../../../../compiler/emit/opencl/emitKernel.ts';
import type { Buffer } from '../../../../compiler/loop/expr.ts';
import { binary, compare, literal, load } from '../../../../compiler/loop/expr.ts';
import { add, constant, size, subtract, variable } from '../../../../compiler/loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../../../../compiler/loop/ir.ts';
import { globalBuffer, localBuffer, loop, store } from '../../../../compiler/loop/ir.ts';
import { programOf, run } from '../../loop/programs.ts';
import { openclLacks, suiteName } from './openclLacks.ts';
import type { GpuResult } from './runOnDevice.ts';
import { runOnDevice } from './runOnDevice.ts';

const ITEMS = 32;
const ROUNDS = 3;
const [g, i, k] = [variable('g'), variable('i'), variable('k')];
const rows = size('n');
const width = constant(ITEMS);

const numbersOf = (groups: number): number[] =>
  Array.from({ length: groups * ITEMS }, (_, at) => ((at * 37) % 101) - 50);

const item = (body: readonly Stmt[]): Stmt => loop('i', width, body, 'item');
const inGroup = (body: readonly Stmt[]): Stmt => loop('g', rows, body, 'group');

/** Each row backwards, doubled three times, by way of memory of the group and of items. */
function backwards(): LoopProgram {
  const [x, y] = [globalBuffer('x', 'f32', [rows, width]), globalBuffer('y', 'f32', [rows, width])];
  const shared: Buffer = { ...localBuffer('tile', 'f32', [width]), space: 'group' };
  const own: Buffer = { ...localBuffer('own', 'f32', [width, constant(2)]), space: 'item' };
  const last = constant(ITEMS - 1);
  const [zero, one] = [constant(0), constant(1)];
  const double = (value: ReturnType<typeof load>) => binary('add', value, value);
  return programOf(
    [x],
    [y],
    [
      inGroup([
        { kind: 'local', buffer: shared },
        { kind: 'local', buffer: own },
        item([store(own, [i, zero], load(x, [g, i])), store(own, [i, one], literal('f32', 0))]),
        loop('k', constant(ROUNDS), [
          item([store(shared, [i], double(load(own, [i, zero])))]),
          item([
            store(own, [i, zero], load(shared, [subtract(last, i)])),
            store(own, [i, one], binary('add', load(own, [i, one]), load(shared, [i]))),
          ]),
        ]),
        item([store(y, [g, i], binary('add', load(own, [i, zero]), load(own, [i, one])))]),
      ]),
    ],
    { n: 1 },
  );
}

/** Elements of a table by indices of memory, passed through memory of the group. */
function lookUp(): LoopProgram {
  const [table, at] = [
    globalBuffer('table', 'f32', [width]),
    globalBuffer('at', 'i64', [rows, width]),
  ];
  const y = globalBuffer('y', 'f32', [rows, width]);
  const shared: Buffer = { ...localBuffer('tile', 'f32', [width]), space: 'group' };
  return programOf(
    [table, at],
    [y],
    [
      inGroup([
        { kind: 'local', buffer: shared },
        item([
          {
            kind: 'checkedIndex',
            name: 'place',
            value: load(at, [g, i]),
            extent: width,
            operator: 'pick',
          },
          store(shared, [i], load(table, [variable('place')])),
        ]),
        item([store(y, [g, i], load(shared, [subtract(constant(ITEMS - 1), i)]))]),
      ]),
    ],
    { n: 1 },
  );
}

/** Groups that follow a check of the root, which their accesses rely on. */
function guarded(): LoopProgram {
  const [x, y] = [globalBuffer('x', 'f32', [rows, width]), globalBuffer('y', 'f32', [rows, width])];
  const limit = globalBuffer('limit', 'f32', []);
  const condition = compare('lt', load(limit, []), literal('f32', 1));
  return programOf(
    [x, limit],
    [y],
    [
      { kind: 'check', condition, message: 'the limit is too large', operator: 'guard' },
      inGroup([item([store(y, [g, i], load(x, [g, i]))])]),
      loop('k', constant(1), [store(y, [k, add(k, 1)], literal('f32', 7))], 'parallel'),
    ],
    { n: 1 },
  );
}

describe.skipIf(openclLacks() !== undefined)(suiteName('work-groups in OpenCL'), () => {
  it('share memory and wait for each other', { timeout: 120_000 }, () => {
    const program = backwards();
    const kernel = emitGpuKernel('backwards', program);
    expect(kernel.code.match(/barrier\(/g)).toHaveLength(3);
    const groups = [1, 2, 7];
    const runs = groups.map((n) => ({ kernel, inputs: [numbersOf(n)], sizes: { n } }));
    runOnDevice(runs).forEach(({ code, outputs }, at) => {
      expect(code).toBe(0);
      expect(outputs).toEqual(run(program, runs[at]!.inputs, { n: groups[at]! }));
    });
  });

  it('end where a check fails that others wait behind', { timeout: 120_000 }, () => {
    const program = lookUp();
    const kernel = emitGpuKernel('look_up', program);
    const table = numbersOf(1);
    const n = 4;
    const right = Array.from({ length: n * ITEMS }, (_, at) => BigInt((at * 7) % ITEMS));
    const hostile = [-1n, BigInt(ITEMS), 2n ** 62n, -(2n ** 63n), 2n ** 32n].map((wrong, at) =>
      right.with(ITEMS + 5 * at, wrong),
    );
    const inputs = [right, ...hostile].map((at) => [table, at]);
    const results: readonly GpuResult[] = runOnDevice(
      inputs.map((each) => ({ kernel, inputs: each, sizes: { n } })),
    );
    expect(results[0]!.outputs).toEqual(run(program, inputs[0]!, { n }));
    for (const { code } of results.slice(1)) {
      expect(kernel.checks[code - 1]).toMatchObject({ operator: 'pick' });
    }
  });

  it('do nothing after a check that failed before them', { timeout: 120_000 }, () => {
    const program = guarded();
    const kernel = emitGpuKernel('guarded', program);
    const x = numbersOf(2);
    const [passed, failed] = runOnDevice(
      [0, 1].map((limit) => ({ kernel, inputs: [x, [limit]], sizes: { n: 2 } })),
    );
    expect(passed).toEqual({ code: 0, outputs: run(program, [x, [0]], { n: 2 }) });
    expect(kernel.checks[failed!.code - 1]).toEqual({
      operator: 'guard',
      message: 'the limit is too large',
    });
    // What the test puts there before kernels run.
    expect(new Set(failed!.outputs[0]!).size).toBe(1);
  });
});

describe('checks between barriers', () => {
  it('are refused where no other index would do', () => {
    const program = lookUp();
    const [group] = program.body;
    if (group?.kind !== 'for') throw new Error('no group');
    const [local, first, ...rest] = group.body;
    if (first?.kind !== 'for') throw new Error('no items');
    const condition = compare('lt', literal('f32', 0), literal('f32', 1));
    const check: Stmt = { kind: 'check', condition, message: 'never', operator: 'own' };
    const body = [
      { ...group, body: [local!, { ...first, body: [check, ...first.body] }, ...rest] },
    ];
    expect(() => emitGpuKernel('refused', { ...program, body })).toThrow('between the barriers');
  });
});
