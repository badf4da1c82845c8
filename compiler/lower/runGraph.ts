/**
 * Runs a planned graph on the interpreter, block by block: the reference for every faster way to run it. Slow;
 * for small graphs and tests.
 */
import { evaluateDim, formatDim } from '../graph/dim.ts';
import type { Dim } from '../graph/dim.ts';
import type { Graph, Model } from '../graph/graph.ts';
import type { Scalar } from '../loop/arithmetic.ts';
import { interpret, shapeOf } from '../loop/interpret.ts';
import type { RunOptions } from '../loop/interpret.ts';
import { allocate, cellsOf, elementsOf } from '../loop/memory.ts';
import type { Cells } from '../loop/memory.ts';
import type { StorageType } from '../loop/scalarType.ts';
import { assertProgram } from '../loop/verify.ts';
import type { LoweredBlock } from './block.ts';
import { lowerBlock } from './block.ts';
import { storageOf } from './storage.ts';
import { Unsupported } from './unsupported.ts';
import { valueFacts } from './valueFacts.ts';

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
}

/** Programs of all blocks, in order. Throws Unsupported. */
export function lowerPlan(model: Model, { blocks }: Blocks): readonly LoweredBlock[] {
  const { graph, symbols } = model;
  const leastSize = (symbol: string): number => (symbols.get(symbol)?.origin === 'data' ? 0 : 1);
  const context = { graph, facts: valueFacts(graph), leastSize };
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
  const programs = lowerPlan(model, plan);
  const sizes = bindSizes(graph, inputs);
  const tensors = new Map<number, Tensor>();
  graph.inputs.forEach((value, i) => tensors.set(value, inputs[i]!));

  const tensorOf = (value: number): Tensor => {
    const found = tensors.get(value) ?? constantTensor(graph, value, sizes, options);
    tensors.set(value, found);
    return found;
  };

  for (const block of programs) {
    options.onProgram?.(block);
    runBlock(block, sizes, tensorOf, tensors, options);
  }
  return graph.outputs.map(tensorOf);
}

function runBlock(
  block: LoweredBlock,
  sizes: ReadonlyMap<string, number>,
  tensorOf: (value: number) => Tensor,
  tensors: Map<number, Tensor>,
  options: RunOptions,
): void {
  const { program } = block;
  const parameters = new Map<string, number>();
  for (const [name, symbol] of block.symbols) {
    const value = sizes.get(symbol);
    if (value === undefined) throw new Unsupported(program.name, `size ${symbol} is not known`);
    parameters.set(name, value);
  }
  const memory = new Map<string, Cells>();
  program.inputs.forEach(({ name, storage }, i) => {
    memory.set(name, cellsOf(storage, tensorOf(block.inputs[i]!).elements));
  });
  const results = program.outputs.map(({ name, storage, shape }) => {
    const dims = shapeOf(shape, parameters);
    const count = dims.reduce((product, dim) => product * dim, 1);
    const cells = allocate(storage, count, 'poisoned');
    memory.set(name, cells);
    return { dims, cells, storage };
  });
  interpret(program, parameters, memory, options);
  results.forEach(({ dims, cells, storage }, i) => {
    tensors.set(block.outputs[i]!, { storage, dims, elements: elementsOf(cells) });
  });
}

/** Symbols by the sizes of the actual inputs; throws where two inputs contradict. */
function bindSizes(graph: Graph, inputs: readonly Tensor[]): ReadonlyMap<string, number> {
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
  graph: Graph,
  value: number,
  sizes: ReadonlyMap<string, number>,
  options: RunGraphOptions,
): Tensor {
  const { type, known, name } = graph.values[value]!;
  const given = options.constantOf?.(value);
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
