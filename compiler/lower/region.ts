/**
 * Operators of one graph turned into fields: the operators of a block, or the body of an If, Loop or Scan among
 * them. Sizes that operators find out are bound before the results are read, in the operators' order.
 */
import type { Dim } from '../graph/dim.ts';
import { formatDim, symbolsOf } from '../graph/dim.ts';
import type { Graph, Operator, Value } from '../graph/graph.ts';
import type { Buffer, Expr } from '../loop/expr.ts';
import { cast, compare, compareIndex, indexValue, literal, select } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { constant, equal } from '../loop/indexExpr.ts';
import type { StorageType } from '../loop/scalarType.ts';
import { registerType } from '../loop/scalarType.ts';
import type { ValueFacts } from '../ops/operatorView.ts';
import type { Field } from './field.ts';
import { sizesFoundIn } from './foundSizes.ts';
import { LowerOp } from './lowerOp.ts';
import { lookupLowering } from './lowerings.ts';
import { flatten } from './movement.ts';
import type { Scope } from './scope.ts';
import { MOST_UNBOUNDED } from './sizes.ts';
import type { Sizes } from './sizes.ts';
import { storageOf } from './storage.ts';
import { Unsupported } from './unsupported.ts';
import { valueFacts } from './valueFacts.ts';

/** The program that a region is part of. */
export interface Host {
  readonly sizes: Sizes;
  /** See `BlockContext`. */
  readonly manyThreads: boolean;
  /** A value that the program reads from outside: an input or a constant of any of its graphs. */
  argument(region: Region, value: number, shape: readonly Index[], storage: StorageType): Field;
  /** The field stands in memory that is filled already. */
  adopt(field: Field, buffer: Buffer): void;
  /** Fills a field that is memory, if that has not happened. */
  materialise(field: Field): void;
  /** Runs `emit` with new memory going to the scope, and forgets that memory afterwards. */
  inside(scope: Scope, emit: () => void): void;
  /** A size is known from here on. */
  found(scope: Scope, symbol: string, value: Index): void;
}

/** What operator views ask their region. */
export interface OperatorRegion {
  readonly sizes: Sizes;
  readonly manyThreads: boolean;
  /** Of the keys of fields. */
  readonly prefix: string;
  fieldOf(value: number): Field;
  find(emit: (scope: Scope) => void): void;
  bindSize(scope: Scope, dim: Dim, value: Expr, operator: string, atMost?: Index): void;
  enter(graph: Graph, prefix: string, inputs: readonly Field[]): Body;
  adopt(field: Field, buffer: Buffer): void;
  /** Whether no graph around this one finds out the size. */
  isOwn(symbol: string): boolean;
}

/** A graph inside an operator, ready to be emitted once. */
export interface Body {
  readonly graph: Graph;
  readonly outputs: readonly Field[];
  /** The field of any of its values. */
  readonly fieldOf: (value: number) => Field;
  /** Dims of the outputs as the graph states them. */
  readonly dims: (slot: number) => readonly Dim[];
  /** Emits what the outputs need into the scope, then `finish`, which reads them. */
  readonly emit: (scope: Scope, finish: () => void) => void;
  /** Emits what the outputs need where they stand: for a body that runs exactly once. */
  readonly inline: () => void;
}

/** Elements of a constant that are written into the program instead of being read. */
const MOST_LITERALS = 32;

export class Region implements OperatorRegion {
  private readonly fields = new Map<number, Field>();
  /** In the order of the operators. */
  private readonly prelude: ((scope: Scope) => void)[] = [];
  private readonly bound: Set<string>;
  private readonly facts: ValueFacts;

  constructor(
    private readonly host: Host,
    readonly graph: Graph,
    readonly prefix: string,
    private readonly parent?: Region,
    facts?: ValueFacts,
  ) {
    this.facts = facts ?? valueFacts(graph);
    this.bound = parent?.bound ?? new Set();
  }

  get sizes(): Sizes {
    return this.host.sizes;
  }

