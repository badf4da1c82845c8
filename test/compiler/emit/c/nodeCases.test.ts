// All lowered operator cases of ONNX in C: what the interpreter computes, compiled kernels compute.
import { describe, expect, it, vi } from 'vitest';
import type { CKernel } from '../../../../compiler/emit/c/emitKernel.ts';
import { emitCKernel } from '../../../../compiler/emit/c/emitKernel.ts';
import { C_FLAGS } from '../../../../compiler/emit/c/flags.ts';
import type * as Interpreter from '../../../../compiler/loop/interpret.ts';
import { printProgram } from '../../../../compiler/loop/print.ts';
import { nodeTestCases } from '../../../setup/nodeTests.ts';
import { judge } from '../../lower/conformance.ts';
import { difference } from './compareRuns.ts';
import type { KernelRun } from './compileAndRun.ts';
import { cCompiler, compileAndRun } from './compileAndRun.ts';
import type { RecordedRun } from './recordedRuns.ts';
import { hasSanitizers, SANITIZED } from './sanitizers.ts';

const recorded = vi.hoisted(() => ({ runs: [] as RecordedRun[] }));

vi.mock('../../../../compiler/loop/interpret.ts', async (original) => {
  const actual = await original<typeof Interpreter>();
  const { recording } = await import('./recordedRuns.ts');
  const { interpret, runs } = recording(
    actual.interpret,
    (error) => error instanceof actual.RunError,
  );
  recorded.runs = runs;
  return { ...actual, interpret };
});

/** A step limit of its own: these are the cases that take the interpreter longest. */
const MOST_ELEMENTS = 200_000;

describe.skipIf(cCompiler() === undefined)('operator cases of ONNX in C', () => {
  it('give what the interpreter gives', { timeout: 300_000 }, () => {
    const names: string[] = [];
    for (const testCase of nodeTestCases()) {
      judge(testCase);
      while (names.length < recorded.runs.length) names.push(testCase.name);
    }
    const kernels = new Map<string, CKernel>();
    const runs: KernelRun[] = [];
    const expected: { readonly name: string; readonly run: RecordedRun }[] = [];
    recorded.runs.forEach((run, i) => {
      if (run.inputs.some((input) => input.length > MOST_ELEMENTS)) return;
      const text = printProgram(run.program);
      const kernel = kernels.get(text) ?? emitCKernel(`kernel${i}`, run.program);
      kernels.set(text, kernel);
      runs.push({ kernel, inputs: run.inputs, sizes: run.sizes });
      expected.push({ name: names[i]!, run });
    });
    // Under sanitizers where there are any: the cases hold hostile indices as well.
    const flags = hasSanitizers() ? SANITIZED : C_FLAGS;
    const results = compileAndRun(runs, { flags, target: [] });
    const wrong = results.flatMap((result, i) => {
      const found = difference(runs[i]!, expected[i]!.run, result);
      return found === undefined ? [] : [`${expected[i]!.name}: ${found}`];
    });
    console.log(`${runs.length} runs of ${kernels.size} kernels, ${wrong.length} wrong`);
    expect(wrong).toEqual([]);
    expect(runs.length).toBeGreaterThan(600);
  });
});
