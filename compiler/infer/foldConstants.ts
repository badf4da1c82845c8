/**
 * Operators that read nothing but constants leave the graph: what they give becomes a constant whose source is the
 * operator itself, evaluated once when the weights are packaged and never while the model runs. Weights are not
 * read here. Runs on an inferred model, before and after rewriting; running it twice changes nothing.
 */
import type { Computation, Constant, Graph, Model, Operator, Value } from '../graph/graph.ts';
import { DATA_TYPES } from '../graph/types.ts';
import type { DataType, ValueType } from '../graph/types.ts';
import { lookupOperator } from '../ops/index.ts';
import { OperatorView } from '../ops/operatorView.ts';
import type { ValueFacts } from '../ops/operatorView.ts';
import { Computations } from './computations.ts';
import { withoutOperators } from './withoutOperators.ts';

/** A result may be this many times as large as the constants that it is made of ... */
const MOST_GROWTH = 4;
/** ... or have as many bytes as this; beyond, it is cheaper to compute than to keep (an Expand, a Tile). */
const SMALL_BYTES = 1 << 20;
/** Bytes that small results may add to the weights of a model, together. */
const MOST_ADDED_BYTES = 1 << 28;
/** Inputs and outputs of one evaluation, all in memory. */
const MOST_BYTES = 2 ** 30;
const MOST_FLOPS = 4e9;

/**
 * Integers that stand for floats stay what they are: kernels multiply them as integers, and they are a quarter of
 * the bytes.
 */
const KEPT: ReadonlySet<string> = new Set(['DequantizeLinear']);

/** Only the main graph: what a branch holds may be meant never to run. */
export function foldConstants(model: Model): Model {
  const folding = new Folding(model.graph);
  for (const operator of model.graph.operators) folding.visit(operator);
  if (folding.folded.size === 0) return model;
  return { ...model, graph: withoutOperators(model.graph, folding.folded, folding.values) };
}

class Folding {
  readonly folded = new Set<number>();
  /** By index; folded results have constants. */
  readonly values: Value[];
  private readonly facts: ValueFacts;
  private readonly computations = new Computations();
  /** Bytes of the constants in files that a computed one is made of; at most its own. */
  private readonly origins = new Map<Constant, number>();
  private addedBytes = 0;

  constructor(private readonly graph: Graph) {
    this.values = [...graph.values];
    const types = graph.values.map(({ type }) => type);
    const known = graph.values.map((value) => value.known);
    this.facts = { types, known, constant: graph.values.map(isConstant) };
  }

  visit(operator: Operator): void {
    const outputs = operator.outputs.map((value) =>
      value < 0 ? undefined : definite(this.graph.values[value]!.type),
    );
    if (!this.mayFold(operator) || outputs.some((output) => output === null)) return;
    const sizes = outputs as (TensorSize | undefined)[];
    if (!this.isWorthwhile(operator, sizes)) return;
    const inputs = operator.inputs.map((value) =>
      value < 0 ? undefined : (this.values[value] as Value & { readonly constant: Constant }),
    );
    const computation = this.computations.of(operator, inputs, sizes);
    this.folded.add(operator.index);
    operator.outputs.forEach((value, slot) => {
      if (value >= 0) this.replace(value, computation, slot);
    });
  }

  private mayFold({ domain, type, inputs, outputs, captures, subgraphs }: Operator): boolean {
    const entry = lookupOperator(domain, type);
    if (entry === undefined || entry.properties.includes('impure') || KEPT.has(type)) return false;
    if (subgraphs.size > 0 || captures.length > 0) return false;
    if (outputs.every((value) => value < 0)) return false;
    const read = inputs.filter((value) => value >= 0);
    if (read.length === 0) return entry.source === true;
    return read.every((value) => {
      const { constant } = this.values[value]!;
      const { dtype, source, sparse } = constant ?? {};
      return dtype && isComputed(dtype) && source?.kind !== 'unavailable' && !sparse;
    });
  }

  private isWorthwhile(operator: Operator, outputs: readonly (TensorSize | undefined)[]): boolean {
    const constants = [...new Set(operator.inputs)].flatMap((value) =>
      value < 0 ? [] : [this.values[value]!.constant!],
    );
    const total = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
    const origin = total(constants.map((constant) => this.originOf(constant)));
    const made = total(outputs.map((output) => (output ? bytesOf(output) : 0)));
    if (made + total(constants.map(bytesOf)) > MOST_BYTES) return false;
    const added = Math.max(0, made - MOST_GROWTH * origin);
    if (added > 0 && (made > SMALL_BYTES || this.addedBytes + added > MOST_ADDED_BYTES)) {
      return false;
    }
    if (!(this.flopsOf(operator) <= MOST_FLOPS)) return false;
    this.addedBytes += added;
    return true;
  }

  private flopsOf(operator: Operator): number {
    try {
      const entry = lookupOperator(operator.domain, operator.type)!;
      return Number(entry.flops(new OperatorView(operator, this.facts)));
    } catch {
      // Its inputs do not fit: it is reported where it stands.
      return Number.NaN;
    }
  }

  private originOf(constant: Constant): number {
    const known = this.origins.get(constant);
    if (known !== undefined) return known;
    // Constants that an earlier run folded count as they are.
    const bytes = bytesOf(constant);
    this.origins.set(constant, bytes);
    return bytes;
  }

  private replace(index: number, computation: Computation, slot: number): void {
    const constant = this.computations.constant(computation, slot);
    const origin = computation.inputs.reduce(
      (sum, input) => sum + (input ? this.originOf(input.constant) : 0),
      0,
    );
    this.origins.set(constant, Math.min(bytesOf(constant), origin));
    this.values[index] = { ...this.values[index]!, producer: -1, slot: 0, constant };
  }
}

type TensorSize = Pick<Constant, 'dtype' | 'dims'>;

function isConstant({ constant }: Value): boolean {
  return constant !== undefined;
}

/** Element type and sizes; `null` unless all of it is known and kernels compute with it. */
function definite(type: ValueType): TensorSize | null {
  if (type.kind !== 'tensor' || type.shape === null || !isComputed(type.dtype)) return null;
  const dims: number[] = [];
  for (const dim of type.shape) {
    if (typeof dim !== 'number') return null;
    dims.push(dim);
  }
  return { dtype: type.dtype, dims };
}

/** Types of whole bytes whose elements are numbers. */
function isComputed(dtype: DataType): boolean {
  return /^(float(16|32|64)|bfloat16|u?int(8|16|32|64)|bool)$/.test(dtype);
}

function bytesOf({ dtype, dims }: TensorSize): number {
  return dims.reduce((product, dim) => product * dim, DATA_TYPES[dtype].bits / 8);
}
