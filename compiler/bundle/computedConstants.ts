/**
 * Evaluates constants that operators make of other constants (`foldConstants`), when they are packaged, written or
 * looked at. One computation at a time is in memory with its inputs; what it gave is kept while there is room, as
 * other constants may be made of it.
 */
import { ModelError } from '../diagnostics.ts';
import { GraphBuilder } from '../graph/build.ts';
import type { Computation, Constant, KnownTensor, Model } from '../graph/graph.ts';
import { tensorType } from '../graph/types.ts';
import { RunError } from '../loop/interpret.ts';
import type { LoweredBlock } from '../lower/block.ts';
import { blockContext, lowerBlock } from '../lower/block.ts';
import { Unsupported } from '../lower/unsupported.ts';
import { constantNumbers, elementCount, readConstant } from '../onnx/constantData.ts';
import { byteLength, decodeElements } from '../onnx/elements.ts';
import { quoted } from '../onnx/names.ts';
import type { ModelSource } from '../onnx/source.ts';
import type { InProcessKernel } from './kernelInProcess.ts';
import { compileInProcess, KernelMemory } from './kernelInProcess.ts';
import { kernelKey } from './kernelKey.ts';

/** Bytes of results that are kept. */
const MOST_KEPT_BYTES = 64 << 20;
const MOST_KERNELS = 64;

/**
 * All bytes of a constant of any kind, little-endian, packed as ONNX `raw_data`. Throws ModelError where they cannot be
 * read or computed, Unsupported where an operator has no kernel.
 */
export function constantBytes(
  constant: Constant,
  source: ModelSource,
  known?: KnownTensor,
): Uint8Array {
  if (constant.source.kind !== 'operators') return readConstant(constant, source, known);
  return evaluatorOf(source).bytes(constant.source);
}

/** Elements as numbers, chunk by chunk. */
export function constantElements(
  constant: Constant,
  source: ModelSource,
  known?: KnownTensor,
): Iterable<Float64Array> {
  if (constant.source.kind !== 'operators') return constantNumbers(constant, source, known);
  const bytes = constantBytes(constant, source);
  return [decodeElements(bytes, constant.dtype, elementCount(constant))];
}

const evaluators = new WeakMap<ModelSource, Evaluator>();

function evaluatorOf(source: ModelSource): Evaluator {
  const known = evaluators.get(source) ?? new Evaluator(source);
  evaluators.set(source, known);
  return known;
}

type Results = readonly (Uint8Array | undefined)[];

class Evaluator {
  /** The least recently used first. */
  private readonly kept = new Map<Computation, Results>();
  private keptBytes = 0;
  private readonly kernels = new Map<string, InProcessKernel>();
  private readonly memory = new KernelMemory();

  constructor(private readonly source: ModelSource) {}

  bytes({ computation, slot }: { readonly computation: Computation; readonly slot: number }) {
    const needed = this.needed(computation);
    const readers = new Map<Computation, number>();
    for (const each of needed) {
      for (const input of computedInputs(each)) readers.set(input, (readers.get(input) ?? 0) + 1);
    }
    const results = new Map<Computation, Results>();
    for (const each of needed) {
      const own = this.kept.get(each) ?? this.evaluate(each, results);
      results.set(each, own);
      this.keep(each, own);
      for (const input of computedInputs(each)) {
        const left = readers.get(input)! - 1;
        readers.set(input, left);
        if (left === 0) results.delete(input);
      }
    }
    return results.get(computation)![slot]!;
  }

  /** What has to be evaluated, inputs first; chains may be longer than a stack is deep. */
  private needed(last: Computation): readonly Computation[] {
    const order: Computation[] = [];
    const done = new Set<Computation>();
    const pending = [last];
    for (let top = pending.at(-1); top !== undefined; top = pending.at(-1)) {
      const missing = this.kept.has(top)
        ? []
        : computedInputs(top).filter((input) => !done.has(input));
      if (missing.length > 0 && !done.has(top)) {
        pending.push(...missing);
        continue;
      }
      pending.pop();
      if (!done.has(top)) order.push(top);
      done.add(top);
    }
    return order;
  }

