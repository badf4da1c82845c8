// ONNX's operator cases on an OpenCL device: what the interpreter computes, kernels of the device compute, both as lowered
// (one item an iteration) and scheduled for a GPU. A sample of all families; OPENCL=all runs every case.
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { GpuKernel } from '../../../../compiler/emit/opencl/emitKernel.ts';
import { emitGpuKernel } from '../../../../compiler/emit/opencl/emitKernel.ts';
import type * as Interpreter from '../../../../compiler/loop/interpret.ts';
import { printProgram } from '../../../../compiler/loop/print.ts';
import { TARGETS } from '../../../../compiler/target/target.ts';
import type { NodeTestCase } from '../../../setup/nodeTests.ts';
import { nodeTestCases } from '../../../setup/nodeTests.ts';
import { judge } from '../../lower/conformance.ts';
import { runScheduled } from '../../schedule/runScheduled.ts';
import { difference } from '../c/compareRuns.ts';
import type { RecordedRun } from '../c/recordedRuns.ts';
import { openclLacks, suiteName } from './openclLacks.ts';
import type { GpuRun } from './runOnDevice.ts';
import { runOnDevice } from './runOnDevice.ts';

const recorded = vi.hoisted(() => ({ runs: [] as RecordedRun[] }));

vi.mock('../../../../compiler/loop/interpret.ts', async (original) => {
  const actual = await original<typeof Interpreter>();
  const { recording } = await import('../c/recordedRuns.ts');
  const { interpret, runs } = recording(
    actual.interpret,
    (error) => error instanceof actual.RunError,
  );
  recorded.runs = runs;
  return { ...actual, interpret };
});

/** Small, so that small shapes fill several groups and leave tails. */
const GPU = { ...TARGETS.opencl, computeUnits: 16, groupSize: 64 };
const SAMPLE = 60;
const MOST_ELEMENTS = 50_000;
/** Kernels of one program: a device's compiler takes a while for each. */
const BATCH = 80;

/** Cases of as many families as are asked for, spread over the alphabet. */
function sample(count: number): readonly NodeTestCase[] {
  const families = new Map<string, NodeTestCase>();
  for (const each of nodeTestCases()) {
    families.set(/^test_([a-z0-9]+)/.exec(each.name)?.[1] ?? each.name, each);
  }
  const cases = [...families.values()];
  return Array.from({ length: count }, (_, i) => cases[Math.floor((i * cases.length) / count)]!);
}

/** Sorting, counting and control flow: what a group does together. */
function inOrder(): readonly NodeTestCase[] {
  const ordered = /^test_(top_k|nonzero|nonmaxsuppression|roialign|loop|if|scan|unique|compress)/;
  return nodeTestCases().filter(({ name }) => ordered.test(name));
}

interface Prepared {
  readonly name: string;
  readonly run: GpuRun;
  readonly expected: RecordedRun;
}

function prepare(cases: readonly NodeTestCase[], how: Parameters<typeof judge>[1]) {
  const names: string[] = [];
  for (const testCase of cases) {
    judge(testCase, how);
    while (names.length < recorded.runs.length) names.push(testCase.name);
  }
  const kernels = new Map<string, GpuKernel>();
  const refused: string[] = [];
  const prepared = recorded.runs.flatMap((expected, i): Prepared[] => {
    const { program, inputs, sizes } = expected;
    if (inputs.some((input) => input.length > MOST_ELEMENTS)) return [];
    const text = printProgram(program);
    try {
      const kernel = kernels.get(text) ?? emitGpuKernel(`kernel${i}`, program);
      kernels.set(text, kernel);
      return [{ name: names[i]!, run: { kernel, inputs, sizes }, expected }];
    } catch (error) {
      refused.push(`${names[i]}: ${(error as Error).message}`);
      return [];
    }
  });
  return { prepared, refused };
}

function wrongOnes(prepared: readonly Prepared[]): readonly string[] {
  const wrong: string[] = [];
  for (let from = 0; from < prepared.length; from += BATCH) {
    const batch = prepared.slice(from, from + BATCH);
    runOnDevice(batch.map(({ run }) => run)).forEach((result, i) => {
      const { name, run, expected } = batch[i]!;
      const found = difference(run, expected, result);
      if (found !== undefined) wrong.push(`${name}: ${found}`);
    });
  }
  return wrong;
}

describe.skipIf(openclLacks() !== undefined)(suiteName('operator cases of ONNX in OpenCL'), () => {
  afterEach(() => void (recorded.runs.length = 0));

  const wanted = new RegExp(process.env['FUSION_CASES'] ?? '^$');
  const chosen = nodeTestCases().filter(({ name }) => wanted.test(name));
  const cases =
    process.env['OPENCL'] === 'all'
      ? nodeTestCases()
      : chosen.length > 0
        ? chosen
        : [...sample(SAMPLE), ...inOrder()];
  it.each([
    ['lowered', { manyThreads: true }],
    ['scheduled for a GPU', { run: runScheduled({ target: GPU }), manyThreads: true }],
  ])('give what the interpreter gives, %s', { timeout: 1_200_000 }, (form, how) => {
    const { prepared, refused } = prepare(cases, how);
    const wrong = wrongOnes(prepared);
    console.log(`${form}: ${prepared.length} runs, ${wrong.length} wrong`);
    expect({ wrong, refused }).toEqual({ wrong: [], refused: [] });
    expect(prepared.length).toBeGreaterThan(cases.length / 2);
  });
});
