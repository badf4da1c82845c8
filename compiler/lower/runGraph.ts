/**
 * Runs a planned graph on the interpreter, block by block: the reference for every faster way to run it. Slow;
 * for small graphs and tests.
 */
import { evaluateDim, formatDim } from '../graph/dim.ts';
import type { Dim } from '../graph/dim.ts';
import type { Graph, Model, Value } from '../graph/graph.ts';
import type { Scalar } from '../loop/arithmetic.ts';
import { interpret, shapeOf } from '../loop/interpret.ts';
import type { RunOptions } from '../loop/interpret.ts';
import { allocate, cellsOf } from '../loop/memory.ts';
import type { Cells } from '../loop/memory.ts';
import type { StorageType } from '../loop/scalarType.ts';
import { assertProgram } from '../loop/verify.ts';
import type { LoweredBlock } from './block.ts';
import { blockContext, lowerBlock } from './block.ts';
import { storageOf } from './storage.ts';
import { Unsupported } from './unsupported.ts';

export interface Tensor {
  readonly storage: StorageType;
  readonly dims: readonly number[];
  readonly elements: readonly Scalar[];
}

/** What of a plan matters here. */
export interface Blocks {
  readonly blocks: readonly { readonly operators: readonly number[] }[];
}

export interface RunGraphOptions extends RunOptions {
  /** Elements of an initialiser that is not small; default: refused. */
  readonly constantOf?: (value: number) => Tensor | undefined;
  /** Called with every program before it runs. */
  readonly onProgram?: (block: LoweredBlock) => void;
  /** See `BlockContext`. */
  readonly manyThreads?: boolean;
  /** Runs a program in place; default: the interpreter. */
  readonly run?: typeof interpret;
}

/** Programs of all blocks, in order. Throws Unsupported. */
export function lowerPlan(
  model: Model,
  { blocks }: Blocks,
  { manyThreads }: Pick<RunGraphOptions, 'manyThreads'> = {},
): readonly LoweredBlock[] {
  const context = { ...blockContext(model), ...(manyThreads && { manyThreads }) };
  return blocks.map(({ operators }, i) => {
    const lowered = lowerBlock(context, operators, `block${i}`);
    assertProgram(lowered.program, 'lowering');
    return lowered;
  });
}

/**
 * Outputs of the model for the given inputs (in the order of the graph's inputs). Throws Unsupported where a
 * block has no kernel, RunError where the data violates an operator's rules.
 */
export function runGraph(
  model: Model,
  plan: Blocks,
  inputs: readonly Tensor[],
  options: RunGraphOptions = {},
): readonly Tensor[] {
  const { graph } = model;
  const programs = lowerPlan(model, plan, options);
  const sizes = bindSizes(graph, inputs);
  const tensors = new Map<number, Tensor>();
  graph.inputs.forEach((value, i) => tensors.set(value, inputs[i]!));

  const tensorOf = (value: number): Tensor => {
    const found = tensors.get(value) ?? constantTensor(graph.values[value]!, value, sizes, options);
    tensors.set(value, found);
    return found;
  };

  for (const block of programs) {
    options.onProgram?.(block);
    runBlock(block, graph, sizes, tensorOf, tensors, options);
  }
  return graph.outputs.map(tensorOf);
}

function runBlock(
  block: LoweredBlock,
  graph: Graph,
  sizes: Map<string, number>,
  tensorOf: (value: number) => Tensor,
  tensors: Map<number, Tensor>,
  options: RunGraphOptions,
): void {
  const { program } = block;
  const parameters = new Map<string, number>();
  for (const [name, symbol] of block.symbols) {
    const value = sizes.get(symbol);
    if (value === undefined) throw new Unsupported(program.name, `size ${symbol} is not known`);
    parameters.set(name, value);
  }
  const memory = new Map<string, Cells>();
  program.inputs.forEach(({ name, storage, shape }, i) => {
    const constant = block.bodyConstants.get(i);
    const tensor =
      constant === undefined
        ? tensorOf(block.inputs[i]!)
        : constantTensor(constant, undefined, sizes, options);
    memory.set(name, spread(tensor, storage, shapeOf(shape, parameters)));
  });
  const results = program.outputs.map(({ name, storage, shape }) => {
    const extents = shapeOf(shape, parameters);
    const cells = allocate(storage, countOf(extents), 'poisoned');
    memory.set(name, cells);
    return { extents, cells, storage };
  });
  (options.run ?? interpret)(program, parameters, memory, options);
  for (const { symbol, buffer } of block.counts) {
    sizes.set(symbol, Number(memory.get(buffer.name)!.get(0)));
  }
  block.outputs.forEach((value, i) => {
    const { extents, cells, storage } = results[i]!;
    const { type } = graph.values[value]!;
    const shape = type.kind === 'tensor' ? (type.shape ?? []) : [];
    const dims = shape.map((dim) => evaluateDim(dim, (symbol) => sizes.get(symbol) ?? Number.NaN));
    const elements: Scalar[] = [];
    forEachPlace(dims, extents, (at) => elements.push(cells.get(at)));
    tensors.set(value, { storage, dims, elements });
  });
}