  private evaluate(computation: Computation, results: ReadonlyMap<Computation, Results>): Results {
    const { operator, inputs } = computation;
    const what = `${operator.type} ${quoted(operator.id)}, which is computed from weights,`;
    try {
      const { lowered, positions } = lowerComputation(computation);
      const bytes = lowered.inputs.map((value) => {
        const { constant, known } = inputs[positions.get(value)!]!;
        const { source } = constant;
        if (source.kind === 'operators') return results.get(source.computation)![source.slot]!;
        return normalised(constant, readConstant(constant, this.source, known));
      });
      const given = this.memory.run(this.kernelOf(lowered), bytes);
      const slots = computation.outputs.flatMap((output, slot) => (output ? [slot] : []));
      const made: (Uint8Array | undefined)[] = computation.outputs.map(() => undefined);
      lowered.outputs.forEach((value, i) => (made[slots[value - positions.size]!] = given[i]));
      slots.forEach((slot) => checkSize(computation.outputs[slot]!, made[slot]));
      return made;
    } catch (error) {
      if (error instanceof ModelError) throw error;
      if (error instanceof Unsupported) throw new Unsupported(operator.id, error.reason);
      const reason = error instanceof Error ? error.message : String(error);
      const code = error instanceof RunError ? 'model/bad-tensor' : 'internal/error';
      throw new ModelError(code, `${what} cannot be evaluated: ${reason}.`);
    }
  }

  private kernelOf(lowered: LoweredBlock): InProcessKernel {
    const key = kernelKey(lowered.program, []);
    let kernel = this.kernels.get(key);
    if (kernel === undefined) {
      kernel = compileInProcess(lowered);
      if (this.kernels.size >= MOST_KERNELS) this.kernels.clear();
      this.kernels.set(key, kernel);
    }
    return kernel;
  }

  private keep(computation: Computation, results: Results): void {
    if (this.kept.delete(computation)) this.keptBytes -= sizeOf(results);
    const size = sizeOf(results);
    if (size > MOST_KEPT_BYTES / 2) return;
    this.kept.set(computation, results);
    this.keptBytes += size;
    for (const [oldest, old] of this.kept) {
      if (this.keptBytes <= MOST_KEPT_BYTES) break;
      this.kept.delete(oldest);
      this.keptBytes -= sizeOf(old);
    }
  }
}

/** As a model of one operator. `positions`: of its inputs, by value; outputs are the values after them. */
function lowerComputation({ operator, inputs, outputs }: Computation): {
  readonly lowered: LoweredBlock;
  readonly positions: ReadonlyMap<number, number>;
} {
  const builder = new GraphBuilder();
  const positions = new Map<number, number>();
  const values = inputs.map((input, position) => {
    if (input === undefined) return -1;
    const { name, constant, known } = input;
    const value = builder.constant(
      name,
      tensorType(constant.dtype, constant.dims),
      constant,
      known,
    );
    positions.set(value, position);
    return value;
  });
  const made = builder.operator({
    ...operator,
    inputs: values,
    outputs: outputs.map(
      (output, slot) =>
        output && { name: `output ${slot}`, type: tensorType(output.dtype, output.dims) },
    ),
  });
  for (const value of made) if (value >= 0) builder.output(value);
  const model: Pick<Model, 'graph' | 'symbols'> = { graph: builder.finish(), symbols: new Map() };
  return { lowered: lowerBlock(blockContext(model), [0], 'constant'), positions };
}

function computedInputs({ inputs }: Computation): readonly Computation[] {
  const found = new Set<Computation>();
  for (const input of inputs) {
    if (input?.constant.source.kind === 'operators') found.add(input.constant.source.computation);
  }
  return [...found];
}

/** Files may hold any byte for true. */
function normalised({ dtype }: Constant, bytes: Uint8Array): Uint8Array {
  return dtype === 'bool' ? bytes.map((byte) => (byte === 0 ? 0 : 1)) : bytes;
}

function checkSize({ dtype, dims }: Pick<Constant, 'dtype' | 'dims'>, bytes?: Uint8Array): void {
  const wanted = byteLength(dtype, elementCount({ dims }));
  if (bytes?.length !== wanted) throw new Error(`${bytes?.length} bytes instead of ${wanted}`);
}

function sizeOf(results: Results): number {
  return results.reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0);
}
