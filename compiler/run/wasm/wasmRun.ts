/**
 * One run in the module's own process, the twin of `fusion_main.c`: memory, steps, warm-up, repetitions, results. Runs in a
 * thread of its own, because a kernel blocks whoever calls it.
 */
import type { Index } from '../../loop/indexExpr.ts';
import { evaluateIndex } from '../../loop/indexExpr.ts';
import type { RunnerFiles, RunnerOptions } from '../runnerOptions.ts';
import type { RunnerMessage } from '../runProtocol.ts';
import type { OutputTable, RunTables, StepTable } from '../runTables.ts';
import { RunEnd } from './runEnd.ts';
import type { PlanPart } from './wasmCompare.ts';
import { pairUp, pairUpBlocks, planParts } from './wasmCompare.ts';
import { readInto, readWhole, ResultFile } from './wasmFiles.ts';
import type { PhaseCall, ThreadControl } from './wasmPool.ts';
import { TRAPPED } from './wasmPool.ts';
import type { WasmLayout } from './wasmProgram.ts';

/** V8 optimises what was called a few times and for a while. */
const LEAST_WARMUP_CALLS = 2;
const LEAST_WARMUP_MS = 100;

/** Scalar operations that are done before another thread has heard of them. */
const LEAST_WORK = 16384;

export class WasmRun {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly symbols: number[];
  private readonly symbolNumber: ReadonlyMap<string, number>;
  constructor(
    private readonly tables: RunTables,
    private readonly layout: WasmLayout,
    memory: ArrayBufferLike,
    private readonly control: ThreadControl,
    private readonly call: PhaseCall,
    private readonly say: (message: RunnerMessage) => void,
  ) {
    this.bytes = new Uint8Array(memory);
    this.view = new DataView(memory);
    this.symbols = tables.symbols.map(() => 0);
    this.symbolNumber = new Map(tables.symbols.map(({ name }, i) => [name, i]));
  }

  run(files: RunnerFiles, options: RunnerOptions): void {
    const { tables, layout } = this;
    readInto(files.weights, this.bytes, layout.weights, tables.weightBytes, 'the weights');
    const inputs = readWhole(files.inputs, tables.inputBytes);
    this.writeAddresses();
    if (options.compare !== undefined) {
      this.comparePlans(planParts(tables, options.compare), inputs, files, options);
    } else {
      this.runOnePlan(inputs, files, options);
    }
    if (tables.symbols.length > 0) this.say({ kind: 'sizes', values: [...this.symbols] });
  }

  private runOnePlan(inputs: Uint8Array, files: RunnerFiles, options: RunnerOptions): void {
    const fill = (): void => this.fillInputs(inputs, 0, this.tables.inputs.length);
    const once = (): number => {
      fill();
      return this.runSteps(0, this.tables.steps.length);
    };
    this.say({ kind: 'first', nanoseconds: once() });
    warmUp(options, once);
    if (options.runs > 0) {
      const total: number[] = [];
      repeat(options, () => total.push(once()));
      this.say({ kind: 'total', nanoseconds: total });
      const times: number[][] = this.tables.steps.map(() => []);
      repeat(options, () => {
        fill();
        this.timeSteps(0, times.length, times);
      });
      times.forEach((own, step) => this.say({ kind: 'block', step, nanoseconds: own }));
    }
    if (files.dump !== undefined) this.dump(files.dump, fill);
    const file = new ResultFile(files.outputs);
    this.putOutputs(file, 0, this.tables.outputs.length);
    file.close();
  }

  private comparePlans(
    plans: readonly [PlanPart, PlanPart],
    inputs: Uint8Array,
    files: RunnerFiles,
    options: RunnerOptions,
  ): void {
    const once = ({ inputs: [from, to], steps }: PlanPart): number => {
      this.fillInputs(inputs, from, to);
      return this.runSteps(...steps);
    };
    for (const plan of plans) {
      this.say({ kind: 'first', plan: plan.index, nanoseconds: once(plan) });
    }
    warmUp(options, () => plans.forEach(once));
    if (options.runs > 0) {
      const totals: readonly number[][] = [[], []];
      pairUp(options, (plan) => totals[plan]!.push(once(plans[plan])));
      plans.forEach(({ index: plan }) => {
        this.say({ kind: 'total', plan, nanoseconds: totals[plan]! });
      });
      const times: number[][] = this.tables.steps.map(() => []);
      pairUpBlocks(options, (plan) => {
        this.fillInputs(inputs, ...plans[plan].inputs);
        this.timeSteps(...plans[plan].steps, times);
      });
      times.forEach((own, step) => this.say({ kind: 'block', step, nanoseconds: own }));
    }
    const file = new ResultFile(files.outputs);
    for (const plan of plans) {
      once(plan);
      this.putOutputs(file, ...plan.outputs);
    }
    file.close();
  }

  private writeAddresses(): void {
    this.tables.steps.forEach(({ buffers }, step) => {
      const table = this.layout.buffers[step]!;
      buffers.forEach((buffer, i) =>
        this.view.setUint32(table + 4 * i, this.address(buffer), true),
      );
    });
  }

  private address(buffer: number): number {
    const { space, offset } = this.tables.buffers[buffer]!;
    return (space === 'weights' ? this.layout.weights : this.layout.arena) + offset;
  }

  private fillInputs(inputs: Uint8Array, from: number, to: number): void {
    for (const { buffer, fileOffset } of this.tables.inputs.slice(from, to)) {
      const { bytes } = this.tables.buffers[buffer]!;
      this.bytes.set(inputs.subarray(fileOffset, fileOffset + bytes), this.address(buffer));
    }
  }

