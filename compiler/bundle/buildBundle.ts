/**
 * From a model whose sizes are bound and a plan to a bundle: every block lowered and scheduled, equal kernels once,
 * constants packed once per layout, values in one arena by their lifetimes.
 */
import type { Value } from '../graph/graph.ts';
import type { Buffer } from '../loop/expr.ts';
import type { Layout } from '../loop/layout.ts';
import type { LoweredBlock } from '../lower/block.ts';
import { blockContext, lowerBlock } from '../lower/block.ts';
import type { Blocks } from '../lower/runGraph.ts';
import { storageOf } from '../lower/storage.ts';
import { Unsupported } from '../lower/unsupported.ts';
import { quoted } from '../onnx/names.ts';
import type { LayoutChoice } from '../schedule/chooseLayouts.ts';
import { chooseLayouts } from '../schedule/chooseLayouts.ts';
import type { Target } from '../target/target.ts';
import { copyProgram, sizesProgram } from './addedPrograms.ts';
import type { BoundModel } from './bindModel.ts';
import { blockOrder } from './blockOrder.ts';
import { BufferTable, extentsOf } from './bufferTable.ts';
import type { Bundle, BundleStep, BundleTensor } from './bundle.ts';
import { building, BundleError } from './bundleError.ts';
import { constantAt, constantInputs } from './constantInputs.ts';
import { BundleSizes } from './bundleSizes.ts';
import { largestExtents } from './kernelFacts.ts';
import { checksFor, KernelPool } from './kernelPool.ts';
import type { PooledKernel } from './kernelPool.ts';
import { planMemory } from './memoryPlan.ts';
import { sharedPlaces } from './sharedPlaces.ts';

export interface BundleOptions {
  /** Bytes that the arena and the weights may take together; default: what the target can address. */
  readonly mostBytes?: number;
  /** Outputs may take the place of inputs that are not read any more; default: yes. */
  readonly inPlace?: boolean;
  /** How values between blocks lie in memory: 'plain' is row-major, all of them. Default: 'chosen', what is fast. */
  readonly layouts?: 'chosen' | 'plain';
  /** Steps run in the order of the plan's blocks; default: in one that needs little memory. */
  readonly planOrder?: boolean;
  /** Called between blocks with what is being done and how much of it is done (0 to 1); may throw to cancel. */
  readonly checkpoint?: (stage: string, done: number) => Promise<void>;
}

/** WebAssembly and 32-bit programs need room for themselves. */
const MOST_BYTES: Readonly<Record<Target['pointerBytes'], number>> = {
  4: 2 ** 32 - 2 ** 26,
  8: 2 ** 38,
};
/** Blocks between two checkpoints. */
const STRIDE = 8;

/**
 * Throws Unsupported where a block has no kernel, BundleError where a size is open or memory goes beyond the limit.
 */
export async function buildBundle(
  bound: BoundModel,
  plan: Blocks,
  target: Target,
  options: BundleOptions = {},
): Promise<Bundle> {
  const builder = new BundleBuilder(bound, target);
  const { checkpoint = () => Promise.resolve() } = options;
  const each = async (
    stage: string,
    blocks: readonly number[],
    of: (block: number) => void,
  ): Promise<void> => {
    for (const [done, block] of blocks.entries()) {
      if (done % STRIDE === 0) await checkpoint(stage, done / blocks.length);
      of(block);
    }
  };
  const operatorsOf = (block: number): readonly number[] => plan.blocks[block]!.operators;
  const planned = plan.blocks.map((_, block) => block);
  await each('Lowering', planned, (block) => builder.lower(operatorsOf(block)));
  if (options.layouts !== 'plain') {
    await checkpoint('Choosing layouts', 0);
    builder.chooseLayouts();
  }
  await each('Scheduling', options.planOrder ? planned : builder.order(), (block) =>
    builder.addBlock(block, operatorsOf(block)),
  );
  await checkpoint('Planning memory', 0);
  const { mostBytes = MOST_BYTES[target.pointerBytes], inPlace = true } = options;
  return builder.finish(mostBytes, inPlace);
}

class BundleBuilder {
  private readonly buffers = new BufferTable();
  private readonly pool: KernelPool;
  private readonly sizes: BundleSizes;
  private readonly steps: BundleStep[] = [];
  /** Memory of values that are no constants. */
  private readonly places = new Map<number, number>();
  private readonly context;
  private readonly lowered: LoweredBlock[] = [];
  private choice: LayoutChoice = { layouts: new Map(), conversions: { count: 0, bytes: 0 } };
  private movedBytes = 0;

  constructor(
    private readonly bound: BoundModel,
    private readonly target: Target,
  ) {
    this.pool = new KernelPool(target);
    this.sizes = new BundleSizes(bound.model);
    const isGpu = target.language === 'opencl';
    this.context = { ...blockContext(bound.model, !isGpu), manyThreads: isGpu };
    for (const input of bound.model.graph.inputs) this.placeInput(input);
  }

