// Kernels as C text: readable, harmless whatever the model is called, and only of proven programs.
import { describe, expect, it } from 'vitest';
import { emitCKernel, translationUnit } from '../../../../compiler/emit/c/emitKernel.ts';
import {
  commentText,
  headerComment,
  lineComment,
} from '../../../../compiler/emit/c/safeComment.ts';
import { literal, load } from '../../../../compiler/loop/expr.ts';
import { add, constant, size, variable } from '../../../../compiler/loop/indexExpr.ts';
import { globalBuffer, localBuffer, loop, store } from '../../../../compiler/loop/ir.ts';
import { programOf, rowSums, run } from '../../loop/programs.ts';
import { cCompiler, compileAndRun } from './compileAndRun.ts';

const HOSTILE = [
  '*/ int evil;',
  '??/',
  'a\\',
  'a\nb\r\u2028c',
  '/* /*/ **/',
  '*',
  '\u0000é😀',
  '*\\/',
  '/'.repeat(300),
];

describe('comments', () => {
  it('hold one printable line, whatever the text', () => {
    for (const text of HOSTILE) {
      const safe = commentText(text);
      expect(safe).toMatch(/^[ -~]*$/);
      expect(safe).not.toMatch(/\*\/|\/\*|\?\?|\\/);
      expect(lineComment(text).indexOf('*/')).toBe(lineComment(text).length - 2);
    }
    const comment = headerComment(HOSTILE);
    expect(comment.indexOf('*/')).toBe(comment.length - 2);
    expect(comment.split('\n')).toHaveLength(HOSTILE.length + 2);
  });
});

describe('kernels in C', () => {
  it('read like written by hand', () => {
    expect(emitCKernel('kernel0', rowSums()).code).toBe(`\
static int32_t kernel0_phase0(const fusion_args *args, int64_t begin, int64_t end, int thread) {
  const float *const x = args->buffers[0];
  float *const out = args->buffers[1];
  for (int64_t i = begin; i < end; i++) {
    float sum = 0.0f;
    for (int64_t k = 0; k < 3; k++) {
      sum = sum + x[3 * i + k];
    }
    out[i] = sum;
  }
  return 0;
}

int32_t kernel0(const fusion_run *run, void *const *buffers, const int64_t *sizes) {
  const fusion_args args = {run, buffers, sizes};
  const int64_t n = sizes[0];
  int32_t code;
  code = run->parallel(run->pool, kernel0_phase0, &args, n, 10);
  if (code != 0) return code;
  return 0;
}`);
  });

  it('are refused where an access is not proven in range', () => {
    const out = globalBuffer('out', 'f32', [size('n')]);
    const body = [store(out, [constant(5)], literal('f32', 1))];
    expect(() => emitCKernel('kernel0', programOf([], [out], body, { n: 1 }))).toThrow(/proven/);
  });

  it('give names that mean something in C another form', () => {
    const [x, out] = ['int', 'add_f32'].map((name) => globalBuffer(name, 'f32', [constant(2)]));
    const at = [variable('main')];
    const body = [loop('main', constant(2), [store(out!, at, load(x!, at))])];
    const { code } = emitCKernel('kernel0', programOf([x!], [out!], body));
    expect(code).toContain('add_f32_[main_] = int_[main_];');
  });
});

describe.skipIf(cCompiler() === undefined)('kernels in C, compiled', () => {
  it('keep large and varying locals in the scratch of their thread', () => {
    const [i, j] = [variable('i'), variable('j')];
    const x = globalBuffer('x', 'f32', [size('n')]);
    const out = globalBuffer('out', 'f32', [size('n')]);
    const large = localBuffer('large', 'f64', [constant(5000)]);
    const varying = localBuffer('varying', 'f32', [add(i, 1)]);
    const body = [
      loop(
        'i',
        size('n'),
        [
          { kind: 'local', buffer: large },
          { kind: 'local', buffer: varying },
          loop('j', add(i, 1), [store(varying, [j], load(x, [j]))]),
          store(large, [constant(4999)], literal('f64', 1)),
          store(out, [i], load(varying, [i])),
        ],
        'parallel',
      ),
    ];
    const program = programOf([x], [out], body as never, { n: 1 });
    const kernel = emitCKernel('kernel0', program);
    const inputs = [[1, 2, 3, 4, 5]];
    const results = compileAndRun([{ kernel, inputs, sizes: { n: 5 } }]);
    expect(results).toEqual([{ code: 0, outputs: run(program, inputs, { n: 5 }) }]);
    expect(translationUnit([kernel], HOSTILE)).toContain('scratch + 40000');
  });
});