  /** @returns nanoseconds */
  private runSteps(from: number, to: number): number {
    const start = performance.now();
    for (let step = from; step < to; step++) this.runStep(step);
    return nanoseconds(performance.now() - start);
  }

  /** Adds the nanoseconds of each step to its own. */
  private timeSteps(from: number, to: number, times: readonly number[][]): void {
    let before = performance.now();
    for (let step = from; step < to; step++) {
      this.runStep(step);
      const after = performance.now();
      times[step]!.push(nanoseconds(after - before));
      before = after;
    }
  }

  private runStep(index: number): void {
    const step = this.tables.steps[index]!;
    this.control.step = index;
    const sizes = this.layout.sizes[index]!;
    step.sizes.forEach((symbol, i) => {
      this.view.setBigInt64(sizes + 8 * i, BigInt(this.symbols[symbol]!), true);
    });
    const { phases } = this.tables.kernels[step.kernel]!;
    for (let phase = 0; phase < phases.length; phase++) {
      const failure = this.runPhase(index, step, phase);
      if (failure === TRAPPED) throw new RunEnd({ step: index, message: 'the kernel trapped' });
      if (failure !== 0) {
        throw new RunEnd({ step: index, check: failure - 1, message: 'a check failed' });
      }
    }
    for (const { symbol, buffer } of step.counts) {
      const value = Number(this.view.getBigInt64(this.address(buffer), true));
      if (value < 0 || value > this.tables.symbols[symbol]!.upperBound) {
        throw new RunEnd({ step: index, message: 'a size is out of its bounds' });
      }
      this.symbols[symbol] = value;
    }
  }

  private runPhase(index: number, { kernel, sizes }: StepTable, phase: number): number {
    const table = this.tables.kernels[kernel]!;
    const parallel = table.phases[phase]!;
    if (parallel === null) return this.call(0, index, kernel, phase, 0, 1);
    const value = (of: Index): number =>
      of.kind === 'constant'
        ? of.value
        : evaluate(of, (name) => this.symbols[sizes[table.sizes.indexOf(name)]!]!);
    const extent = value(parallel.extent);
    if (extent <= 0) return 0;
    const isSmall = extent * value(parallel.cost) < LEAST_WORK;
    if (isSmall) return this.call(0, index, kernel, phase, 0, extent);
    return this.control.run(this.call, index, kernel, phase, extent);
  }

  /** Runs once more and keeps what every block gives, as it lies in memory. */
  private dump(path: string, fill: () => void): void {
    const file = new ResultFile(path);
    fill();
    this.tables.steps.forEach(({ outputs }, step) => {
      this.runStep(step);
      for (const buffer of outputs) {
        const { bytes } = this.tables.buffers[buffer]!;
        const offset = file.put(this.part(this.address(buffer), bytes));
        this.say({ kind: 'tensor', buffer, offset, bytes });
      }
    });
    file.close();
  }

  private putOutputs(file: ResultFile, from: number, to: number): void {
    for (let index = from; index < to; index++) {
      const output = this.tables.outputs[index]!;
      const dims = output.dims.map((dim) =>
        evaluate(dim, (name) => this.symbols[this.symbolNumber.get(name)!]!),
      );
      if (dims.some((dim, axis) => dim < 0 || dim > output.physical[axis]!)) {
        throw new RunEnd({ message: 'an output is larger than its memory' });
      }
      const bytes = dims.reduce((product, dim) => product * dim, output.elementBytes);
      const { offset } = file;
      if (bytes > 0) this.putCompact(file, this.address(output.buffer), output, dims, 0);
      this.say({ kind: 'output', index, dims, offset, bytes });
    }
  }

  /** The part of a buffer that the actual dims cover, without the gaps. */
  private putCompact(
    file: ResultFile,
    address: number,
    output: OutputTable,
    dims: readonly number[],
    axis: number,
  ): void {
    const { physical, elementBytes } = output;
    const inner = physical.slice(axis + 1).reduce((product, dim) => product * dim, elementBytes);
    const isDense = physical.every((dim, i) => i <= axis || dims[i] === dim);
    if (axis === dims.length || isDense) {
      file.put(this.part(address, inner * (dims[axis] ?? 1)));
      return;
    }
    for (let i = 0; i < dims[axis]!; i++) {
      this.putCompact(file, address + i * inner, output, dims, axis + 1);
    }
  }

  private part(address: number, bytes: number): Uint8Array {
    return this.bytes.subarray(address, address + bytes);
  }
}

function evaluate(index: Index, sizeOf: (name: string) => number): number {
  const none = (name: string): number => {
    throw new Error(`${name} is not known here`);
  };
  return evaluateIndex(index, none, sizeOf);
}

function warmUp({ warmup, budgetMs }: RunnerOptions, once: () => void): void {
  const start = performance.now();
  const limit = budgetMs > 0 ? budgetMs : Infinity;
  for (let count = 0; ; count++) {
    const spent = performance.now() - start;
    const isWarm = count >= LEAST_WARMUP_CALLS && spent >= LEAST_WARMUP_MS;
    if (isWarm && (count >= warmup || spent >= limit)) return;
    once();
  }
}

function repeat({ runs, budgetMs }: RunnerOptions, once: () => void): void {
  const start = performance.now();
  for (let i = 0; i < runs; i++) {
    if (i >= 3 && budgetMs > 0 && performance.now() - start > budgetMs) return;
    once();
  }
}

function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6);
}