  private value(index: number): Value {
    return this.bound.model.graph.values[index]!;
  }

  /** All inputs are written before the first step. */
  private placeInput(index: number): void {
    const { type, name } = this.value(index);
    const storage = type.kind === 'tensor' ? storageOf(type.dtype) : undefined;
    if (type.kind !== 'tensor' || storage === undefined || type.shape === null) {
      const what = type.kind === 'tensor' ? type.dtype : type.kind;
      throw new Unsupported(name, `no kernels read ${what} inputs`);
    }
    const physical = extentsOf(
      type.shape.map((dim) => this.sizes.indexOf(dim)),
      name,
    );
    this.places.set(index, this.buffers.arena(index, name, storage, physical, -1));
  }

  lower(operators: readonly number[]): void {
    const what = (): string => this.describe(operators);
    this.lowered.push(building(what, () => lowerBlock(this.context, operators, 'kernel')));
  }

  private describe(operators: readonly number[]): string {
    const { type, id } = this.bound.model.graph.operators[operators[0]!]!;
    const more = operators.length > 1 ? ` with ${operators.length - 1} more` : '';
    return `${type} ${quoted(id)}${more}`;
  }

  chooseLayouts(): void {
    const { values } = this.bound.model.graph;
    const choose = () => chooseLayouts(this.lowered, values, this.target);
    this.choice = building(() => 'The layout of tensors', choose);
  }

  /** Indices of the blocks as they are to be added. */
  order(): readonly number[] {
    return building(
      () => 'The order of blocks',
      () => blockOrder(this.bound.model, this.lowered),
    );
  }

  addBlock(block: number, operators: readonly number[]): void {
    const lowered = this.lowered[block]!;
    const types = operators.map((operator) => this.bound.model.graph.operators[operator]!.type);
    building(
      () => this.describe(operators),
      () => this.addStep(block, lowered, types),
    );
  }

  private addStep(block: number, lowered: LoweredBlock, types: readonly string[]): void {
    const { program } = lowered;
    for (const value of lowered.inputs) if (value >= 0) this.provide(value);
    const constants = constantInputs(this.bound.model.graph, lowered);
    const layouts = this.layoutsIn(lowered);
    const pooled = this.pool.request({ lowered, types, constants, layouts });
    this.sizes.require(lowered);
    const buffers = this.stepBuffers(lowered, pooled);
    const step = this.steps.length;
    for (const buffer of buffers) this.buffers.touch(buffer, step);
    const checks = checksFor(pooled, lowered);
    const firstCount = program.inputs.length + lowered.outputs.length;
    this.steps.push({
      block,
      kernel: pooled.index,
      buffers,
      sizes: pooled.kernel.phased.program.sizes.map(({ name }) =>
        this.sizes.symbol(lowered.symbols.get(name)!),
      ),
      counts: lowered.counts.map(({ symbol }, i) => ({
        symbol: this.sizes.found(symbol),
        buffer: buffers[firstCount + i]!,
      })),
      ...(checks && { checks }),
    });
  }

  /** Chosen layouts by buffer name. */
  private layoutsIn({ program, inputs, outputs }: LoweredBlock): ReadonlyMap<string, Layout> {
    const layouts = new Map<string, Layout>();
    const note = (buffer: Buffer, value: number | undefined): void => {
      const layout = value === undefined ? undefined : this.choice.layouts.get(value);
      if (layout !== undefined) layouts.set(buffer.name, layout);
    };
    program.inputs.forEach((buffer, place) => note(buffer, inputs[place]));
    program.outputs.forEach((buffer, place) => note(buffer, outputs[place]));
    return layouts;
  }

  /** Inputs, outputs, counts, shared: in the order of the kernel's arguments. */
  private stepBuffers(lowered: LoweredBlock, { kernel, packed, filters }: PooledKernel): number[] {
    const { program, shared } = kernel.phased;
    const step = this.steps.length;
    const inputs = program.inputs.map((buffer, place) => {
      const constant = constantAt(this.bound.model.graph, lowered, place);
      const index = lowered.inputs[place]!;
      if (constant !== undefined) {
        const form = { layout: packed.get(buffer.name), filter: filters.get(buffer.name) };
        return this.buffers.weight(index, constant, buffer, form);
      }
      const found = this.places.get(index)!;
      const extents = extentsOf(buffer.shape, kernel.name);
      const draft = this.buffers.drafts[found]!;
      if (draft.physical.join('×') !== extents.join('×') || draft.storage !== buffer.storage) {
        const own = `${buffer.storage} ${extents.join('×')}`;
        throw new Error(`${kernel.name} reads ${own}, there is ${draft.physical.join('×')}`);
      }
      if (draft.first >= 0) this.movedBytes += draft.bytes;
      return found;
    });
    const outputs = program.outputs.map((buffer, place) => {
      const index = lowered.outputs[place] ?? -1;
      const name = index < 0 ? `a count of ${kernel.name}` : this.value(index).name;
      const extents = extentsOf(buffer.shape, name);
      const layout = index < 0 ? undefined : this.choice.layouts.get(index);
      const made = this.buffers.arena(index, name, buffer.storage, extents, step, layout);
      if (index >= 0) this.places.set(index, made);
      return made;
    });
    const passed = shared.map(({ name, storage, shape }) =>
      this.buffers.arena(
        -1,
        `${name} of ${kernel.name}`,
        storage,
        largestExtents(shape, program),
        step,
      ),
    );
    return [...inputs, ...outputs, ...passed];
  }

