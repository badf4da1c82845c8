// Simplifying whole programs: before and after as text, results unchanged; and which accesses are proven.
import { describe, expect, it } from 'vitest';
import { unprovenAccesses } from '../../../compiler/loop/bounds.ts';
import { binary, compareIndex, literal, load, select } from '../../../compiler/loop/expr.ts';
import {
  add,
  atMost,
  constant,
  floorDiv,
  less,
  mod,
  multiply,
  size,
  subtract,
  variable,
} from '../../../compiler/loop/indexExpr.ts';
import type { Stmt } from '../../../compiler/loop/ir.ts';
import { branch, globalBuffer, loop, store } from '../../../compiler/loop/ir.ts';
import { printProgram } from '../../../compiler/loop/print.ts';
import { simplifyProgram } from '../../../compiler/loop/simplify.ts';
import { verifyProgram } from '../../../compiler/loop/verify.ts';
import { programOf, rowSums, run } from './programs.ts';

const [i, j] = [variable('i'), variable('j')];
const x = globalBuffer('x', 'f32', [constant(3), constant(4)]);
const out = globalBuffer('out', 'f32', [constant(12)]);

function simplifiedText(...body: Stmt[]): string[] {
  const program = simplifyProgram(programOf([x], [out], body));
  expect(verifyProgram(program)).toEqual([]);
  return printProgram(program)
    .split('\n')
    .slice(3, -1)
    .map((line) => line.slice(2));
}

describe('simplifyProgram', () => {
  it('removes division that loops undo', () => {
    const flat = add(multiply(i, 4), j);
    const at = [floorDiv(flat, 4), mod(flat, 4)];
    const body = loop('i', constant(3), [
      loop('j', constant(4), [store(out, [flat], load(x, at))]),
    ]);
    expect(simplifiedText(body)).toEqual([
      'for i < 3',
      '  for j < 4',
      '    out[i * 4 + j] = x[i, j]',
    ]);
  });

  it('resolves branches and selects by ranges', () => {
    const one = literal('f32', 1);
    const body = loop('i', constant(12), [
      branch(
        compareIndex(less(i, 12)),
        [store(out, [i], one)],
        [store(out, [i], literal('f32', 2))],
      ),
      branch(binary('and', compareIndex(atMost(0, i)), compareIndex(less(i, 5))), [
        store(out, [i], select(compareIndex(less(i, 6)), one, literal('f32', 3))),
      ]),
    ]);
    expect(simplifiedText(body)).toEqual([
      'for i < 12',
      '  out[i] = 1',
      '  if (i < 5)',
      '    out[i] = 1',
    ]);
  });

  it('unwraps single iterations and drops empty loops', () => {
    expect(
      simplifiedText(
        loop('i', constant(1), [store(out, [add(i, 2)], literal('f32', 1))]),
        loop('j', constant(0), [store(out, [j], literal('f32', 1))]),
      ),
    ).toEqual(['out[2] = 1']);
  });

  it('keeps results', () => {
    const program = rowSums();
    const input = [[1, 2, 3, 4, 5, 6]];
    expect(run(simplifyProgram(program), input, { n: 2 })).toEqual(run(program, input, { n: 2 }));
  });
});

describe('unprovenAccesses', () => {
  it('is empty for loops over the whole buffer', () => {
    expect(unprovenAccesses(rowSums())).toEqual([]);
  });

  it('believes branches and checked indices', () => {
    const at = globalBuffer('at', 'i64', []);
    const guard = binary('and', compareIndex(atMost(1, i)), compareIndex(less(i, 4)));
    const program = programOf(
      [x, at],
      [out],
      [
        {
          kind: 'checkedIndex',
          name: 'j',
          value: load(at, []),
          extent: constant(3),
          operator: 'op',
        },
        loop('i', constant(12), [branch(guard, [store(out, [i], load(x, [j, subtract(i, 1)]))])]),
      ],
    );
    expect(unprovenAccesses(program)).toEqual([]);
  });

  it('lists what may leave the buffer', () => {
    const n = size('n');
    const y = globalBuffer('y', 'f32', [n]);
    const program = programOf(
      [y],
      [out],
      [
        loop('i', n, [
          store(out, [constant(0)], load(y, [add(i, 1)])),
          store(out, [i], load(y, [i])),
          store(out, [constant(12)], load(y, [i], 4)),
        ]),
      ],
      { n: 1 },
    );
    expect(unprovenAccesses(program)).toEqual([
      'y[i + 1] of y[n]',
      'out[i] of out[12]',
      'y[i] of y[n]',
      'out[12] of out[12]',
    ]);
  });
});
