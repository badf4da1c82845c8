// Transforms of single loops and of their order: each keeps what a program computes, or refuses.
import { describe, expect, it } from 'vitest';
import { binary, literal, load, read } from '../../../../compiler/loop/expr.ts';
import { add, constant, size, variable } from '../../../../compiler/loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../../../../compiler/loop/ir.ts';
import { globalBuffer, localBuffer, loop, store } from '../../../../compiler/loop/ir.ts';
import { printProgram } from '../../../../compiler/loop/print.ts';
import { fuseLoops } from '../../../../compiler/schedule/transform/fuseLoops.ts';
import {
  boundReductions,
  pushIntoBranches,
} from '../../../../compiler/schedule/transform/guards.ts';
import type { Loop, Place } from '../../../../compiler/schedule/transform/place.ts';
import { Refused, rewriteLoop, rootPlace } from '../../../../compiler/schedule/transform/place.ts';
import { relayout } from '../../../../compiler/schedule/transform/relayout.ts';
import { collapse, reorder } from '../../../../compiler/schedule/transform/reorder.ts';
import { shareCommon } from '../../../../compiler/schedule/transform/shareCommon.ts';
import { shrinkLocals } from '../../../../compiler/schedule/transform/shrinkLocals.ts';
import {
  conditionCuts,
  splitByConditions,
} from '../../../../compiler/schedule/transform/splitByConditions.ts';
import {
  cutLoop,
  splitLoop,
  unrollLoop,
} from '../../../../compiler/schedule/transform/splitLoop.ts';
import { unrollAndJam } from '../../../../compiler/schedule/transform/unrollAndJam.ts';
import { programOf, rowSums } from '../../loop/programs.ts';
import { input, node } from '../../onnx/protoWriter.ts';
import { expectSame, lowered } from './equality.ts';

type Rewrite = (loop: Loop, place: Place) => readonly Stmt[];

function changed(program: LoopProgram, name: string, rewrite: Rewrite): LoopProgram {
  return rewriteLoop(program, name, rewrite);
}

function pool(): LoopProgram {
  return lowered({
    inputs: [input('x', 'float32', [1, 2, 7, 9])],
    nodes: [node('MaxPool', ['x'], ['y'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] })],
    outputs: ['y'],
  });
}

function conv(): LoopProgram {
  return lowered({
    inputs: [input('x', 'float32', [1, 3, 6, 7]), input('w', 'float32', [2, 3, 3, 3])],
    nodes: [node('Conv', ['x', 'w'], ['y'], { pads: [1, 1, 1, 1], strides: [2, 1] })],
    outputs: ['y'],
  });
}

describe('one loop', () => {
  it.each([1, 2, 3, 4, 100])('in steps of %i', (factor) => {
    const program = rowSums();
    for (const name of ['i', 'k']) {
      const result = changed(program, name, (it, place) => splitLoop(it, factor, place));
      for (const n of [1, 2, 7, 8]) expectSame(program, result, { sizes: { n } });
    }
    expect(() => changed(program, 'k', (it, place) => splitLoop(it, 0, place))).toThrow(Refused);
  });

  it('without a remainder where the extent divides', () => {
    const program = pool();
    const result = changed(program, 'i1', (it, place) => splitLoop(it, 7, place));
    expect(printProgram(result).match(/for i1i/g)).toHaveLength(1);
    expectSame(program, result);
  });

  it('cut at given points', () => {
    const program = pool();
    const result = changed(program, 'i2', (it, place) => cutLoop(it, [2, 3].map(constant), place));
    expectSame(program, result);
  });

  it('written out', () => {
    const program = conv();
    const result = changed(program, 'k4', (it, place) => unrollLoop(it, place));
    expectSame(program, result);
    expect(printProgram(result)).not.toContain('k4');
    const sizes = rowSums();
    expect(() => changed(sizes, 'i', (it, place) => unrollLoop(it, place))).toThrow(/not constant/);
  });

  it('refused transforms leave names as they were', () => {
    const program = conv();
    const place = rootPlace(program);
    const [nest] = program.body;
    if (nest?.kind !== 'for') throw new Error('a loop');
    expect(() => unrollAndJam(nest, 1000, place)).not.toThrow();
    const again = rootPlace(program);
    expect(() => unrollLoop({ ...nest, extent: size('n') }, again)).toThrow(Refused);
    expect(again.names.fresh('i0')).toBe('i0_1');
  });
});

