// All lowered operator cases of ONNX in C: what the interpreter computes, compiled kernels compute.
import { describe, expect, it, vi } from 'vitest';
import { emitCKernel } from '../../../../compiler/emit/c/emitKernel.ts';
import { nodeTestCases } from '../../../setup/nodeTests.ts';
import { judge } from '../../lower/conformance.ts';
import { difference } from './compareRuns.ts';
import type { KernelRun } from './compileAndRun.ts';
import { cCompiler, compileAndRun } from './compileAndRun.ts';
import type { RecordedRun } from './recordedRuns.ts';

const recorded = vi.hoisted(() => ({ runs: [] as RecordedRun[] }));

vi.mock('../../../../compiler/loop/interpret.ts', async (original) => {
  const actual = await original<typeof import('../../../../compiler/loop/interpret.ts')>();
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
    console.time('judge');
    for (const testCase of nodeTestCases()) {
      judge(testCase);
      while (names.length < recorded.runs.length) names.push(testCase.name);
    }
    console.timeEnd('judge');
    console.time('emit');
    const runs: KernelRun[] = [];
    const expected: { readonly name: string; readonly run: RecordedRun }[] = [];
    recorded.runs.forEach((run, i) => {
      if (run.inputs.some((input) => input.length > MOST_ELEMENTS)) return;
      const kernel = emitCKernel(`kernel${i}`, run.program);
      runs.push({ kernel, inputs: run.inputs, sizes: run.sizes });
      expected.push({ name: names[i]!, run });
    });
    console.timeEnd('emit');
    const flags = ['-std=gnu11', '-O1', '-ffp-contract=fast', '-fno-math-errno', '-Wno-psabi'];
    console.time('compile');
    const results = compileAndRun(runs, { flags });
    console.timeEnd('compile');
    const wrong = results.flatMap((result, i) => {
      const found = difference(runs[i]!, expected[i]!.run, result);
      return found === undefined ? [] : [`${expected[i]!.name}: ${found}`];
    });
    console.log(`${runs.length} kernels, ${wrong.length} wrong`);
    expect(wrong).toEqual([]);
    expect(runs.length).toBeGreaterThan(600);
  });
});
