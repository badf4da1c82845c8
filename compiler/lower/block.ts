/**
 * One fusion block becomes one loop program, unscheduled: every value that leaves the block gets a loop nest
 * over its elements, everything else is computed inside by substitution. A field that would be computed more
 * often than it has elements (a reduction read by several rows, a value read at many places) is stored in
 * local memory instead; the block is then lowered again with that decision.
 */
import type { Graph } from '../graph/graph.ts';
import type { Dim } from '../graph/dim.ts';
import type { Buffer } from '../loop/expr.ts';
import { literal, load } from '../loop/expr.ts';
import { Facts } from '../loop/facts.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, product, subtract, ZERO } from '../loop/indexExpr.ts';
import type { LoopProgram } from '../loop/ir.ts';
import { globalBuffer, localBuffer } from '../loop/ir.ts';
import type { Polynomial } from '../loop/polynomial.ts';
import { registerType } from '../loop/scalarType.ts';
import { decide, isAtMost, normalForm, sumOf } from '../loop/simplifyIndex.ts';
import type { ValueFacts } from '../ops/operatorView.ts';
import type { Field } from './field.ts';
import { LowerOp } from './lowerOp.ts';
import { lookupLowering } from './lowerings.ts';
import type { FieldPolicy } from './scope.ts';
import { Scope } from './scope.ts';
import { Sizes } from './sizes.ts';
import { storageOf } from './storage.ts';
import { Unsupported } from './unsupported.ts';

export interface LoweredBlock {
  readonly program: LoopProgram;
  /** Graph values that the program's inputs and outputs are, in order. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Dim symbol of each size parameter. */
  readonly symbols: ReadonlyMap<string, string>;
}

export interface BlockContext {
  readonly graph: Graph;
  readonly facts: ValueFacts;
  /** Least value of a symbol; default 1. */
  readonly leastSize?: (symbol: string) => number;
}

/** Places in a block where one value may be computed again. */
const MOST_PLACES: Readonly<Record<Field['cost'], number>> = { free: 24, light: 6, heavy: 6 };
/** Segments that one loop nest is cut into. */
const MOST_SEGMENTS = 64;

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

class BlockLowering implements FieldPolicy {
  private readonly sizes: Sizes;
  /** By graph value. */
  private readonly fields = new Map<number, Field>();
  private readonly memory = new Map<string, Buffer>();
  private readonly filled = new Set<string>();
  private readonly outputBuffers = new Map<string, Buffer>();
  private readonly inputs: { readonly value: number; readonly buffer: Buffer }[] = [];
  private readonly places = new Map<string, number>();
  private readonly iterations = new Map<string, Polynomial>();
  private root!: Scope;

  constructor(
    private readonly context: BlockContext,
    private readonly operators: readonly number[],
    private readonly name: string,
    private readonly stored: ReadonlySet<string>,
  ) {
    this.sizes = new Sizes(context.leastSize);
  }

  run(): LoweredBlock {
    const { graph } = this.context;
    for (const operator of this.operators) this.lowerOperator(operator);
    const outputs = this.leaving();
    const buffers = outputs.map((value, i) => {
      const field = this.fields.get(value)!;
      const buffer = globalBuffer(`out${i}`, field.storage, field.shape);
      this.outputBuffers.set(field.key, buffer);
      return buffer;
    });
    // All sizes must be known to the facts before the first statement; shapes have named them by now.
    const least = new Map(this.sizes.parameters.map(({ name, atLeast }) => [name, atLeast]));
    this.root = Scope.root(Facts.of(least), this);
    for (const value of outputs) this.memoryOf(this.fields.get(value)!);
    const parameters = this.sizes.parameters;
    for (const { name, symbol } of parameters) {
      if (!least.has(name)) throw new Error(`${symbol} appeared late in ${graph.name}`);
    }
    return {
      program: {
        name: this.name,
        sizes: parameters.map(({ name, atLeast }) => ({ name, atLeast })),
        inputs: this.inputs.map(({ buffer }) => buffer),
        outputs: buffers,
        body: this.root.body,
      },
      inputs: this.inputs.map(({ value }) => value),
      outputs,
      symbols: new Map(parameters.map(({ name, symbol }) => [name, symbol])),
    };
  }

