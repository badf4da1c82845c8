// Every check of the verifier, each by a program that breaks just it; and the printed form.
import { describe, expect, it } from 'vitest';
import type { Expr } from '../../../compiler/loop/expr.ts';
import { binary, compareIndex, literal, load, read } from '../../../compiler/loop/expr.ts';
import { constant, less, size, variable } from '../../../compiler/loop/indexExpr.ts';
import type { Stmt } from '../../../compiler/loop/ir.ts';
import { branch, globalBuffer, localBuffer, loop, store } from '../../../compiler/loop/ir.ts';
import { printProgram } from '../../../compiler/loop/print.ts';
import { verifyProgram } from '../../../compiler/loop/verify.ts';
import { programOf, rowSums } from './programs.ts';

const x = globalBuffer('x', 'f32', [constant(4)]);
const out = globalBuffer('out', 'f32', [constant(4)]);
const [zero, i] = [constant(0), variable('i')];
const one = literal('f32', 1);

function problems(...body: Stmt[]): readonly string[] {
  return verifyProgram(programOf([x], [out], body)).map((text) =>
    text.replace('not true that ', ''),
  );
}

describe('verifyProgram', () => {
  it('accepts a sound program', () => {
    expect(verifyProgram(rowSums())).toEqual([]);
  });

  const wrong: readonly (readonly [string, readonly Stmt[]])[] = [
    ['names are bound before use: i in i', [store(out, [i], one)]],
    ['names are bound before use: n in n', [loop('i', size('n'), [])]],
    ['names are bound before use: a', [store(out, [zero], read('a', 'f32'))]],
    [
      'names are bound before use: a',
      [
        branch(compareIndex(less(zero, 1)), [{ kind: 'let', name: 'a', value: one }]),
        store(out, [zero], read('a', 'f32')),
      ],
    ],
    ['names are bound before use: i in i', [loop('i', constant(4), []), store(out, [i], one)]],
    [
      'names are unique: a',
      [
        { kind: 'let', name: 'a', value: one },
        { kind: 'let', name: 'a', value: one },
      ],
    ],
    ['names are identifiers: a;b', [{ kind: 'let', name: 'a;b', value: one }]],
    [
      'reads have the type of their name: a',
      [{ kind: 'let', name: 'a', value: literal('i32', 1) }, store(out, [zero], read('a', 'f32'))],
    ],
    [
      'only variables are assigned: a',
      [
        { kind: 'let', name: 'a', value: one },
        { kind: 'assign', name: 'a', value: one },
      ],
    ],
    [
      'assignments keep the type: a = 2',
      [
        { kind: 'variable', name: 'a', initial: one },
        { kind: 'assign', name: 'a', value: literal('i32', 2) },
      ],
    ],
    ['inputs are not written: x', [store(x, [zero], one)]],
    ['stores fit the buffer: out = 1', [store(out, [zero], literal('i32', 1))]],
    ['accesses have the rank of the buffer: out', [store(out, [zero, zero], one)]],
    ['buffers are declared: t', [store(localBuffer('t', 'f32', []), [], one)]],
    ['scratch is local: global f32 g[]', [{ kind: 'local', buffer: globalBuffer('g', 'f32', []) }]],
    ['conditions are bool: f32x1', [branch(one, [])]],
    [
      'unrolled loops have constant extents: i',
      [
        { kind: 'letIndex', name: 'n', value: constant(3) },
        loop('i', variable('n'), [], 'unrolled'),
      ],
    ],
    [
      'checked indices are integers: j',
      [{ kind: 'checkedIndex', name: 'j', value: one, extent: constant(2), operator: 'o' }],
    ],
    [
      'operands fit: (1 & 1)',
      [store(out, [zero], { ...binary('add', one, one), op: 'and' } as Expr)],
    ],
  ];
  it.each(wrong)('%s', (expected, body) => {
    expect(problems(...body)).toContain(expected);
  });

  it('refuses ill-typed expressions at construction', () => {
    expect(() => binary('add', one, literal('i32', 1))).toThrow(TypeError);
    expect(() => binary('and', one, one)).toThrow(TypeError);
    expect(() => load(x, [zero], 2) && binary('add', load(x, [zero], 2), one)).toThrow(TypeError);
  });
});

describe('printProgram', () => {
  it('is readable', () => {
    expect(printProgram(rowSums())).toBe(
      [
        'program test (n >= 1)',
        '  in  global f32 x[n, 3]',
        '  out global f32 out[n]',
        '  for i < n parallel',
        '    var sum: f32 = 0',
        '    for k < 3',
        '      sum = (sum + x[i, k])',
        '    out[i] = sum',
        '',
      ].join('\n'),
    );
  });
});