  get manyThreads(): boolean {
    return this.host.manyThreads;
  }

  /** Makes the fields of these operators, in order. Throws Unsupported. */
  lower(operators: readonly number[]): void {
    const found = sizesFoundIn(this.graph);
    for (const index of operators) {
      const operator = this.graph.operators[index]!;
      const own = (found.get(index) ?? []).filter(
        (symbol) => this.sizes.isData(symbol) && !this.isAround(symbol),
      );
      for (const symbol of own) this.sizes.declareInner(symbol);
      this.lowerOperator(operator, own);
      const results = operator.outputs.map((value) => this.fields.get(value));
      if (own.length === 0) continue;
      this.prelude.push(() => {
        for (const field of results) if (field?.procedure) this.host.materialise(field);
        const missing = own.find((symbol) => !this.bound.has(symbol));
        if (missing === undefined) return;
        throw new Unsupported(
          operator.id,
          `${operator.type}: the size ${missing.slice(0, 80)} is known at run time only`,
        );
      });
    }
  }

  /** Binds the sizes that operators find out. */
  begin(scope: Scope): void {
    for (const emit of this.prelude) emit(scope);
  }

  field(value: number): Field | undefined {
    return this.fields.get(value);
  }

  /** A value of the region, or one that it reads. */
  fieldOf(value: number): Field {
    const known = this.fields.get(value);
    if (known !== undefined) return known;
    const field = this.read(this.graph.values[value]!);
    this.fields.set(value, field);
    return field;
  }

  find(emit: (scope: Scope) => void): void {
    this.prelude.push(emit);
  }

  bindSize(scope: Scope, dim: Dim, value: Expr, operator: string, limit?: Index): void {
    const inner = this.ownSize(dim);
    if (inner === undefined || this.bound.has(inner.symbol)) {
      const expected = indexValue(this.sizes.indexOf(dim));
      const message = `a size is not ${formatDim(dim).slice(0, 80)}, as the shapes say`;
      scope.check(compare('eq', value, expected), operator, message);
      return;
    }
    const atMost = limit ?? inner.atMost ?? constant(MOST_UNBOUNDED);
    const index = scope.bindSize(inner.name, value, atMost, operator);
    this.bound.add(inner.symbol);
    this.host.found(scope, inner.symbol, index);
  }

  enter(graph: Graph, prefix: string, inputs: readonly Field[]): Body {
    const region = new Region(this.host, graph, prefix, this);
    graph.inputs.forEach((value, i) => inputs[i] && region.fields.set(value, inputs[i]));
    region.lower(graph.operators.map(({ index }) => index));
    const dims = (slot: number): readonly Dim[] => {
      const { type, name } = graph.values[graph.outputs[slot]!]!;
      if (type.kind === 'tensor' && type.shape !== null) return type.shape;
      throw new Unsupported(name, 'the rank of a tensor is not known');
    };
    return {
      graph,
      outputs: graph.outputs.map((value) => region.fieldOf(value)),
      fieldOf: (value) => region.fieldOf(value),
      dims,
      emit: (scope, finish) =>
        this.host.inside(scope, () => {
          region.begin(scope);
          finish();
        }),
      inline: () => this.prelude.push((scope) => region.begin(scope)),
    };
  }

  adopt(field: Field, buffer: Buffer): void {
    this.host.adopt(field, buffer);
  }

  isOwn(symbol: string): boolean {
    const found = [...sizesFoundIn(this.graph).values()].some((own) => own.includes(symbol));
    return this.sizes.isData(symbol) && !found && !this.isAround(symbol);
  }

  /** The symbol that a dim is, where an operator of this region finds it out. */
  private ownSize(dim: Dim) {
    if (typeof dim === 'number') return undefined;
    const [symbol] = symbolsOf(dim);
    const inner = symbol === undefined ? undefined : this.sizes.innerSize(symbol);
    return inner !== undefined && dim.key === symbol ? inner : undefined;
  }

