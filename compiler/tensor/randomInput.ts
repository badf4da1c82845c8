/**
 * Made-up inputs that a model can run on: floats uniform in [-2, 2], integers within what the graph does with them
 * (ids stay inside the table that they are looked up in). The same seed gives the same tensors on every machine.
 */
import type { Graph } from '../graph/graph.ts';
import type { DataType } from '../graph/types.ts';
import type { StorageType } from '../loop/scalarType.ts';
import { byteLength } from '../onnx/elements.ts';
import type { Tensor } from './tensor.ts';
import { countOf, elementView, makeTensor, storageOfDtype, storeScalar } from './tensor.ts';

/** Integers from `least` to `most`, both included. */
export interface IntegerRange {
  readonly least: number;
  readonly most: number;
}

/** Masks and flags. */
const BITS: IntegerRange = { least: 0, most: 1 };
const FLOAT_REACH = 2;

/** xorshift32: small, fast, the same everywhere. */
export class Random {
  private state: number;

  constructor(seed: number) {
    // Neighbouring seeds must not start alike; 0 is the one state that xorshift never leaves.
    this.state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1;
    for (let i = 0; i < 8; i++) this.unit();
  }

  /** In [0, 1), 24 bits. */
  unit(): number {
    let { state } = this;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.state = state;
    return (state >>> 8) / 2 ** 24;
  }
}

/**
 * @param seed of this tensor; inputs of one model take different ones.
 * Throws RangeError for types that kernels do not compute with.
 */
export function randomTensor(
  dtype: DataType,
  dims: readonly number[],
  seed: number,
  range: IntegerRange = BITS,
): Tensor {
  const storage = storageOfDtype(dtype);
  if (storage === undefined) throw new RangeError(`${dtype} tensors are not computed with`);
  const count = countOf(dims);
  const bytes = new Uint8Array(byteLength(dtype, count));
  const view = elementView(storage, bytes);
  const random = new Random(seed);
  const draw = drawer(storage, random, range);
  if (view instanceof Float32Array) for (let at = 0; at < count; at++) view[at] = draw();
  else for (let at = 0; at < count; at++) storeScalar(storage, view, at, draw());
  return makeTensor(dtype, dims, bytes);
}

function drawer(storage: StorageType, random: Random, range: IntegerRange): () => number {
  if (storage === 'f32' || storage === 'f64' || storage === 'f16' || storage === 'bf16') {
    return () => (random.unit() * 2 - 1) * FLOAT_REACH;
  }
  const { least, most } = storage === 'bool' ? BITS : range;
  return () => least + Math.floor(random.unit() * (most - least + 1));
}

/** Operators that hand integers on, in some order or shape. */
const CARRIERS = new Set(
  'Cast Reshape Squeeze Unsqueeze Flatten Transpose Expand Slice Concat Split Tile Identity'.split(
    ' ',
  ),
);
/** Axis of slot 0 that slot 1 indexes; 0 where the attribute is missing. */
const LOOKUPS = new Set(['Gather', 'GatherElements']);

/**
 * Integers that an input may hold: where it (or what copies hand on of it) is looked up in a table of known
 * size, the positions of the smallest such table; 0 and 1 elsewhere.
 */
export function integerRangeOf(graph: Graph, input: number): IntegerRange {
  let most = Infinity;
  const seen = new Set<number>();
  const pending = [input];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    for (const consumer of graph.values[value]!.consumers) {
      const { type, domain, inputs, outputs } = graph.operators[consumer]!;
      if (domain !== '') continue;
      if (LOOKUPS.has(type) && inputs[1] === value)
        most = Math.min(most, tableSize(graph, consumer));
      else if (CARRIERS.has(type)) pending.push(...outputs.filter((output) => output >= 0));
    }
  }
  return Number.isFinite(most) ? { least: 0, most: Math.max(0, most - 1) } : BITS;
}

function tableSize(graph: Graph, operator: number): number {
  const { inputs, attributes } = graph.operators[operator]!;
  const type = graph.values[inputs[0]!]?.type;
  if (type?.kind !== 'tensor' || type.shape === null) return Infinity;
  const axis = attributes.get('axis');
  const at = axis?.kind === 'int' ? axis.value : 0;
  const dim = type.shape[at < 0 ? at + type.shape.length : at];
  return typeof dim === 'number' ? dim : Infinity;
}