describe('the order of loops', () => {
  it('output loops change places', () => {
    const program = conv();
    const result = changed(program, 'i0', (it, place) => [reorder(it, ['i2', 'i0', 'i1'], place)]);
    expectSame(program, result);
    expect(printProgram(result)).toMatch(/for i2 < 7\n +for i0 < 2 parallel\n +for i1 < 3/);
  });

  it('reduction loops change places where they only accumulate', () => {
    const program = conv();
    const name = /for (k\d+) < 3/.exec(printProgram(program))![1]!;
    const pushed = { ...program, body: pushIntoBranches(program.body) };
    expectSame(program, pushed);
    const inner = Number(name.slice(1)) + 2;
    const result = changed(pushed, name, (it, place) => [reorder(it, [`k${inner}`, name], place)]);
    expectSame(program, result, { tolerance: 1e-6 });
  });

  it('refuses loops that carry values', () => {
    const x = globalBuffer('x', 'f32', [constant(4), constant(5)]);
    const [i, j] = [variable('i'), variable('j')];
    const body = loop('i', constant(3), [
      loop('j', constant(4), [store(x, [add(i, 1), j], load(x, [i, add(j, 1)]))]),
    ]);
    const program = programOf([], [x], [body]);
    expect(() => changed(program, 'i', (it, place) => [reorder(it, ['j', 'i'], place)])).toThrow(
      /same elements of x/,
    );
    expect(() => changed(program, 'i', (it, place) => unrollAndJam(it, 2, place))).toThrow(Refused);
  });

  it('nested loops as one', () => {
    const program = conv();
    for (const count of [2, 3]) {
      const result = changed(program, 'i0', (it, place) => [collapse(it, count, place)]);
      expectSame(program, result);
      expect(printProgram(result)).toMatch(/for i0x < (6|42) parallel/);
    }
    expect(() => changed(program, 'i0', (it, place) => [collapse(it, 4, place)])).toThrow(Refused);
  });
});

describe('conditions', () => {
  it('padding is cut off: no condition is left in the middle', () => {
    const program = pool();
    const [nest] = program.body;
    const rows = nest?.kind === 'for' ? nest.body[0] : undefined;
    if (rows?.kind !== 'for') throw new Error('a loop');
    expect(conditionCuts(rows)).toEqual([1, 6]);
    const result = changed(program, 'i1', (it, place) => splitByConditions(it, place));
    expectSame(program, result);
    const both = changed(result, 'i2', (it, place) => splitByConditions(it, place));
    expectSame(program, both);
    expect(changed(program, 'i1', (it, place) => splitByConditions(it, place, 2))).toEqual(program);
  });

  it('conditions on taps become bounds of their loops', () => {
    for (const program of [conv(), pool()]) {
      const place = rootPlace(program);
      const body = boundReductions(pushIntoBranches(program.body), place);
      const result = { ...program, body };
      expectSame(program, result);
      expect(printProgram(result)).not.toContain('if ');
      expect(printProgram(result)).toContain('min(');
    }
  });
});

describe('values', () => {
  const x = globalBuffer('x', 'f32', [constant(2)]);
  const out = globalBuffer('out', 'f32', [constant(2)]);
  const at = (i: number) => load(x, [constant(i)]);

  it('equal ones once, unused ones gone', () => {
    const sum = binary('add', read('a', 'f32'), read('b', 'f32'));
    const program = programOf(
      [x],
      [out],
      [
        { kind: 'let', name: 'a', value: at(0) },
        { kind: 'let', name: 'b', value: at(0) },
        { kind: 'let', name: 'unused', value: at(1) },
        loop('i', constant(2), [
          { kind: 'let', name: 'c', value: at(0) },
          store(out, [variable('i')], binary('mul', sum, read('c', 'f32'))),
        ]),
      ],
    );
    const result = { ...program, body: shareCommon(program.body) };
    expectSame(program, result);
    expect(printProgram(result).match(/let/g)).toHaveLength(1);
  });

  it('not across a store to the buffer, or an assignment', () => {
    const t = localBuffer('t', 'f32', [constant(1)]);
    const first = load(t, [constant(0)]);
    const v = read('v', 'f32');
    const program = programOf(
      [x],
      [out],
      [
        { kind: 'local', buffer: t },
        store(t, [constant(0)], at(0)),
        { kind: 'variable', name: 'v', initial: literal('f32', 1) },
        { kind: 'let', name: 'a', value: binary('add', first, v) },
        store(t, [constant(0)], at(1)),
        { kind: 'let', name: 'b', value: binary('add', first, v) },
        { kind: 'assign', name: 'v', value: literal('f32', 2) },
        { kind: 'let', name: 'c', value: binary('add', first, v) },
        store(out, [constant(0)], binary('sub', read('a', 'f32'), read('b', 'f32'))),
        store(out, [constant(1)], read('c', 'f32')),
      ],
    );
    const result = { ...program, body: shareCommon(program.body) };
    expectSame(program, result);
    expect(printProgram(result).match(/let/g)).toHaveLength(3);
  });

  it('not what a loop changes behind its own back', () => {
    const v = read('v', 'f32');
    const one = literal('f32', 1);
    const program = programOf(
      [x],
      [out],
      [
        { kind: 'variable', name: 'v', initial: literal('f32', 0) },
        { kind: 'let', name: 'a', value: binary('add', v, one) },
        loop('i', constant(2), [
          { kind: 'let', name: 'b', value: binary('add', v, one) },
          { kind: 'assign', name: 'v', value: read('b', 'f32') },
          store(out, [variable('i')], binary('mul', read('a', 'f32'), v)),
        ]),
      ],
    );
    expectSame(program, { ...program, body: shareCommon(program.body) });
  });
});

