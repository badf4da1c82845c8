// Random programs with what the interpreter makes of them: numbers, or a check that fails. C and OpenCL are held against the same.
// FUSION_PROGRAMS and FUSION_SEED run more.
import type { CKernel } from '../../../../compiler/emit/c/emitKernel.ts';
import type { Scalar } from '../../../../compiler/loop/arithmetic.ts';
import { unprovenAccesses } from '../../../../compiler/loop/bounds.ts';
import { RunError, shapeOf, StepLimitError } from '../../../../compiler/loop/interpret.ts';
import type { LoopProgram } from '../../../../compiler/loop/ir.ts';
import { printProgram } from '../../../../compiler/loop/print.ts';
import { isFloat, isWide, registerType } from '../../../../compiler/loop/scalarType.ts';
import { Random } from '../../lower/randomGraphs.ts';
import { run } from '../../loop/programs.ts';
import { RandomProgram } from '../wasm/randomPrograms.ts';
import { difference } from './compareRuns.ts';
import type { KernelResult, KernelRun } from './compileAndRun.ts';
import type { RecordedRun } from './recordedRuns.ts';

/** Vectors of powers of two only: C has no others, and schedules make no others. */
class PowersOfTwo extends Random {
  override pick<T>(from: readonly T[]): T {
    return super.pick(from.filter((each) => each !== 3));
  }
}

/** Kernels of C and of OpenCL are alike in what matters here. */
export interface RandomRun<Kernel extends CKernel> {
  readonly run: KernelRun & { readonly kernel: Kernel };
  readonly expected: RecordedRun;
}

/** Fewer than `count` (a setting goes before it): programs whose accesses are not proven and endless ones are left out. */
export function randomRuns<Kernel extends CKernel>(
  count: number,
  emit: (name: string, program: LoopProgram) => Kernel,
): { readonly runs: readonly RandomRun<Kernel>[]; readonly count: number } {
  const { FUSION_PROGRAMS: wanted = count, FUSION_SEED: first = 1 } = process.env;
  const seeds = Array.from({ length: Number(wanted) }, (_, i) => Number(first) + i);
  const runs = seeds.map((seed) => prepare(seed, emit)).filter((each) => each !== undefined);
  return { runs, count: seeds.length };
}

function prepare<Kernel extends CKernel>(
  seed: number,
  emit: (name: string, program: LoopProgram) => Kernel,
): RandomRun<Kernel> | undefined {
  const random = new PowersOfTwo(seed);
  const program = new RandomProgram(random).make();
  if (unprovenAccesses(program).length > 0) return undefined;
  const sizes = { n: 1 + random.below(6) };
  const inputs = inputsOf(program, random, new Map(Object.entries(sizes)));
  const own = { kernel: emit(`kernel${seed}`, program), inputs, sizes };
  const record = { program, sizes, inputs };
  try {
    const outputs = run(program, inputs, sizes, { maxSteps: 2e5 });
    return { run: own, expected: { ...record, outputs } };
  } catch (error) {
    if (error instanceof StepLimitError) return undefined;
    if (!(error instanceof RunError)) throw error;
    return { run: own, expected: { ...record, outputs: [], failed: error.operator } };
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

/** What of the results is not as expected, with the program and the kernel. */
export function disagreements(
  prepared: readonly RandomRun<CKernel>[],
  results: readonly KernelResult[],
): readonly string[] {
  return results.flatMap((result, i) => {
    const { run, expected } = prepared[i]!;
    const found = difference(run, expected, result);
    if (found === undefined) return [];
    const { name, code } = run.kernel;
    return [`${name}: ${found}\n${code}\n${printProgram(expected.program)}`];
  });
}
