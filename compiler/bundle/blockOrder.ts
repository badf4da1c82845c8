/**
 * The order in which the blocks of a plan run: what each one reads and writes, and the sizes that an earlier block
 * finds out, as a problem of step scheduling.
 */
import { symbolsOf } from '../graph/dim.ts';
import type { Model, Value } from '../graph/graph.ts';
import { globalBuffer } from '../loop/ir.ts';
import type { Buffer } from '../loop/expr.ts';
import { storageBytes } from '../loop/scalarType.ts';
import type { LoweredBlock } from '../lower/block.ts';
import { storageOf } from '../lower/storage.ts';
import { Sizes } from '../lower/sizes.ts';
import { largestExtents } from './kernelFacts.ts';
import { aligned } from './memoryPlan.ts';
import type { StepMemory } from './stepOrder.ts';
import { stepOrder } from './stepOrder.ts';

/** Indices of the blocks. */
export function blockOrder(
  { graph, symbols }: Pick<Model, 'graph' | 'symbols'>,
  blocks: readonly LoweredBlock[],
): readonly number[] {
  const makers = new Map<number, number>();
  const finders = new Map<string, number>();
  blocks.forEach(({ outputs, counts }, block) => {
    for (const value of outputs) makers.set(value, block);
    for (const { symbol } of counts) finders.set(symbol, block);
  });
  const steps = blocks.map((block, index): StepMemory => {
    const { program, inputs, outputs } = block;
    const values = [...new Set(inputs)].filter((value) => value >= 0).map((v) => graph.values[v]!);
    const reads = values.flatMap(({ index: value, constant }) =>
      constant === undefined ? [value] : [],
    );
    const before = [
      ...reads.map((value) => makers.get(value)),
      ...neededSizes(block, values).map((symbol) => finders.get(symbol)),
    ];
    const locals = program.body.flatMap((stmt) => (stmt.kind === 'local' ? [stmt.buffer] : []));
    return {
      after: before.flatMap((step) => (step === undefined || step === index ? [] : [step])),
      reads,
      writes: outputs.map((value, i) => ({ value, bytes: bytesOf(program.outputs[i]!, block) })),
      scratchBytes: locals.reduce((sum, buffer) => sum + bytesOf(buffer, block), 0),
    };
  });
  const sizes = new Sizes(symbols);
  const inputs = graph.inputs.map((value) => ({
    value,
    bytes: inputBytes(graph.values[value]!, sizes),
  }));
  return stepOrder({ steps, inputs, outputs: new Set(graph.outputs) });
}

/** Sizes of its loops, and those that its inputs are computed from where nothing but sizes gives them. */
function neededSizes({ symbols }: LoweredBlock, inputs: readonly Value[]): readonly string[] {
  const needed = new Set(symbols.values());
  for (const { known, producer } of inputs) {
    if (producer >= 0) continue;
    for (const element of known?.data ?? []) if (element !== undefined) symbolsOf(element, needed);
  }
  return [...needed];
}

function bytesOf(buffer: Buffer, { program }: LoweredBlock): number {
  const { shape, storage, lanes } = buffer;
  const extents = largestExtents(shape, program);
  return aligned(
    extents.reduce((product, dim) => product * Math.max(0, dim), storageBytes(storage) * lanes),
  );
}

function inputBytes({ type }: Value, sizes: Sizes): number {
  const storage = type.kind === 'tensor' ? storageOf(type.dtype) : undefined;
  if (type.kind !== 'tensor' || type.shape === null || storage === undefined) return 0;
  const buffer = globalBuffer('input', storage, sizes.shapeOf(type.shape));
  return buffer.shape.reduce(
    (product, dim) => product * (dim.kind === 'constant' ? dim.value : 0),
    storageBytes(storage),
  );
}