  /** A symbol of a graph around this one is bound there. */
  private isAround(symbol: string): boolean {
    for (let region = this.parent; region; region = region.parent) {
      const { graph } = region;
      for (const symbols of sizesFoundIn(graph).values()) {
        if (symbols.includes(symbol)) return true;
      }
    }
    return false;
  }

  private lowerOperator(operator: Operator, own: readonly string[]): void {
    const lowering = lookupLowering(operator.domain, operator.type);
    if (lowering === undefined) {
      throw new Unsupported(operator.id, `${operator.type} has no kernel yet`);
    }
    const view = new LowerOp(operator, this.facts, this, own);
    operator.outputs.forEach((value, slot) => value >= 0 && view.outputStorage(slot));
    const results = lowering(view);
    operator.outputs.forEach((value, slot) => {
      if (value < 0) return;
      const field = results[slot];
      if (field === undefined) return view.unsupported(`its output ${slot}`);
      // A storage type of its own: a value is read back as it would be stored.
      this.fields.set(value, view.asOutput(slot, field));
    });
  }

  private read(value: Value): Field {
    const { type, name, outer, index } = value;
    const around = outer === undefined ? undefined : this.parent?.named(outer);
    if (around !== undefined) return around;
    const storage = type.kind === 'tensor' ? storageOf(type.dtype) : undefined;
    if (type.kind !== 'tensor' || storage === undefined || type.shape === null) {
      const what = type.kind === 'tensor' ? type.dtype : type.kind;
      throw new Unsupported(name, `no kernels read ${what} values`);
    }
    const shape = this.sizes.shapeOf(type.shape);
    const written = this.literals(value, storage);
    if (written === undefined) return this.host.argument(this, index, shape, storage);
    return {
      key: `${this.prefix}v${index}`,
      hint: 'x',
      storage,
      shape,
      cost: 'free',
      element: (_, at) => chosen(written, flatten(at, shape)),
    };
  }

  private named(name: string): Field | undefined {
    const value = this.graph.values.find((candidate) => candidate.name === name);
    return value && this.fieldOf(value.index);
  }

  /**
   * Elements of single constants, of small constants of bodies, and of size expressions, which are no
   * memory anywhere.
   */
  private literals(value: Value, storage: StorageType): readonly Expr[] | undefined {
    const data = this.facts.known[value.index]?.data;
    if (data === undefined || value.isInput || value.producer >= 0) return undefined;
    const isSize = value.constant === undefined;
    const most = isSize || this.parent !== undefined ? MOST_LITERALS : 1;
    if (data.length > most || data.length === 0) return undefined;
    const elements = data.map((element) => this.literalOf(element, storage));
    return elements.includes(undefined) ? undefined : (elements as Expr[]);
  }

  private literalOf(element: Dim | undefined, storage: StorageType): Expr | undefined {
    const type = registerType(storage);
    if (element === undefined) return undefined;
    if (typeof element !== 'number') return cast(type, indexValue(this.sizes.indexOf(element)));
    const isWide = storage === 'i64' || storage === 'u64';
    if (isWide && !Number.isSafeInteger(element)) {
      // Rounded: only end markers of Slice are that large, and any huge number means the same.
      return Math.abs(element) >= 2 ** 63 ? extremeOf(storage, element) : undefined;
    }
    return literal(type, element);
  }
}

function extremeOf(storage: 'i64' | 'u64', element: number): Expr | undefined {
  if (storage === 'u64') return undefined;
  return literal('i64', element > 0 ? 2n ** 63n - 1n : -(2n ** 63n));
}

function chosen(elements: readonly Expr[], at: Index): Expr {
  if (at.kind === 'constant' && elements[at.value] !== undefined) return elements[at.value]!;
  return elements
    .slice(0, -1)
    .reduceRight(
      (rest, element, i) => select(compareIndex(equal(at, constant(i))), element, rest),
      elements.at(-1)!,
    );
}
