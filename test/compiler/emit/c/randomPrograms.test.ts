// Random programs, optimised and under sanitizers: the interpreter's numbers, or the same failed check.
import { describe, expect, it } from 'vitest';
import { emitCKernel } from '../../../../compiler/emit/c/emitKernel.ts';
import { C_FLAGS } from '../../../../compiler/emit/c/flags.ts';
import { cCompiler, compileAndRun } from './compileAndRun.ts';
import { disagreements, randomRuns } from './randomRuns.ts';
import { hasSanitizers, SANITIZED } from './sanitizers.ts';

describe.skipIf(cCompiler() === undefined)('random programs in C', () => {
  const { runs, count } = randomRuns(60, emitCKernel);

  const agree = (flags: readonly string[], target?: readonly string[]): void => {
    const kernels = runs.map(({ run }) => run);
    const wrong = disagreements(runs, compileAndRun(kernels, { flags, target, perFile: 75 }));
    expect(wrong.length, wrong[0]).toBe(0);
  };

  it('agree with the interpreter, optimised', { timeout: 120_000 }, () => {
    const failing = runs.filter(({ expected }) => expected.failed !== undefined).length;
    console.log(`${runs.length} programs, ${failing} of them fail a check`);
    expect(runs.length).toBeGreaterThan(count / 2);
    expect(failing).toBeGreaterThan(0);
    // Comparisons and casts of sums that a fused multiply-add rounds differently are not the question here.
    agree(C_FLAGS.map((flag) => flag.replace('contract=fast', 'contract=off')));
  });

  it.skipIf(!hasSanitizers())(
    'agree with the interpreter under sanitizers',
    { timeout: 120_000 },
    () => agree(SANITIZED, []),
  );
});