  /** Values that no block gives but that have to be in memory: whole numbers in terms of sizes. */
  private provide(index: number): void {
    const value = this.value(index);
    if (this.places.has(index) || value.constant !== undefined) return;
    const storage = value.type.kind === 'tensor' ? storageOf(value.type.dtype) : undefined;
    if (value.known === undefined || storage === undefined || value.producer >= 0) {
      throw new BundleError(`${value.name} is read before it is there.`);
    }
    const program = sizesProgram(this.bound.model, index, value.known, storage);
    this.addStep(-1, program, ['sizes']);
  }

  /** Outputs live to the end; inputs and constants among them are copied. */
  private outputTensor(index: number, position: number): BundleTensor {
    const { name, type, constant, isInput } = this.value(index);
    const storage = type.kind === 'tensor' ? storageOf(type.dtype) : undefined;
    if (type.kind !== 'tensor' || type.shape === null || storage === undefined) {
      const what = type.kind === 'tensor' ? type.dtype : type.kind;
      throw new Unsupported(name, `no kernels write ${what} outputs`);
    }
    const dims = type.shape.map((dim) => this.sizes.indexOf(dim));
    this.provide(index);
    let buffer = this.places.get(index);
    if (constant !== undefined || isInput) {
      const copy = copyProgram(index, index, storage, extentsOf(dims, name));
      this.addStep(-1, copy, ['copy']);
      buffer = this.steps.at(-1)!.buffers[1]!;
      // What else reads the value goes on reading the original.
      if (isInput) this.places.set(index, this.steps.at(-1)!.buffers[0]!);
      else this.places.delete(index);
    }
    return { name, position, storage, dims, buffer: buffer! };
  }

  finish(mostBytes: number, inPlace: boolean): Bundle {
    const { graph } = this.bound.model;
    const outputs = graph.outputs.map((value, i) => this.outputTensor(value, i));
    const end = this.steps.length;
    for (const { buffer } of outputs) this.buffers.touch(buffer, end);
    const { drafts } = this.buffers;
    const arena = drafts.map((_, i) => i).filter((i) => drafts[i]!.space === 'arena');
    const places = sharedPlaces(drafts, this.steps, this.pool.kernels, inPlace);
    const plan = planMemory(places.ranges);
    const weights = this.buffers.placeWeights();
    this.refuseTooLarge(plan.arenaBytes + weights.bytes, mostBytes);
    const offsets = new Map(weights.offsets);
    for (const i of arena) offsets.set(i, plan.offsets[places.rangeOf.get(i)!]!);
    const written = new Set(this.steps.flatMap(({ buffers }) => buffers));
    const intermediate = arena.filter((i) => drafts[i]!.value >= 0 && drafts[i]!.first >= 0);
    for (const i of intermediate) if (written.has(i)) this.movedBytes += drafts[i]!.bytes;
    const { kernels } = this.pool;
    return {
      target: this.target,
      kernels,
      buffers: this.buffers.finished((i) => offsets.get(i)!),
      steps: this.steps,
      symbols: this.sizes.symbols,
      inputs: graph.inputs.map((value, i) => this.inputTensor(value, i)),
      outputs,
      bound: this.bound.bound,
      constants: weights.constants,
      arenaBytes: plan.arenaBytes,
      weightBytes: weights.bytes,
      scratchBytes: kernels.reduce(
        (most, { scratchBytes, phased }) =>
          Math.max(most, ...largestExtents([scratchBytes], phased.program)),
        0,
      ),
      report: {
        peakLiveBytes: plan.peakLiveBytes,
        movedBytes: this.movedBytes,
        layoutConversions: this.choice.conversions,
      },
    };
  }

  private inputTensor(index: number, place: number): BundleTensor {
    const buffer = this.places.get(index)!;
    const { storage, name, physical } = this.buffers.drafts[buffer]!;
    const position = this.bound.positions[place]!;
    return {
      name,
      position,
      storage,
      dims: physical.map((value) => ({ kind: 'constant', value })),
      buffer,
    };
  }

  private refuseTooLarge(bytes: number, mostBytes: number): void {
    if (bytes <= mostBytes) return;
    const largest = this.buffers.drafts.reduce((a, b) => (b.bytes > a.bytes ? b : a));
    throw new BundleError(
      `The model needs ${gibibytes(bytes)} of memory, ${gibibytes(mostBytes)} are allowed. ` +
        `Its largest tensor is ${largest.name} (${largest.physical.join('×')}).`,
    );
  }
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}
