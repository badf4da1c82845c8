/**
 * One fusion block becomes one loop program, unscheduled: every value that leaves the block gets a loop nest
 * over its elements, everything else is computed inside by substitution. A field that would be computed more
 * often than it has elements (a reduction read by several rows, a value read at many places) is stored in
 * local memory instead; the block is then lowered again with that decision.
 */
import type { Graph, Model, Value } from '../graph/graph.ts';
import type { Buffer, Expr, UnaryOp } from '../loop/expr.ts';
import { indexValue, load, operandsOf } from '../loop/expr.ts';
import type { Facts } from '../loop/facts.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, constant, ONE, product, subtract, ZERO } from '../loop/indexExpr.ts';
import type { LoopProgram } from '../loop/ir.ts';
import { globalBuffer, localBuffer } from '../loop/ir.ts';
import type { Polynomial } from '../loop/polynomial.ts';
import { sizeFacts } from '../loop/simplify.ts';
import { decide, isAtMost, normalForm, productOf, sumOf } from '../loop/simplifyIndex.ts';
import type { ValueFacts } from '../ops/operatorView.ts';
import type { Field } from './field.ts';
import { sizesFoundIn } from './foundSizes.ts';
import type { SymbolInfos } from './largestDim.ts';
import type { Host } from './region.ts';
import { Region } from './region.ts';
import type { FieldPolicy } from './scope.ts';
import { Scope } from './scope.ts';
import { Sizes } from './sizes.ts';
import { Unsupported } from './unsupported.ts';
import { valueFacts } from './valueFacts.ts';

export interface LoweredBlock {
  readonly program: LoopProgram;
  /** Graph values that the program's inputs are, in order; -1: a constant of a body, see `bodyConstants`. */
  readonly inputs: readonly number[];
  /** Graph values of the first outputs of the program. The buffers of `counts` follow them. */
  readonly outputs: readonly number[];
  /** By place among the inputs: constants of the graphs inside If, Loop and Scan. */
  readonly bodyConstants: ReadonlyMap<number, Value>;
  /** Dim symbols whose values the program finds out: element 0 of an i64[1] output. */
  readonly counts: readonly { readonly symbol: string; readonly buffer: Buffer }[];
  /** Dim symbol of each size parameter. */
  readonly symbols: ReadonlyMap<string, string>;
}

export interface BlockContext {
  readonly graph: Graph;
  readonly facts: ValueFacts;
  /** Origins and bounds of dim symbols; what is missing here is the size of an input. */
  readonly symbols?: SymbolInfos;
  /** Least value of a symbol; default: 0 for data-dependent sizes, else 1. */
  readonly leastSize?: (symbol: string) => number;
  /** Operators with procedures of their own (TopK, NonZero) take many small parallel steps instead of the least work. */
  readonly manyThreads?: boolean;
  /**
   * Functions (exp, erf) in front of windows are computed once and stored: memory of the block stays in caches there.
   * Default: they are computed again as other arithmetic is.
   */
  readonly functionsOnce?: boolean;
}

export function blockContext(
  { graph, symbols }: Pick<Model, 'graph' | 'symbols'>,
  functionsOnce = false,
): BlockContext {
  return { graph, facts: valueFacts(graph), symbols, functionsOnce };
}

/** Places in a block where one value may be computed again. */
const MOST_PLACES: Readonly<Record<Field['cost'], number>> = { free: 24, light: 6, heavy: 6 };
/**
 * Times that one element may be computed, on average. Arithmetic in front of a product of matrices or a convolution
 * would run for every output: stored, it costs one pass, as it does unfused.
 */
const MOST_TIMES: Readonly<Record<Field['cost'], number>> = { free: Infinity, light: 4, heavy: 1 };
/** The same for values that cannot be stored, as nothing bounds their size. */
const MOST_PLACES_UNBOUNDED = 64;
/** Segments that one loop nest is cut into. */
const MOST_SEGMENTS = 64;

