/**
 * One run in the module's own process, the twin of `fusion_main.c`: memory, steps, warm-up, repetitions, results. Runs in a
 * thread of its own, because a kernel blocks whoever calls it.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { Index } from '../../loop/indexExpr.ts';
import { evaluateIndex } from '../../loop/indexExpr.ts';
import type { RunnerFiles, RunnerOptions } from '../runnerOptions.ts';
import type { RunnerMessage } from '../runProtocol.ts';
import type { OutputTable, RunTables, StepTable } from '../runTables.ts';
import type { PhaseCall, ThreadControl } from './wasmPool.ts';
import { TRAPPED } from './wasmPool.ts';
import type { WasmLayout } from './wasmProgram.ts';

/** Ends the run with an error message. */
export class RunEnd extends Error {
  constructor(readonly fields: Omit<Extract<RunnerMessage, { kind: 'error' }>, 'kind'>) {
    super(fields.message);
  }
}

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
    this.load(files.weights, layout.weights, tables.weightBytes, 'the weights');
    const inputs = readWhole(files.inputs, tables.inputBytes);
    this.writeAddresses();
    const fill = (): void => this.fillInputs(inputs);
    fill();
    this.say({ kind: 'first', nanoseconds: this.runAll() });
    this.warmUp(fill, options);
    if (options.runs > 0) {
      this.say({ kind: 'total', nanoseconds: this.timeRuns(fill, options) });
      this.timeBlocks(fill, options);
    }
    if (files.dump !== undefined) this.dump(files.dump, fill);
    if (tables.symbols.length > 0) this.say({ kind: 'sizes', values: [...this.symbols] });
    this.writeOutputs(files.outputs);
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

  private fillInputs(inputs: Uint8Array): void {
    for (const { buffer, fileOffset } of this.tables.inputs) {
      const { bytes } = this.tables.buffers[buffer]!;
      this.bytes.set(inputs.subarray(fileOffset, fileOffset + bytes), this.address(buffer));
    }
  }

  /** @returns nanoseconds */
  private runAll(): number {
    const start = performance.now();
    for (let step = 0; step < this.tables.steps.length; step++) this.runStep(step);
    return nanoseconds(performance.now() - start);
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

  private warmUp(fill: () => void, { warmup, budgetMs }: RunnerOptions): void {
    const start = performance.now();
    const limit = budgetMs > 0 ? budgetMs : Infinity;
    for (let count = 0; ; count++) {
      const spent = performance.now() - start;
      const isWarm = count >= LEAST_WARMUP_CALLS && spent >= LEAST_WARMUP_MS;
      if (isWarm && (count >= warmup || spent >= limit)) return;
      fill();
      this.runAll();
    }
  }

  private timeRuns(fill: () => void, options: RunnerOptions): number[] {
    const times: number[] = [];
    repeat(options, () => {
      fill();
      times.push(this.runAll());
    });
    return times;
  }

  private timeBlocks(fill: () => void, options: RunnerOptions): void {
    const times: number[][] = this.tables.steps.map(() => []);
    repeat(options, () => {
      fill();
      let before = performance.now();
      for (const [step, own] of times.entries()) {
        this.runStep(step);
        const after = performance.now();
        own.push(nanoseconds(after - before));
        before = after;
      }
    });
    times.forEach((own, step) => this.say({ kind: 'block', step, nanoseconds: own }));
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

  private writeOutputs(path: string): void {
    const file = new ResultFile(path);
    this.tables.outputs.forEach((output, index) => {
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
    });
    file.close();
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

  /** Straight from the file into the module's memory. */
  private load(path: string, at: number, bytes: number, what: string): void {
    const file = openSync(path, 'r');
    try {
      if (fstatSync(file).size !== bytes) {
        throw new RunEnd({ message: `a file has the wrong size: ${what}` });
      }
      for (let done = 0; done < bytes;) {
        const length = Math.min(bytes - done, 1 << 30);
        const got = readSync(file, this.bytes, at + done, length, done);
        if (got === 0) throw new RunEnd({ message: `a file cannot be read: ${what}` });
        done += got;
      }
    } finally {
      closeSync(file);
    }
  }
}

function evaluate(index: Index, sizeOf: (name: string) => number): number {
  const none = (name: string): number => {
    throw new Error(`${name} is not known here`);
  };
  return evaluateIndex(index, none, sizeOf);
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

function readWhole(path: string, bytes: number): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const whole = new Uint8Array(bytes);
    let done = 0;
    for (let got = 1; got > 0 && done < bytes; done += got) {
      got = readSync(file, whole, done, bytes - done, done);
    }
    if (fstatSync(file).size !== bytes) {
      throw new RunEnd({ message: 'a file has the wrong size: the inputs' });
    }
    return whole;
  } finally {
    closeSync(file);
  }
}

class ResultFile {
  offset = 0;
  private readonly file: number;

  constructor(path: string) {
    this.file = openSync(path, 'w');
  }

  /** @returns where it stands in the file */
  put(bytes: Uint8Array): number {
    const at = this.offset;
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.file, bytes, done, Math.min(bytes.length - done, 1 << 30));
    }
    this.offset += bytes.length;
    return at;
  }

  close(): void {
    closeSync(this.file);
  }
}
