// Random programs on an OpenCL device: the interpreter's numbers, or the same failed check.
import { describe, expect, it } from 'vitest';
import { emitGpuKernel } from '../../../../compiler/emit/opencl/emitKernel.ts';
import { disagreements, randomRuns } from '../c/randomRuns.ts';
import { openclLacks, suiteName } from './openclLacks.ts';
import { runOnDevice } from './runOnDevice.ts';

describe.skipIf(openclLacks() !== undefined)(suiteName('random programs in OpenCL'), () => {
  it('agree with the interpreter', { timeout: 300_000 }, () => {
    const { runs, count } = randomRuns(24, emitGpuKernel);
    expect(runs.length).toBeGreaterThan(count / 2);
    const wrong = disagreements(runs, runOnDevice(runs.map(({ run }) => run)));
    expect(wrong.length, wrong[0]).toBe(0);
  });
});