describe('neighbours', () => {
  function attention(): LoopProgram {
    return lowered({
      inputs: ['q', 'k', 'v'].map((name) => input(name, 'float32', [1, 2, 6, 5])),
      nodes: [
        node('Transpose', ['k'], ['t'], { perm: [0, 1, 3, 2] }),
        node('MatMul', ['q', 't'], ['s']),
        node('Softmax', ['s'], ['p']),
        node('MatMul', ['p', 'v'], ['y']),
      ],
      outputs: ['y'],
    });
  }

  it('scores of a row are consumed where they are made', () => {
    const program = attention();
    const at = program.body.findIndex(({ kind }) => kind === 'for');
    const fused = { ...program, body: fuseLoops(program.body, at, rootPlace(program)) };
    expectSame(program, fused);
    const small = shrinkLocals(fused);
    expectSame(program, small);
    expect(printProgram(small)).toMatch(/local f32 \w+\[6\]/);
    const jammed = rewriteLoop(small, firstInner(small), (it, place) => unrollAndJam(it, 3, place));
    expectSame(program, jammed);
  });

  function firstInner({ body }: LoopProgram): string {
    const nest = body.find(({ kind }) => kind === 'for');
    const rows = nest?.kind === 'for' ? nest.body.find(({ kind }) => kind === 'for') : undefined;
    if (rows?.kind !== 'for') throw new Error('a loop');
    return rows.variable;
  }

  function chain(shift: number, extent = 8): LoopProgram {
    const x = globalBuffer('x', 'f32', [constant(9)]);
    const out = globalBuffer('out', 'f32', [constant(8)]);
    const t = localBuffer('t', 'f32', [constant(9)]);
    const [i, j] = [variable('i'), variable('j')];
    return programOf(
      [x],
      [out],
      [
        { kind: 'local', buffer: t },
        loop('i', constant(extent), [store(t, [i], binary('add', load(x, [i]), load(x, [i])))]),
        loop('j', constant(8), [
          store(out, [j], binary('mul', load(t, [add(j, shift)]), literal('f32', 3))),
        ]),
      ],
    );
  }

  it('a single element becomes a variable', () => {
    const program = chain(0);
    const fused = { ...program, body: fuseLoops(program.body, 1, rootPlace(program)) };
    const small = shrinkLocals(fused);
    expectSame(program, small);
    expect(printProgram(small)).not.toContain('local');
  });

  it('refuses what another iteration wrote, and loops of other extents', () => {
    const fuse = (program: LoopProgram) => fuseLoops(program.body, 1, rootPlace(program));
    expect(() => fuse(chain(1, 9))).toThrow(/differently often/);
    expect(() => fuse(chain(1))).toThrow(/may meet in t/);
    expect(() => fuse(chain(-1))).toThrow(/may meet in t/);
    expect(() => fuseLoops(chain(0).body, 0, rootPlace(chain(0)))).toThrow(/no two loops/);
  });
});

describe('layouts', () => {
  it('refuses layouts that do not cover the tensor', () => {
    const program = pool();
    const rest = [{ axis: 0 }, { axis: 2 }, { axis: 3 }];
    for (const parts of [[], [{ axis: 1, modulo: 1 }], [{ axis: 1, divide: 2 }]]) {
      expect(() => relayout(program, new Map([['in0', [...rest, ...parts]]]))).toThrow(Refused);
    }
    const layouts = new Map([
      ['in0', [...rest, { axis: 1 }]],
      ['out0', [...rest, { axis: 1 }]],
    ]);
    expectSame(program, relayout(program, layouts), { layouts });
  });
});