/** Elements at their places in memory that may have larger extents than the value. */
function spread(tensor: Tensor, storage: StorageType, extents: readonly number[]): Cells {
  if (countOf(extents) === tensor.elements.length) return cellsOf(storage, tensor.elements);
  const cells = allocate(storage, countOf(extents), 'poisoned');
  let next = 0;
  forEachPlace(tensor.dims, extents, (at) => cells.set(at, tensor.elements[next++]!));
  return cells;
}

function countOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Calls `visit` with the place in memory of each element of a tensor, row-major. */
function forEachPlace(
  dims: readonly number[],
  extents: readonly number[],
  visit: (at: number) => void,
  axis = 0,
  start = 0,
): void {
  if (axis === dims.length) return visit(start);
  for (let i = 0; i < dims[axis]!; i++) {
    forEachPlace(dims, extents, visit, axis + 1, start * extents[axis]! + i);
  }
}

/** Symbols by the sizes of the actual inputs; throws where two inputs contradict. */
function bindSizes(graph: Graph, inputs: readonly Tensor[]): Map<string, number> {
  const sizes = new Map<string, number>();
  graph.inputs.forEach((value, i) => {
    const { type, name } = graph.values[value]!;
    const input = inputs[i];
    if (input === undefined) throw new RangeError(`input ${name} is missing`);
    if (type.kind !== 'tensor' || type.shape === null) return;
    if (type.shape.length !== input.dims.length) throw new RangeError(`the rank of input ${name}`);
    type.shape.forEach((dim, axis) => bindDim(dim, input.dims[axis]!, sizes));
  });
  return sizes;
}

function bindDim(dim: Dim, actual: number, sizes: Map<string, number>): void {
  if (typeof dim !== 'number' && /^[^·()]+$/.test(dim.key) && dim.terms.length === 1) {
    const [term] = dim.terms;
    const [atom] = term!.atoms;
    if (term!.coefficient === 1 && term!.atoms.length === 1 && atom?.kind === 'symbol') {
      if (!sizes.has(atom.name)) sizes.set(atom.name, actual);
    }
  }
  const expected = evaluateDim(dim, (symbol) => sizes.get(symbol) ?? Number.NaN);
  if (!Number.isNaN(expected) && expected !== actual) {
    throw new RangeError(`a size is ${actual} where the model says ${formatDim(dim)}`);
  }
}

function constantTensor(
  { type, known, name }: Value,
  value: number | undefined,
  sizes: ReadonlyMap<string, number>,
  options: RunGraphOptions,
): Tensor {
  const given = value === undefined ? undefined : options.constantOf?.(value);
  if (given !== undefined) return given;
  const storage = type.kind === 'tensor' ? storageOf(type.dtype) : undefined;
  if (known === undefined || storage === undefined) {
    throw new Unsupported(name, 'the elements of a constant are not at hand');
  }
  const elements = known.data.map((dim) => {
    const element =
      dim === undefined
        ? Number.NaN
        : evaluateDim(dim, (symbol) => sizes.get(symbol) ?? Number.NaN);
    if (dim === undefined) throw new Unsupported(name, 'an element of a constant is not known');
    return storage === 'i64' || storage === 'u64' ? BigInt(element) : element;
  });
  return { storage, dims: known.dims, elements };
}
