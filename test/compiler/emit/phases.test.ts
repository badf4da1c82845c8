// Phases one after another mean what the program means, and hold no names of each other.
import { describe, expect, it } from 'vitest';
import type { PhasedProgram } from '../../../compiler/emit/kernel.ts';
import { phasesOf } from '../../../compiler/emit/phases.ts';
import type { Scalar } from '../../../compiler/loop/arithmetic.ts';
import type { Expr } from '../../../compiler/loop/expr.ts';
import { binary, broadcast, cast, compare, indexValue } from '../../../compiler/loop/expr.ts';
import { literal, load, read } from '../../../compiler/loop/expr.ts';
import { add, constant, multiply, size, variable, ZERO } from '../../../compiler/loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../../../compiler/loop/ir.ts';
import { globalBuffer, localBuffer, loop, registerTile, store } from '../../../compiler/loop/ir.ts';
import { verifyProgram } from '../../../compiler/loop/verify.ts';
import { programOf, rowSums, run } from '../loop/programs.ts';
import { phasesAsPrograms, runPhases } from './phasesAsPrograms.ts';

const x = globalBuffer('x', 'f32', [size('n')]);
const out = globalBuffer('out', 'f32', [size('n')]);
const at = (name: string): Expr => load(x, [variable(name)]);
const f32 = (value: number): Expr => literal('f32', value);

function same(
  program: LoopProgram,
  inputs: readonly (readonly Scalar[])[],
  sizes: Record<string, number>,
): PhasedProgram {
  expect(verifyProgram(program)).toEqual([]);
  const phased = phasesOf(program);
  expect(runPhases(phased, inputs, sizes)).toEqual(run(program, inputs, sizes));
  // Locals became arguments; the bodies still name them by the local buffer.
  for (const phase of phasesAsPrograms(phased)) {
    const problems = verifyProgram(phase).filter((text) => !text.includes('buffers are declared'));
    expect(problems).toEqual([]);
  }
  return phased;
}

const kinds = ({ phases }: PhasedProgram): string =>
  phases.map(({ parallel }) => (parallel === undefined ? 'serial' : 'parallel')).join(' ');