  memoryOf(field: Field): Buffer | undefined {
    let buffer = this.memory.get(field.key) ?? this.outputBuffers.get(field.key);
    if (buffer === undefined) {
      if (!this.stored.has(field.key) && field.procedure === undefined) return undefined;
      buffer = localBuffer(this.root.fresh(`${field.hint}t`), field.storage, field.shape);
      this.root.emit({ kind: 'local', buffer });
    }
    this.memory.set(field.key, buffer);
    if (!this.filled.has(field.key)) this.fill(field, buffer);
    return buffer;
  }

  computing(field: Field, iterations: Polynomial | undefined): void {
    const places = (this.places.get(field.key) ?? 0) + 1;
    this.places.set(field.key, places);
    if (places > MOST_PLACES[field.cost]) throw new StoreInstead(field.key);
    if (field.cost !== 'heavy') return;
    const facts = this.root.facts;
    const elements = normalForm(product(field.shape), facts);
    if (iterations === undefined || elements === undefined) throw new StoreInstead(field.key);
    const before = this.iterations.get(field.key);
    const total = before === undefined ? iterations : sumOf(before, iterations, facts);
    if (total === undefined || !isAtMost(total, elements, facts)) throw new StoreInstead(field.key);
    this.iterations.set(field.key, total);
  }

  operatorOf({ key }: Field): string {
    const { graph } = this.context;
    if (key.startsWith('v')) return `value ${graph.values[Number(key.slice(1))]!.name}`;
    return graph.operators[Number.parseInt(key)]!.id;
  }

  private fill(field: Field, buffer: Buffer): void {
    const { procedure } = field;
    if (procedure !== undefined) {
      const buffers = procedure.outputs.map((output) => {
        this.filled.add(output.key);
        return this.memoryOf(output)!;
      });
      procedure.fill(this.root, buffers);
      return;
    }
    this.filled.add(field.key);
    for (const { starts, extents } of segments(field, this.root.facts)) {
      this.root.loops(
        'i',
        extents,
        (scope, at) => {
          const index = at.map((part, axis) => add(part, starts[axis]!));
          const simple = index.map((part) => scope.simplify(part));
          scope.store(buffer, simple, field.element(scope, simple));
        },
        'parallel',
      );
    }
  }

  private lowerOperator(index: number): void {
    const { graph, facts } = this.context;
    const operator = graph.operators[index]!;
    const lowering = lookupLowering(operator.domain, operator.type);
    if (lowering === undefined) {
      throw new Unsupported(operator.id, `${operator.type} has no kernel yet`);
    }
    const view = new LowerOp(operator, facts, (value) => this.fieldOf(value), this.sizes);
    operator.outputs.forEach((value, slot) => value >= 0 && view.outputStorage(slot));
    const results = lowering(view);
    operator.outputs.forEach((value, slot) => {
      if (value < 0) return;
      const field = results[slot];
      if (field === undefined) return view.unsupported(`its output ${slot}`);
      // A storage type of its own: a value is read back as it would be stored.
      this.fields.set(value, { ...field, storage: view.outputStorage(slot) });
    });
  }

  /** A value of the block, or one that it reads. */
  private fieldOf(value: number): Field {
    const known = this.fields.get(value);
    if (known !== undefined) return known;
    const field = this.inputField(value);
    this.fields.set(value, field);
    return field;
  }

  private inputField(value: number): Field {
    const { graph, facts } = this.context;
    const { type, name } = graph.values[value]!;
    const storage = type.kind === 'tensor' ? storageOf(type.dtype) : undefined;
    if (type.kind !== 'tensor' || storage === undefined || type.shape === null) {
      const what = type.kind === 'tensor' ? type.dtype : type.kind;
      throw new Unsupported(name, `no kernels read ${what} values`);
    }
    const shape = this.sizes.shapeOf(type.shape);
    const only = facts.known[value]?.data;
    const base = { key: `v${value}`, hint: 'x', storage, shape, cost: 'free' } as const;
    if (only?.length === 1 && isPlain(only[0], storage)) {
      const constant = literal(registerType(storage), only[0]);
      return { ...base, element: () => constant };
    }
    const buffer = globalBuffer(`in${this.inputs.length}`, storage, shape);
    this.inputs.push({ value, buffer });
    this.memory.set(base.key, buffer);
    this.filled.add(base.key);
    return { ...base, element: (_, index) => load(buffer, index) };
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

function isPlain(element: Dim | undefined, storage: string): element is number {
  if (typeof element !== 'number') return false;
  return (storage !== 'i64' && storage !== 'u64') || Number.isSafeInteger(element);
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
