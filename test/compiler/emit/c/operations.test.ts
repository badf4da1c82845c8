// Every exact operation on every type, on numbers where C would be undefined: as scalars and in vectors.
import { describe, expect, it } from 'vitest';
import { emitCKernel } from '../../../../compiler/emit/c/emitKernel.ts';
import { C_FLAGS } from '../../../../compiler/emit/c/flags.ts';
import { run } from '../../loop/programs.ts';
import { numbers, operationsProgram, same, STORAGES } from '../exactOperations.ts';
import { cCompiler, compileAndRun } from './compileAndRun.ts';

describe.skipIf(cCompiler() === undefined)('operations in C', () => {
  it('are those of the interpreter', { timeout: 120_000 }, () => {
    const runs = STORAGES.flatMap((storage) =>
      [1, 4, 16].map((lanes) => {
        const kernel = emitCKernel(`${storage}_${lanes}`, operationsProgram(storage, lanes));
        return { kernel, inputs: [numbers(storage, 1), numbers(storage, 7)] };
      }),
    );
    const flags = C_FLAGS.map((flag) => (flag === '-O3' ? '-O2' : flag));
    const wrong: string[] = [];
    const results = compileAndRun(runs, { flags, perFile: 14 });
    results.forEach(({ code, outputs }, i) => {
      const { kernel, inputs } = runs[i]!;
      expect(code).toBe(0);
      const expected = run(kernel.phased.program, inputs);
      expected.forEach((list, output) => {
        const at = list.findIndex((b, place) => !same(outputs[output]![place]!, b));
        if (at < 0) return;
        const [x, y] = inputs.map((input) => input[at]);
        wrong.push(
          `${kernel.name} output ${output} of ${x}, ${y}: ${outputs[output]![at]}, not ${list[at]}`,
        );
      });
    });
    expect(wrong).toEqual([]);
  });
});