/** Operations of one operand that are no functions. */
const CHEAP: ReadonlySet<string> = new Set<UnaryOp>([
  'neg',
  'abs',
  'sign',
  'ceil',
  'floor',
  'round',
  'trunc',
  'sqrt',
  'not',
  'bitNot',
  'roundF16',
  'roundBf16',
]);

/** A field has to be stored; the block starts over. */
class StoreInstead {
  constructor(readonly key: string) {}
}

/**
 * @param operators indices, ascending. Throws Unsupported where an operator or the combination has no kernel.
 */
export function lowerBlock(
  context: BlockContext,
  operators: readonly number[],
  name: string,
): LoweredBlock {
  const stored = new Set<string>();
  for (;;) {
    try {
      return new BlockLowering(context, operators, name, stored).run();
    } catch (error) {
      if (!(error instanceof StoreInstead) || stored.has(error.key)) throw error;
      stored.add(error.key);
    }
  }
}

class BlockLowering implements FieldPolicy, Host {
  readonly sizes: Sizes;
  readonly manyThreads: boolean;
  private readonly region: Region;
  private memory = new Map<string, Buffer>();
  private filled = new Set<string>();
  private readonly outputBuffers = new Map<string, Buffer>();
  private readonly inputs: {
    readonly value: number;
    readonly buffer: Buffer;
    readonly constant?: Value;
  }[] = [];
  private readonly counts = new Map<string, Buffer>();
  private readonly places = new Map<string, number>();
  private readonly iterations = new Map<string, Polynomial>();
  /** Where memory is declared and filled: the program, or the body of a loop or branch. */
  private home!: Scope;

  constructor(
    private readonly context: BlockContext,
    private readonly operators: readonly number[],
    private readonly name: string,
    private readonly stored: ReadonlySet<string>,
  ) {
    this.sizes = new Sizes(context.symbols, context.leastSize);
    this.manyThreads = context.manyThreads === true;
    this.region = new Region(this, context.graph, '', undefined, context.facts);
  }

  run(): LoweredBlock {
    const { graph } = this.context;
    this.region.lower(this.operators);
    const outputs = this.leaving();
    const buffers = outputs.map((value, i) => this.outputBuffer(value, i));
    const found = this.operators.flatMap((operator) => sizesFoundIn(graph).get(operator) ?? []);
    for (const symbol of found) {
      if (!this.sizes.isData(symbol)) continue;
      this.counts.set(symbol, globalBuffer(`count${this.counts.size}`, 'i64', [ONE]));
    }
    // All sizes must be known to the facts before the first statement; shapes have named them by now.
    const before = this.sizes.parameters;
    const root = Scope.root(sizeFacts(before), this);
    this.home = root;
    this.region.begin(root);
    for (const value of outputs) this.memoryOf(this.region.field(value)!);
    const parameters = this.sizes.parameters;
    for (const { symbol } of parameters.slice(before.length)) {
      throw new Error(`${symbol} appeared late in ${graph.name}`);
    }
    const counts = [...this.counts].map(([symbol, buffer]) => ({ symbol, buffer }));
    const constants = this.inputs.map(({ constant }, i) => [i, constant] as const);
    return {
      program: {
        name: this.name,
        sizes: parameters.map(({ name, atLeast, atMost }) => ({
          name,
          atLeast,
          ...(atMost !== undefined && { atMost }),
        })),
        inputs: this.inputs.map(({ buffer }) => buffer),
        outputs: [...buffers, ...this.counts.values()],
        body: root.body,
        ...(counts.length > 0 && {
          counts: counts.map(({ symbol, buffer }) => ({
            size: this.sizes.declareInner(symbol).name,
            buffer,
          })),
        }),
      },
      inputs: this.inputs.map(({ value }) => value),
      outputs,
      bodyConstants: new Map(constants.filter((entry): entry is [number, Value] => !!entry[1])),
      counts,
      symbols: new Map(parameters.map(({ name, symbol }) => [name, symbol])),
    };
  }

