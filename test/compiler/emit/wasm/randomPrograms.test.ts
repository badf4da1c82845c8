// Random programs give the same numbers, or fail the same check, as on the interpreter.
import { describe, expect, it } from 'vitest';
import type { Scalar } from '../../../../compiler/loop/arithmetic.ts';
import { unprovenAccesses } from '../../../../compiler/loop/bounds.ts';
import { RunError, shapeOf, StepLimitError } from '../../../../compiler/loop/interpret.ts';
import type { LoopProgram } from '../../../../compiler/loop/ir.ts';
import { printProgram } from '../../../../compiler/loop/print.ts';
import { isFloat, isWide, registerType } from '../../../../compiler/loop/scalarType.ts';
import { simplifyProgram } from '../../../../compiler/loop/simplify.ts';
import { verifyProgram } from '../../../../compiler/loop/verify.ts';
import { Random } from '../../lower/randomGraphs.ts';
import { run } from '../../loop/programs.ts';
import { differences } from './comparing.ts';
import { RandomProgram } from './randomPrograms.ts';
import { runInWasm } from './runInWasm.ts';

const COUNT = Number(process.env.FUSION_PROGRAMS ?? 200);
const FIRST = Number(process.env.FUSION_SEED ?? 1);

type Outcome = readonly (readonly Scalar[])[] | string;

function outcome(of: () => readonly (readonly Scalar[])[]): Outcome {
  try {
    return of();
  } catch (error) {
    if (error instanceof RunError) return `fails ${error.operator}`;
    throw error;
  }
}

function inputsOf(program: LoopProgram, random: Random, sizes: ReadonlyMap<string, number>) {
  return program.inputs.map(({ name, storage, shape }) => {
    const count = shapeOf(shape, sizes).reduce((product, dim) => product * dim, 1);
    const type = registerType(storage);
    return Array.from({ length: count }, () => {
      const value = name === 'places' ? random.below(16) : random.below(200) - 100;
      if (isWide(type)) return BigInt(value);
      if (isFloat(type)) return value / 8;
      return type === 'u8' ? value & 255 : value;
    });
  });
}

describe('random programs', () => {
  it(`${COUNT} of them agree with the interpreter`, { timeout: 600_000 }, () => {
    let [ran, failedChecks, unproven] = [0, 0, 0];
    for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
      const random = new Random(seed);
      const program = new RandomProgram(random).make();
      expect(verifyProgram(program), `seed ${seed}`).toEqual([]);
      if (unprovenAccesses(program).length > 0) {
        unproven++;
        continue;
      }
      const sizes = { n: 1 + random.below(6) };
      const inputs = inputsOf(program, random, new Map(Object.entries(sizes)));
      let expected: Outcome;
      try {
        expected = outcome(() => run(program, inputs, sizes, { maxSteps: 2e5 }));
      } catch (error) {
        if (error instanceof StepLimitError) continue;
        throw error;
      }
      ran++;
      if (typeof expected === 'string') failedChecks++;
      for (const each of [program, simplifyProgram(program)]) {
        const actual = outcome(() => runInWasm(each, inputs, sizes));
        const wrong =
          typeof actual === 'string' || typeof expected === 'string'
            ? actual === expected
              ? []
              : [`${String(actual).slice(0, 80)} instead of ${String(expected).slice(0, 80)}`]
            : actual.flatMap((list, i) =>
                differences(list, expected[i]!).map((text) => `out${i}${text}`),
              );
        if (wrong.length > 0) {
          throw new Error(`seed ${seed}: ${wrong.join('; ')}\n${printProgram(each)}`);
        }
      }
    }
    console.log(`ran ${ran}, of which ${failedChecks} failed a check; not proven ${unproven}`);
    expect(ran).toBeGreaterThan(COUNT / 2);
  });
});