describe('phases', () => {
  it('of one parallel loop are that loop', () => {
    const phased = same(rowSums(), [[1, 2, 3, 4, 5, 6]], { n: 2 });
    expect(kinds(phased)).toBe('parallel');
    expect(phased.shared).toEqual([]);
  });

  it('make nested parallel loops serial, whatever they stand in', () => {
    const y = globalBuffer('y', 'f32', [size('n'), constant(2)]);
    const inner = loop(
      'j',
      constant(2),
      [store(y, [variable('i'), variable('j')], at('i'))],
      'parallel',
    );
    const guarded: Stmt = {
      kind: 'if',
      condition: compare('eq', literal('i32', 1), literal('i32', 1)),
      then: [inner],
      otherwise: [],
    };
    const body = [loop('i', size('n'), [guarded], 'parallel')];
    const phased = same(programOf([x], [y], body, { n: 1 }), [[1, 2]], { n: 2 });
    expect(JSON.stringify(phased.phases[0]!.body)).not.toContain('parallel');
  });

  it('share locals and a reduced scalar', () => {
    const squares = localBuffer('squares', 'f32', [size('n')]);
    const [i, j, k] = [variable('i'), variable('j'), variable('k')];
    const body: Stmt[] = [
      { kind: 'local', buffer: squares },
      loop('i', size('n'), [store(squares, [i], binary('mul', at('i'), at('i')))], 'parallel'),
      { kind: 'variable', name: 'sum', initial: f32(0) },
      loop('j', size('n'), [
        {
          kind: 'assign',
          name: 'sum',
          value: binary('add', read('sum', 'f32'), load(squares, [j])),
        },
      ]),
      { kind: 'let', name: 'scale', value: binary('div', f32(1), read('sum', 'f32')) },
      loop(
        'k',
        size('n'),
        [store(out, [k], binary('mul', load(squares, [k]), read('scale', 'f32')))],
        'parallel',
      ),
    ];
    const phased = same(programOf([x], [out], body, { n: 1 }), [[1, 2, 3]], { n: 3 });
    expect(kinds(phased)).toBe('parallel serial parallel');
    expect(phased.shared.map(({ name }) => name)).toEqual(['squares', 'scale_shared']);
  });

  it('compute index names and constants again, without a phase for them', () => {
    const body: Stmt[] = [
      { kind: 'letIndex', name: 'twice', value: multiply(size('n'), 2) },
      { kind: 'let', name: 'c', value: cast('f32', indexValue(variable('twice'))) },
      { kind: 'let', name: 'd', value: binary('add', read('c', 'f32'), f32(1)) },
      loop('i', size('n'), [store(out, [variable('i')], read('d', 'f32'))], 'parallel'),
    ];
    const phased = same(programOf([x], [out], body, { n: 1 }), [[1, 2]], { n: 2 });
    expect(kinds(phased)).toBe('parallel');
    expect(phased.shared).toEqual([]);
    expect(phased.phases[0]!.before.map(({ kind }) => kind)).toEqual(['letIndex', 'let', 'let']);
  });

  it('resolve extents and shapes to sizes', () => {
    const pad = localBuffer('pad', 'f32', [variable('more')]);
    const body: Stmt[] = [
      { kind: 'letIndex', name: 'more', value: add(size('n'), 1) },
      { kind: 'local', buffer: pad },
      loop('i', variable('more'), [store(pad, [variable('i')], f32(3))], 'parallel'),
      loop('j', size('n'), [store(out, [variable('j')], load(pad, [variable('j')]))], 'parallel'),
    ];
    const phased = same(programOf([x], [out], body, { n: 1 }), [[1, 2]], { n: 2 });
    expect(phased.shared[0]!.shape).toEqual([add(size('n'), 1)]);
    expect(phased.phases[0]!.parallel!.extent).toEqual(add(size('n'), 1));
  });

  it('pass an index found in memory on, still checked', () => {
    const which = globalBuffer('which', 'i64', [constant(1)]);
    const body: Stmt[] = [
      {
        kind: 'checkedIndex',
        name: 'p',
        value: load(which, [ZERO]),
        extent: size('n'),
        operator: 'gather',
      },
      { kind: 'letIndex', name: 'q', value: variable('p') },
      loop('i', size('n'), [store(out, [variable('i')], at('q'))], 'parallel'),
      // As many iterations as memory says: no thread but one can know.
      loop('j', variable('q'), [store(out, [ZERO], at('j'))], 'parallel'),
    ];
    const phased = same(programOf([x, which], [out], body, { n: 1 }), [[1, 2, 3], [2n]], { n: 3 });
    expect(kinds(phased)).toBe('serial parallel serial');
    expect(phased.phases[1]!.before.map(({ kind }) => kind)).toEqual(['checkedIndex', 'letIndex']);
  });

  it('carry variables that several serial phases change, and vectors', () => {
    const wide = globalBuffer('wide', 'f32', [constant(4)]);
    const assign = (value: Expr): Stmt => ({ kind: 'assign', name: 'v', value });
    const v = read('v', 'f32', 4);
    const body: Stmt[] = [
      { kind: 'variable', name: 'v', initial: broadcast(f32(1), 4) },
      loop('i', size('n'), [store(out, [variable('i')], f32(1))], 'parallel'),
      assign(binary('add', v, load(wide, [ZERO], 4))),
      loop('j', size('n'), [store(out, [variable('j')], at('j'))], 'parallel'),
      assign(binary('mul', v, v)),
      store(wide2, [ZERO], v),
    ];
    const program = programOf([x, wide], [out, wide2], body, { n: 1 });
    const phased = same(
      program,
      [
        [1, 2],
        [1, 2, 3, 4],
      ],
      { n: 2 },
    );
    expect(kinds(phased)).toBe('serial parallel serial parallel serial');
    expect(phased.shared).toHaveLength(1);
  });

  it('keep a register tile in the phase that uses it', () => {
    const tile = registerTile('tile', 'f32', [2], 4);
    const body: Stmt[] = [
      { kind: 'local', buffer: tile },
      store(tile, [ZERO], broadcast(f32(2), 4)),
      store(wide2, [ZERO], load(tile, [ZERO])),
    ];
    const phased = same(programOf([], [wide2], body), [], {});
    expect(phased.shared).toEqual([]);
  });

  it('refuse iterations that assign a variable of all', () => {
    const body: Stmt[] = [
      { kind: 'variable', name: 'v', initial: f32(0) },
      loop('i', size('n'), [{ kind: 'assign', name: 'v', value: at('i') }], 'parallel'),
      store(out, [ZERO], read('v', 'f32')),
    ];
    expect(() => phasesOf(programOf([x], [out], body, { n: 1 }))).toThrow(/assigns v/);
  });
});

const wide2 = globalBuffer('wide2', 'f32', [constant(4)]);
