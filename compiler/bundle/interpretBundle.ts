/**
 * Runs a bundle on the interpreter: the reference for its plan. Phases run apart, through the memory that threads
 * share, parallel ones backwards; what no later step reads is poisoned after every step.
 */
import type { PhasedProgram } from '../emit/kernel.ts';
import { add, evaluateIndex, subtract, variable } from '../loop/indexExpr.ts';
import { interpret, RunError } from '../loop/interpret.ts';
import type { RunOptions } from '../loop/interpret.ts';
import type { LoopProgram } from '../loop/ir.ts';
import { loop } from '../loop/ir.ts';
import type { Cells } from '../loop/memory.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { dtypeOf, makeTensor } from '../tensor/tensor.ts';
import type { Bundle, BundleStep } from './bundle.ts';
import { denseBytes, SimulatedMemory } from './simulatedMemory.ts';

/**
 * @param inputs in the order of `bundle.inputs` (`selectInputs`).
 * Throws RunError naming the operator where the data violates a check; any other error is the compiler's.
 */
export function runBundleOnInterpreter(
  bundle: Bundle,
  weights: Uint8Array,
  inputs: readonly Tensor[],
  options: RunOptions = {},
): readonly Tensor[] {
  const { buffers, steps, symbols } = bundle;
  const memory = new SimulatedMemory(bundle.arenaBytes, weights);
  const sizes = symbols.map(() => Number.NaN);
  bundle.inputs.forEach(({ buffer }, i) => memory.write(buffers[buffer]!, inputs[i]!.bytes));
  const neededAfter = liveAfter(bundle);
  steps.forEach((step, at) => {
    runStep(bundle, step, memory, sizes, options);
    for (const { symbol, buffer } of step.counts) {
      const count = Number(memory.cells(buffers[buffer]!).get(0));
      if (!(count >= 0 && count <= symbols[symbol]!.upperBound)) {
        throw new Error(`step ${at} found ${count} of ${symbols[symbol]!.upperBound}`);
      }
      sizes[symbol] = count;
    }
    memory.keep([...neededAfter[at]!].map((buffer) => buffers[buffer]!));
  });
  const sizeOf = sizesByName(bundle, sizes);
  return bundle.outputs.map(({ buffer, storage, dims }) => {
    const place = buffers[buffer]!;
    const actual = dims.map((dim) => evaluateIndex(dim, noVariables, sizeOf));
    const bytes = denseBytes(memory.bytes(place), storage, actual, place.physical);
    return makeTensor(dtypeOf(storage), actual, bytes);
  });
}

function runStep(
  { kernels, buffers }: Bundle,
  step: BundleStep,
  memory: SimulatedMemory,
  sizes: readonly number[],
  options: RunOptions,
): void {
  const { phased, checks } = kernels[step.kernel]!;
  const { program, shared } = phased;
  const arguments_ = [...program.inputs, ...program.outputs, ...shared];
  const cells = new Map<string, Cells>();
  arguments_.forEach(({ name }, i) => {
    const buffer = buffers[step.buffers[i]!]!;
    if (i >= program.inputs.length && buffer.layout !== undefined) memory.allowPadding(buffer);
    cells.set(name, memory.cells(buffer));
  });
  const parameters = new Map(program.sizes.map(({ name }, i) => [name, sizes[step.sizes[i]!]!]));
  try {
    for (const phase of phasePrograms(phased)) interpret(phase, parameters, cells, options);
  } catch (error) {
    if (!(error instanceof RunError) || step.checks === undefined) throw error;
    const { operator } = error;
    const check = checks.findIndex((each) => each.operator === operator);
    throw new RunError(step.checks[check]?.operator ?? operator, error.message);
  }
}

/** Each phase as a program of its own, its parallel iterations in the opposite order. */
export function phasePrograms({ program, phases, shared }: PhasedProgram): readonly LoopProgram[] {
  return phases.map(({ parallel, before, body }) => {
    const outputs = [...program.outputs, ...shared];
    if (parallel === undefined) return { ...program, outputs, body: [...before, ...body] };
    const { variable: name, extent } = parallel;
    const counter = `${name}_backwards`;
    const value = subtract(add(extent, -1), variable(counter));
    const iteration = [{ kind: 'letIndex', name, value } as const, ...body];
    return { ...program, outputs, body: [...before, loop(counter, extent, iteration)] };
  });
}

/** By step: buffers that a later step or the caller reads. Found from the steps alone, not from the plan. */
function liveAfter({ kernels, steps, outputs }: Bundle): readonly ReadonlySet<number>[] {
  const live = new Set(outputs.map(({ buffer }) => buffer));
  const after: ReadonlySet<number>[] = [];
  for (const { kernel, buffers } of [...steps].reverse()) {
    after.unshift(new Set(live));
    const inputs = kernels[kernel]!.phased.program.inputs.length;
    for (const buffer of buffers.slice(inputs)) live.delete(buffer);
    for (const buffer of buffers.slice(0, inputs)) live.add(buffer);
  }
  return after;
}

function sizesByName({ symbols }: Bundle, sizes: readonly number[]): (name: string) => number {
  const byName = new Map(symbols.map(({ name }, i) => [name, sizes[i]!]));
  return (name) => byName.get(name) ?? Number.NaN;
}

function noVariables(name: string): never {
  throw new Error(`${name} is no size`);
}
