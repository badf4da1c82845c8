// Memory of work-groups and their items: what does not fit leaves work-groups to a launch of few items, whose scratch is
// large enough, and is never emitted otherwise.
import { describe, expect, it } from 'vitest';
import { emitGpuKernel } from '../../../../compiler/emit/opencl/emitKernel.ts';
import type { Buffer } from '../../../../compiler/loop/expr.ts';
import { load } from '../../../../compiler/loop/expr.ts';
import { constant, subtract, variable, ZERO } from '../../../../compiler/loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../../../../compiler/loop/ir.ts';
import { globalBuffer, localBuffer, loop, store } from '../../../../compiler/loop/ir.ts';
import { scheduleGpu } from '../../../../compiler/schedule/gpu/scheduleGpu.ts';
import { programOf } from '../../loop/programs.ts';
import { expectSame } from '../transform/equality.ts';
import { GPU } from './judge.ts';

const ROWS = 300;
const [i, k] = [variable('i'), variable('k')];

/** Rows backwards by way of memory of their own. */
function backwards(length: number): LoopProgram {
  const shape = [constant(ROWS), constant(length)];
  const [x, y] = [globalBuffer('x', 'f32', shape), globalBuffer('y', 'f32', shape)];
  const own = localBuffer('own', 'f32', [constant(length)]);
  const each = (variable: string, stmt: Stmt): Stmt => loop(variable, constant(length), [stmt]);
  return programOf(
    [x],
    [y],
    [
      loop(
        'i',
        constant(ROWS),
        [
          { kind: 'local', buffer: own },
          each('k', store(own, [k], load(x, [i, k]))),
          each(
            'j',
            store(
              y,
              [i, variable('j')],
              load(own, [subtract(constant(length - 1), variable('j'))]),
            ),
          ),
        ],
        'parallel',
      ),
    ],
  );
}

const request = { target: GPU, constants: new Set<string>(), layouts: new Map() };

describe('memory of items', () => {
  it.each([
    ['fits', 64, 'group'],
    ['does not', 10_000, 'parallel'],
  ] as const)('%s', (_, length, mode) => {
    const program = backwards(length);
    const scheduled = scheduleGpu(program, request);
    expect(scheduled.program.body.map((stmt) => stmt.kind === 'for' && stmt.mode)).toEqual([mode]);
    if (mode === 'group') expectSame(program, scheduled.program);
    const [launch] = emitGpuKernel('k', scheduled.program).launches;
    expect(launch!.groups !== undefined).toBe(mode === 'group');
    expect(launch!.scratchBytes).toEqual(mode === 'group' ? ZERO : constant(40_000));
  });

  it('is never scratch in a work-group', () => {
    const y = globalBuffer('y', 'f32', [constant(ROWS), constant(32)]);
    const own: Buffer = localBuffer('own', 'f32', [constant(10_000)]);
    const item = loop(
      'k',
      constant(32),
      [
        { kind: 'local', buffer: own },
        loop('j', constant(10_000), [store(own, [variable('j')], load(y, [i, k]))]),
        store(y, [i, k], load(own, [k])),
      ],
      'item',
    );
    const program = programOf([], [y], [loop('i', constant(ROWS), [item], 'group')]);
    expect(() => emitGpuKernel('k', program)).toThrow('more memory than it has');
  });
});
