// Many bundles as one native program: kernels that are equal are compiled once, the tables of every run are data. A run that
// ends the program is told by how many ended before it.
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle } from '../../../compiler/bundle/bundle.ts';
import { weightsInMemory } from '../../../compiler/bundle/weights.ts';
import type { CKernel } from '../../../compiler/emit/c/emitKernel.ts';
import { emitCKernel, translationUnit } from '../../../compiler/emit/c/emitKernel.ts';
import { KERNEL_HEADER, KERNEL_HEADER_NAME } from '../../../compiler/emit/c/kernelHeader.ts';
import type { ModelSource } from '../../../compiler/onnx/source.ts';
import { runTables } from '../../../compiler/run/runTables.ts';
import type { Tensor } from '../../../compiler/tensor/tensor.ts';
import { dtypeOf, makeTensor } from '../../../compiler/tensor/tensor.ts';
import { cCompiler } from '../../compiler/emit/c/compileAndRun.ts';
import { mainSource } from './nativeMain.ts';
import { numberOf } from './runWasmBundle.ts';

export interface NativeOptions {
  readonly flags: readonly string[];
  /** Every tensor in memory of its own, of exactly its size: for sanitizers. */
  readonly apart?: boolean;
}

interface Run<Label> {
  readonly label: Label;
  readonly bundle: Bundle;
  readonly kernels: readonly CKernel[];
  readonly record: Buffer;
}

export interface NativeResult<Label> {
  readonly label: Label;
  /** What went wrong. */
  readonly failure?: string;
  readonly outputs: readonly Tensor[];
}

/** Kernels of one file: few enough that two compilers share the work, many enough to read the headers rarely. */
const KERNELS_PER_FILE = 120;
const PLACEHOLDER = 'kernel_to_be_named';
const COMPILE_MS = 300_000;
const RUN_MS = 60_000;

export class NativeProgram<Label> {
  private readonly numbers = new Map<string, number>();
  private readonly kernels: CKernel[] = [];
  private readonly runs: Run<Label>[] = [];

  get runCount(): number {
    return this.runs.length;
  }

  get kernelCount(): number {
    return this.kernels.length;
  }

  add(label: Label, bundle: Bundle, source: ModelSource, inputs: readonly Tensor[]): void {
    if (bundle.symbols.length > 0) throw new Error('sizes that depend on data are not run here');
    const emitted = bundle.kernels.map(({ phased }) => emitCKernel(PLACEHOLDER, phased.program));
    const numbers = emitted.map((kernel) => this.numberOf(kernel));
    const { scratchBytes } = runTables(bundle, emitted);
    const { arenaBytes, weightBytes, buffers, steps } = bundle;
    const record = Buffer.concat([
      longs(arenaBytes, weightBytes, scratchBytes, buffers.length),
      longs(steps.length, bundle.inputs.length, bundle.outputs.length),
      ...buffers.map(({ space, offset, bytes }) =>
        longs(space === 'weights' ? 1 : 0, offset, bytes),
      ),
      weightsInMemory(bundle, source),
      ...bundle.inputs.flatMap(({ buffer }, i) => [longs(buffer), inputs[i]!.bytes]),
      ...steps.map(({ kernel, buffers: own }) => longs(numbers[kernel]!, own.length, ...own)),
      ...bundle.outputs.map(({ buffer }) => longs(buffer)),
    ]);
    this.runs.push({ label, bundle, kernels: emitted, record });
  }

  private numberOf(kernel: CKernel): number {
    const key = createHash('sha256').update(kernel.code).digest('hex');
    const found = this.numbers.get(key);
    if (found !== undefined) return found;
    const name = `kernel${this.kernels.length}`;
    this.numbers.set(key, this.kernels.length);
    const code = kernel.code.replaceAll(PLACEHOLDER, name);
    return this.kernels.push({ ...kernel, name, code }) - 1;
  }

  /** Compiles and runs. Throws Error with what the compiler said. */
  async run(options: NativeOptions): Promise<readonly NativeResult<Label>[]> {
    const folder = mkdtempSync(join(tmpdir(), 'fusion-fuzz-c-'));
    try {
      await this.compile(folder, options);
      const [input, output] = [join(folder, 'input'), join(folder, 'output')];
      writeFileSync(input, Buffer.concat(this.runs.map(({ record }) => record)));
      const words = [input, output, options.apart ? 'apart' : 'arena'];
      const end = await execute(join(folder, 'program'), words, RUN_MS);
      return this.decode(readFileSync(output), end);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  private async compile(folder: string, { flags }: NativeOptions): Promise<void> {
    const compiler = cCompiler()!;
    writeFileSync(join(folder, KERNEL_HEADER_NAME), KERNEL_HEADER);
    const texts = [mainSource(this.kernels.map(({ name }) => name))];
    for (let i = 0; i < this.kernels.length; i += KERNELS_PER_FILE) {
      texts.push(translationUnit(this.kernels.slice(i, i + KERNELS_PER_FILE)));
    }
    const objects: string[] = [];
    for (const [i, text] of texts.entries()) {
      const source = join(folder, `part${i}.c`);
      const object = join(folder, `part${i}.o`);
      writeFileSync(source, text);
      objects.push(object);
      const failure = await execute(compiler, [...flags, '-c', source, '-o', object], COMPILE_MS);
      if (failure !== undefined) throw new Error(`the compiler: ${failure}`);
    }
    const link = [...flags, ...objects, '-lm', '-o', join(folder, 'program')];
    const failure = await execute(compiler, link, COMPILE_MS);
    if (failure !== undefined) throw new Error(`the linker: ${failure}`);
  }

  private decode(bytes: Buffer, end: string | undefined): readonly NativeResult<Label>[] {
    const results: NativeResult<Label>[] = [];
    let at = 0;
    for (const { label, bundle, kernels } of this.runs) {
      const lengths = bundle.outputs.map(({ buffer }) => bundle.buffers[buffer]!.bytes);
      const length = lengths.reduce((sum, own) => sum + own, 16);
      if (at + length > bytes.length) {
        results.push({ label, failure: `the program ended: ${end ?? 'too early'}`, outputs: [] });
        break;
      }
      const [step, code] = [0, 8].map((place) => Number(bytes.readBigInt64LE(at + place)));
      const failed =
        code! > 0 ? kernels[bundle.steps[step!]!.kernel]!.checks[code! - 1] : undefined;
      let place = at + 16;
      const outputs = bundle.outputs.map(({ storage, dims }, i) => {
        const own = new Uint8Array(bytes.subarray(place, place + lengths[i]!));
        place += lengths[i]!;
        return makeTensor(dtypeOf(storage), dims.map(numberOf), own);
      });
      at += length;
      const failure = failed && `the check of ${failed.operator} failed: ${failed.message}`;
      results.push({ label, outputs, ...(failure && { failure }) });
    }
    return results;
  }
}

/** What went wrong, or nothing. */
function execute(file: string, words: readonly string[], ms: number): Promise<string | undefined> {
  return new Promise((settle) => {
    execFile(file, [...words], { timeout: ms, maxBuffer: 1 << 26 }, (error, _out, complaints) => {
      if (error === null) return settle(undefined);
      const { signal, code } = error;
      settle(`${signal ?? code}\n${complaints.slice(0, 4000)}`);
    });
  });
}

function longs(...values: readonly number[]): Buffer {
  return Buffer.from(BigInt64Array.from(values, BigInt).buffer);
}
