// Kernels as C: what they look like, and that they do what the program means.
import { describe, expect, it } from 'vitest';
import { emitCKernel, translationUnit } from '../../../../compiler/emit/c/emitKernel.ts';
import { rowSums, run } from '../../loop/programs.ts';
import { cCompiler, compileAndRun } from './compileAndRun.ts';

describe.skipIf(cCompiler() === undefined)('kernels in C', () => {
  it('run', () => {
    const kernel = emitCKernel('kernel0', rowSums());
    console.log(translationUnit([kernel], ['rows */ "quoted" ??/ \\ \n é']));
    const inputs = [[1, 2, 3, 4, 5, 6]];
    const [result] = compileAndRun([{ kernel, inputs, sizes: { n: 2 } }]);
    expect(result).toEqual({ code: 0, outputs: run(rowSums(), inputs, { n: 2 }) });
  });
});
