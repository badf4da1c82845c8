// A run of neighbouring seeds: every plan of every graph on WebAssembly here and now, on native all in one program.
import { buildBundle } from '../../../compiler/bundle/buildBundle.ts';
import type { Bundle } from '../../../compiler/bundle/bundle.ts';
import { runBundleOnInterpreter } from '../../../compiler/bundle/interpretBundle.ts';
import { weightsInMemory } from '../../../compiler/bundle/weights.ts';
import type { Target } from '../../../compiler/target/target.ts';
import { TARGETS } from '../../../compiler/target/target.ts';
import { compareTensors } from '../../../compiler/tensor/compare.ts';
import type { Tensor } from '../../../compiler/tensor/tensor.ts';
import { scalarsOf } from '../../../compiler/tensor/tensor.ts';
import type { CasePlan, FuzzCase } from './fuzzCase.ts';
import { describeCase, fuzzCase } from './fuzzCase.ts';
import type { NativeOptions } from './nativeProgram.ts';
import { NativeProgram } from './nativeProgram.ts';
import type { Reference } from './reference.ts';
import { referenceOf } from './reference.ts';
import { runWasmBundle } from './runWasmBundle.ts';

export interface BatchOptions {
  readonly from: number;
  readonly count: number;
  readonly wasm: boolean;
  /** Schedules to make for native, in turn; any machine runs them all. None: no native program. */
  readonly native: readonly Target[];
}

/** How much was tested: a fuzzer that compares nothing fails nothing. */
export interface Tally {
  graphs: number;
  runs: number;
  fusedBlocks: number;
  outputs: number;
  /** Outputs that rounding alone moves beyond the tolerance: not compared. */
  unstable: number;
  readonly kinds: Set<string>;
}

export const newTally = (): Tally => ({
  graphs: 0,
  runs: 0,
  fusedBlocks: 0,
  outputs: 0,
  unstable: 0,
  kinds: new Set(),
});

interface Expected {
  readonly fuzzCase: FuzzCase;
  readonly plan: CasePlan;
  readonly reference: Reference;
  readonly target: Target;
}

/** A failure text is long: the first few are enough. */
const MOST_FAILURES = 3;
/** Every so many graphs the scheduled WebAssembly bundle also runs on the interpreter. */
const INTERPRETED = 25;
const MOST_STEPS = 5e7;

export class FuzzBatch {
  readonly failures: string[] = [];
  readonly program = new NativeProgram<Expected>();

  constructor(
    private readonly options: BatchOptions,
    private readonly tally: Tally,
  ) {}

  /** Builds all and runs all but the native program. */
  async prepare(): Promise<void> {
    const { from, count } = this.options;
    for (let seed = from; seed < from + count; seed++) {
      if (this.failures.length >= MOST_FAILURES) return;
      try {
        await this.graph(seed);
      } catch (error) {
        this.failures.push(`seed ${seed}: ${messageOf(error)}`);
      }
      // Compilers of other batches report meanwhile.
      await new Promise((settle) => setImmediate(settle));
    }
  }

  private async graph(seed: number): Promise<void> {
    const own = fuzzCase(seed);
    const reference = referenceOf(own);
    this.tally.graphs++;
    for (const { type } of own.bound.model.graph.operators) this.tally.kinds.add(type);
    const { native, wasm } = this.options;
    const target = native[seed % native.length];
    for (const plan of own.plans) {
      this.tally.fusedBlocks += plan.plan.blocks.filter((each) => each.operators.length > 1).length;
      if (wasm) await this.onWasm({ fuzzCase: own, plan, reference, target: TARGETS.wasm });
      if (target) await this.forNative({ fuzzCase: own, plan, reference, target });
    }
  }

  private async onWasm(expected: Expected): Promise<void> {
    const { source, inputs, seed } = expected.fuzzCase;
    const bundle = await this.build(expected);
    if (bundle === undefined) return;
    this.check(expected, 'wasm', () => runWasmBundle(bundle, source, inputs));
    if (seed % INTERPRETED === 0) {
      this.check(expected, 'the interpreter of the wasm schedule', () =>
        interpreted(bundle, expected.fuzzCase),
      );
    }
  }

  private async forNative(expected: Expected): Promise<void> {
    const { source, inputs } = expected.fuzzCase;
    const bundle = await this.build(expected);
    if (bundle === undefined) return;
    try {
      this.program.add(expected, bundle, source, inputs);
    } catch (error) {
      this.fail(expected, 'C', messageOf(error));
    }
  }

  private async build(expected: Expected): Promise<Bundle | undefined> {
    const { fuzzCase: own, plan, target } = expected;
    try {
      return await buildBundle(own.bound, plan.plan, target);
    } catch (error) {
      this.fail(expected, `building for ${target.name}`, messageOf(error));
      return undefined;
    }
  }

  /** Compiles and runs what `prepare` has built; returns what failed. */
  async runNative(options: NativeOptions): Promise<readonly string[]> {
    const before = this.failures.length;
    for (const { label, failure, outputs } of await this.program.run(options)) {
      const where = `native scheduled for ${label.target.name}`;
      this.check(label, where, () => {
        if (failure !== undefined) throw new Error(failure);
        return outputs;
      });
    }
    return this.failures.slice(before, before + MOST_FAILURES);
  }

  private check(expected: Expected, where: string, run: () => readonly Tensor[]): void {
    const { outputs, stable } = expected.reference;
    let results: readonly Tensor[];
    try {
      results = run();
    } catch (error) {
      return this.fail(expected, where, messageOf(error));
    }
    this.tally.runs++;
    for (const [i, output] of outputs.entries()) {
      this.tally.outputs++;
      if (!stable[i]) {
        this.tally.unstable++;
        continue;
      }
      const { passed, mismatch, at, largestError } = compareTensors(results[i]!, output);
      if (passed) continue;
      const [is, wanted] = [results[i]!, output].map((tensor) => String(scalarsOf(tensor)[at]));
      const what =
        mismatch ?? `element ${at} is ${is}, not ${wanted}; largest error ${largestError}`;
      return this.fail(expected, where, `output ${i}: ${what}`);
    }
  }

  private fail({ fuzzCase: own, plan }: Expected, where: string, message: string): void {
    this.failures.push(`on ${where}: ${message}\n${describeCase(own, plan)}`);
  }
}

function interpreted(bundle: Bundle, { source, inputs }: FuzzCase): readonly Tensor[] {
  const weights = weightsInMemory(bundle, source);
  return runBundleOnInterpreter(bundle, weights, inputs, { maxSteps: MOST_STEPS });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
