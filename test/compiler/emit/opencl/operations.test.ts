// Every exact operation on every storage type on an OpenCL device, as scalars and in vectors of all widths: the interpreter's
// numbers. OPENCL=all runs every type in every width.
import { describe, expect, it } from 'vitest';
import { emitGpuKernel, gpuProgram } from '../../../../compiler/emit/opencl/emitKernel.ts';
import { run } from '../../loop/programs.ts';
import { numbers, operationsProgram, same, STORAGES } from '../exactOperations.ts';
import { openclLacks, suiteName } from './openclLacks.ts';
import type { GpuRun } from './runOnDevice.ts';
import { runOnDevice } from './runOnDevice.ts';

const WIDTHS = [1, 2, 4, 8, 16];
/** The compiler of the device takes seconds for a kernel of fifty results of 16 lanes. */
const widthsOf = (place: number): readonly number[] =>
  process.env['OPENCL'] === 'all' ? WIDTHS : [1, WIDTHS[1 + (place % 4)]!];

describe.skipIf(openclLacks() !== undefined)(suiteName('operations in OpenCL'), () => {
  it('are those of the interpreter', { timeout: 600_000 }, () => {
    const runs: GpuRun[] = STORAGES.flatMap((storage, place) =>
      widthsOf(place).map((lanes) => ({
        kernel: emitGpuKernel(`${storage}_${lanes}`, operationsProgram(storage, lanes)),
        inputs: [numbers(storage, 1), numbers(storage, 7)],
      })),
    );
    const wrong: string[] = [];
    runOnDevice(runs).forEach(({ code, outputs }, i) => {
      const { kernel, inputs } = runs[i]!;
      expect(code).toBe(0);
      run(kernel.phased.program, inputs).forEach((list, output) => {
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

describe('what phones lack', () => {
  it('is named only where a program needs it', () => {
    for (const storage of STORAGES) {
      if (storage === 'f64') continue;
      const { body, ...rest } = operationsProgram(storage, 4);
      const outputs = rest.outputs.filter((output) => output.storage !== 'f64');
      const kept = body.map((stmt) => {
        if (stmt.kind !== 'for') return stmt;
        const stores = stmt.body.filter(
          (inner) => inner.kind !== 'store' || inner.buffer.storage !== 'f64',
        );
        return { ...stmt, body: stores };
      });
      const kernel = emitGpuKernel(`own_${storage}_4`, { ...rest, outputs, body: kept });
      expect(gpuProgram([kernel]), storage).not.toMatch(/double|fp64|cl_khr/);
    }
  });
});
