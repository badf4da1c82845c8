// Random programs on an OpenCL device: the interpreter's numbers, or the same failed check.
// FUSION_PROGRAMS and FUSION_SEED run more.
import { describe, expect, it } from 'vitest';
import { emitGpuKernel } from '../../../../compiler/emit/opencl/emitKernel.ts';
import type { Scalar } from '../../../../compiler/loop/arithmetic.ts';
import { unprovenAccesses } from '../../../../compiler/loop/bounds.ts';
import { RunError, shapeOf, StepLimitError } from '../../../../compiler/loop/interpret.ts';
import type { LoopProgram } from '../../../../compiler/loop/ir.ts';
import { printProgram } from '../../../../compiler/loop/print.ts';
import { isFloat, isWide, registerType } from '../../../../compiler/loop/scalarType.ts';
import { Random } from '../../lower/randomGraphs.ts';
import { run } from '../../loop/programs.ts';
import { difference } from '../c/compareRuns.ts';
import type { RecordedRun } from '../c/recordedRuns.ts';
import { RandomProgram } from '../wasm/randomPrograms.ts';
import { openclLacks, suiteName } from './openclLacks.ts';
import type { GpuRun } from './runOnDevice.ts';
import { runOnDevice } from './runOnDevice.ts';

const COUNT = Number(process.env.FUSION_PROGRAMS ?? 24);
const FIRST = Number(process.env.FUSION_SEED ?? 1);

/** OpenCL has vectors of three as well, but schedules make none. */
class PowersOfTwo extends Random {
  override pick<T>(from: readonly T[]): T {
    return super.pick(from.filter((each) => each !== 3));
  }
}

interface Prepared {
  readonly run: GpuRun;
  readonly expected: RecordedRun;
}

function prepare(seed: number): Prepared | undefined {
  const random = new PowersOfTwo(seed);
  const program = new RandomProgram(random).make();
  if (unprovenAccesses(program).length > 0) return undefined;
  const sizes = { n: 1 + random.below(6) };
  const inputs = inputsOf(program, random, new Map(Object.entries(sizes)));
  const kernel = emitGpuKernel(`kernel${seed}`, program);
  const record = { program, sizes, inputs };
  const gpu = { kernel, inputs, sizes };
  try {
    const outputs = run(program, inputs, sizes, { maxSteps: 2e5 });
    return { run: gpu, expected: { ...record, outputs } };
  } catch (error) {
    if (error instanceof StepLimitError) return undefined;
    if (!(error instanceof RunError)) throw error;
    return { run: gpu, expected: { ...record, outputs: [], failed: error.operator } };
  }
}

function inputsOf(program: LoopProgram, random: Random, sizes: ReadonlyMap<string, number>) {
  return program.inputs.map(({ name, storage, shape }): readonly Scalar[] => {
    const count = shapeOf(shape, sizes).reduce((product, dim) => product * dim, 1);
    const type = registerType(storage);
    return Array.from({ length: count }, () => {
      // Places are hostile now and then.
      const place = random.below(6) === 0 ? random.below(2000) - 1000 : random.below(14);
      const value = name === 'places' ? place : random.below(200) - 100;
      if (isWide(type)) return BigInt(value);
      if (isFloat(type)) return value / 8;
      return type === 'u8' ? value & 255 : value;
    });
  });
}

describe.skipIf(openclLacks() !== undefined)(suiteName('random programs in OpenCL'), () => {
  it('agree with the interpreter', { timeout: 300_000 }, () => {
    const prepared = Array.from({ length: COUNT }, (_, i) => prepare(FIRST + i)).filter(
      (each) => each !== undefined,
    );
    expect(prepared.length).toBeGreaterThan(COUNT / 2);
    const results = runOnDevice(prepared.map((each) => each.run));
    const wrong = results.flatMap((result, i) => {
      const { run: gpu, expected } = prepared[i]!;
      const found = difference(gpu, expected, result);
      return found === undefined
        ? []
        : [`${gpu.kernel.name}: ${found}\n${gpu.kernel.code}\n${printProgram(expected.program)}`];
    });
    expect(wrong.length, wrong[0]).toBe(0);
  });
});
