// Random programs, optimised and under sanitizers: the interpreter's numbers, or the same failed check.
import { describe, expect, it } from 'vitest';
import { emitCKernel } from '../../../../compiler/emit/c/emitKernel.ts';
import { C_FLAGS } from '../../../../compiler/emit/c/flags.ts';
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
import type { KernelRun } from './compileAndRun.ts';
import { cCompiler, compileAndRun } from './compileAndRun.ts';
import type { RecordedRun } from './recordedRuns.ts';
import { hasSanitizers, SANITIZED } from './sanitizers.ts';

const COUNT = Number(process.env.FUSION_PROGRAMS ?? 60);
const FIRST = Number(process.env.FUSION_SEED ?? 1);

/** C has vectors of powers of two only, and so have schedules. */
class PowersOfTwo extends Random {
  override pick<T>(from: readonly T[]): T {
    return super.pick(from.filter((each) => each !== 3));
  }
}

interface Prepared {
  readonly run: KernelRun;
  readonly expected: RecordedRun;
}

function prepare(seed: number): Prepared | undefined {
  const random = new PowersOfTwo(seed);
  const program = new RandomProgram(random).make();
  if (unprovenAccesses(program).length > 0) return undefined;
  const sizes = { n: 1 + random.below(6) };
  const inputs = inputsOf(program, random, new Map(Object.entries(sizes)));
  const record = { program, sizes, inputs };
  const kernel = emitCKernel(`kernel${seed}`, program);
  const native = { kernel, inputs, sizes };
  try {
    const outputs = run(program, inputs, sizes, { maxSteps: 2e5 });
    return { run: native, expected: { ...record, outputs } };
  } catch (error) {
    if (error instanceof StepLimitError) return undefined;
    if (!(error instanceof RunError)) throw error;
    return { run: native, expected: { ...record, outputs: [], failed: error.operator } };
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

describe.skipIf(cCompiler() === undefined)('random programs in C', () => {
  const prepared = Array.from({ length: COUNT }, (_, i) => prepare(FIRST + i)).filter(
    (each) => each !== undefined,
  );

  const agree = (flags: readonly string[], target?: readonly string[]): void => {
    const results = compileAndRun(
      prepared.map((each) => each.run),
      { flags, target, perFile: 75 },
    );
    const wrong = results.flatMap((result, i) => {
      const { run: native, expected } = prepared[i]!;
      const found = difference(native, expected, result);
      return found === undefined
        ? []
        : [`${native.kernel.name}: ${found}\n${printProgram(expected.program)}`];
    });
    expect(wrong.length, wrong[0]).toBe(0);
  };

  it('agree with the interpreter, optimised', { timeout: 120_000 }, () => {
    const failing = prepared.filter(({ expected }) => expected.failed !== undefined).length;
    console.log(`${prepared.length} programs, ${failing} of them fail a check`);
    expect(prepared.length).toBeGreaterThan(COUNT / 2);
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