  /** Its extents are those that every reader of the value expects: they follow from its type. */
  private outputBuffer(value: number, place: number): Buffer {
    const field = this.region.field(value)!;
    const { type } = this.context.graph.values[value]!;
    const dims = type.kind === 'tensor' && type.shape ? this.sizes.shapeOf(type.shape) : [];
    const shape = dims.length === field.shape.length ? dims : field.shape;
    const buffer = globalBuffer(`out${place}`, field.storage, this.extents(shape, field));
    this.outputBuffers.set(field.key, buffer);
    return buffer;
  }

  private extents(shape: readonly Index[], field: Pick<Field, 'key' | 'operator'>) {
    const extents = this.sizes.physical(shape);
    if (extents !== undefined) return extents;
    throw new Unsupported(field.operator ?? field.key, 'the size of a tensor has no bound');
  }

  argument(
    region: Region,
    value: number,
    shape: readonly Index[],
    storage: Field['storage'],
  ): Field {
    const key = `${region.prefix}v${value}`;
    const extents = this.extents(shape, { key, operator: region.graph.values[value]!.name });
    const buffer = globalBuffer(`in${this.inputs.length}`, storage, extents);
    const isMain = region === this.region;
    const constant = isMain ? undefined : region.graph.values[value];
    if (constant?.constant === undefined && !isMain) {
      throw new Unsupported(constant!.name, 'a value of a body is not known');
    }
    this.inputs.push({ value: isMain ? value : -1, buffer, ...(constant && { constant }) });
    this.memory.set(key, buffer);
    this.filled.add(key);
    const element: Field['element'] = (_, index) => load(buffer, index);
    return { key, hint: 'x', storage, shape, cost: 'free', element };
  }

  adopt(field: Field, buffer: Buffer): void {
    this.memory.set(field.key, buffer);
    this.filled.add(field.key);
  }

  materialise(field: Field): void {
    this.memoryOf(field);
  }

  inside(scope: Scope, emit: () => void): void {
    const { home, memory, filled } = this;
    this.home = scope;
    this.memory = new Map(memory);
    this.filled = new Set(filled);
    emit();
    this.home = home;
    this.memory = memory;
    this.filled = filled;
  }

  found(scope: Scope, symbol: string, value: Index): void {
    const buffer = this.counts.get(symbol);
    if (buffer !== undefined) scope.store(buffer, [ZERO], indexValue(value));
  }

  memoryOf(field: Field): Buffer | undefined {
    let buffer = this.memory.get(field.key) ?? this.outputBuffers.get(field.key);
    if (buffer === undefined) {
      if (!this.stored.has(field.key) && field.procedure === undefined) return undefined;
      const extents = this.extents(
        field.shape.map((dim) => this.home.simplify(dim)),
        field,
      );
      buffer = localBuffer(this.home.fresh(`${field.hint}t`), field.storage, extents);
      this.home.emit({ kind: 'local', buffer });
    }
    this.memory.set(field.key, buffer);
    if (!this.filled.has(field.key)) this.fill(field, buffer);
    return buffer;
  }

  computing(field: Field, iterations: Polynomial | undefined): void {
    const places = (this.places.get(field.key) ?? 0) + 1;
    this.places.set(field.key, places);
    if (places > MOST_PLACES[field.cost]) return this.storeInstead(field, places);
    const most = MOST_TIMES[field.cost];
    if (most === Infinity) return;
    const { facts } = this.home;
    const elements = normalForm(product([...field.shape, constant(most)]), facts);
    if (iterations === undefined || elements === undefined) {
      if (field.cost !== 'light') this.storeInstead(field, places);
      return;
    }
    const before = this.iterations.get(field.key);
    const total = before === undefined ? iterations : sumOf(before, iterations, facts);
    if (total === undefined || !isAtMost(total, elements, facts)) {
      return this.storeInstead(field, places);
    }
    this.iterations.set(field.key, total);
  }

  computed(field: Field, value: Expr, iterations: Polynomial | undefined): void {
    if (!this.context.functionsOnce || field.cost !== 'light' || !callsFunction(value)) return;
    const { facts } = this.home;
    const [several, most] = [constant(4), constant(5)];
    const elements = normalForm(product([...field.shape, most]), facts);
    const times = iterations && productOf(iterations, normalForm(several, facts)!, facts);
    if (elements === undefined || times === undefined) return;
    if (!isAtMost(times, elements, facts)) this.storeInstead(field, 1);
  }

  /** What nothing bounds cannot be kept in memory: it is computed wherever it is read. */
  private storeInstead(field: Field, places: number): void {
    if (this.sizes.physical(field.shape) !== undefined) throw new StoreInstead(field.key);
    if (places > MOST_PLACES_UNBOUNDED) this.extents(field.shape, field);
  }

  operatorOf({ key, operator }: Field): string {
    if (operator !== undefined) return operator;
    const name = this.context.graph.values[Number(key.slice(1))]?.name;
    return `value ${name ?? key}`;
  }

  private fill(field: Field, buffer: Buffer): void {
    const { procedure } = field;
    if (procedure !== undefined) {
      const buffers = procedure.outputs.map((output) => {
        this.filled.add(output.key);
        return this.memoryOf(output)!;
      });
      procedure.fill(this.home, buffers);
      return;
    }
    this.filled.add(field.key);
    for (const { starts, extents } of segments(field, this.home.facts)) {
      this.home.loops(
        'i',
        extents,
        (scope, at) => {
          const index = at.map((part, axis) => add(part, starts[axis]!));
          const simple = index.map((part) => scope.simplify(part));
          scope.store(buffer, simple, field.element(scope, simple));
        },
        this.home.isRoot ? 'parallel' : 'serial',
      );
    }
  }

  /** Values that leave the block: graph outputs, and what other operators read. */
  private leaving(): readonly number[] {
    const { graph } = this.context;
    const inside = new Set(this.operators);
    return this.operators.flatMap((operator) =>
      graph.operators[operator]!.outputs.filter((value) => {
        if (value < 0) return false;
        const { isOutput, consumers } = graph.values[value]!;
        return isOutput || consumers.some((consumer) => !inside.has(consumer));
      }),
    );
  }
}

/** Of an element: more than a few machine instructions. */
function callsFunction(expr: Expr): boolean {
  const is =
    expr.kind === 'unary' ? !CHEAP.has(expr.op) : expr.kind === 'binary' && expr.op === 'pow';
  return is || operandsOf(expr).some(callsFunction);
}

/** The index space of a field, cut at its breaks. */
function segments(
  field: Field,
  facts: Facts,
): readonly { readonly starts: readonly Index[]; readonly extents: readonly Index[] }[] {
  const { shape, breaks } = field;
  let boxes: { starts: Index[]; extents: Index[] }[] = [{ starts: [], extents: [] }];
  shape.forEach((dim, axis) => {
    const cuts = (breaks?.[axis] ?? []).filter((cut) => inside(cut, dim, facts));
    const count = boxes.length * (cuts.length + 1);
    const starts = count > MOST_SEGMENTS ? [ZERO] : [ZERO, ...cuts];
    boxes = boxes.flatMap((box) =>
      starts.map((start, i) => ({
        starts: [...box.starts, start],
        extents: [...box.extents, subtract(starts[i + 1] ?? dim, start)],
      })),
    );
  });
  return boxes;
}

/** Cuts outside of the axis would make segments that overlap or leave it. */
function inside(cut: Index, dim: Index, facts: Facts): boolean {
  return (
    decide({ op: 'lt', a: ZERO, b: cut }, facts) === true &&
    decide({ op: 'le', a: cut, b: dim }, facts) === true
  );
}
