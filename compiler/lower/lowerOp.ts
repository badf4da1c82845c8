/**
 * What a lowering rule sees of one operator: the operator table's view, its inputs as fields, its shapes as
 * index expressions, and the ways to make fields or to say that a case has no kernel.
 */
import type { Dim } from '../graph/dim.ts';
import { isSymbolic } from '../graph/dim.ts';
import type { Operator } from '../graph/graph.ts';
import type { Shape } from '../graph/types.ts';
import type { Index } from '../loop/indexExpr.ts';
import { printIndex } from '../loop/print.ts';
import type { ScalarType, StorageType } from '../loop/scalarType.ts';
import { registerType } from '../loop/scalarType.ts';
import { OperatorView } from '../ops/operatorView.ts';
import type { ValueFacts } from '../ops/operatorView.ts';
import type { Buffer, Expr, UnaryOp } from '../loop/expr.ts';
import { cast, compare, indexValue, unary } from '../loop/expr.ts';
import type { Field } from './field.ts';
import type { Body, OperatorRegion } from './region.ts';
import type { Scope } from './scope.ts';
import type { Sizes } from './sizes.ts';
import { storageOf } from './storage.ts';
import { Unsupported } from './unsupported.ts';

export type Lowering = (op: LowerOp) => readonly (Field | undefined)[];

export interface NewField {
  readonly shape: readonly Index[];
  readonly storage: StorageType;
  readonly cost: Field['cost'];
  readonly element: Field['element'];
  readonly breaks?: Field['breaks'];
  readonly quantised?: Field['quantised'];
  readonly softplusOf?: Field['softplusOf'];
  readonly hint?: string;
}

export class LowerOp extends OperatorView {
  private made = 0;

  constructor(
    operator: Operator,
    facts: ValueFacts,
    private readonly region: OperatorRegion,
    /** Symbols of sizes that this operator is the first to have. */
    private readonly own: readonly string[] = [],
  ) {
    super(operator, facts);
  }

  get sizes(): Sizes {
    return this.region.sizes;
  }

  /** Procedures of many small parallel steps are wanted, not those of least work. */
  get manyThreads(): boolean {
    return this.region.manyThreads;
  }

  /** Lower-case word for generated names. */
  get hint(): string {
    const word = this.type.replace(/[^A-Za-z0-9]/g, '');
    return `${word.slice(0, 1).toLowerCase()}${word.slice(1)}_`;
  }

  input(slot: number): Field {
    if (!this.has(slot)) this.unsupported(`input ${slot} is missing`);
    return this.region.fieldOf(this.operator.inputs[slot]!);
  }

  optional(slot: number): Field | undefined {
    return this.has(slot) ? this.input(slot) : undefined;
  }

  /** All inputs that are present. */
  inputs(): readonly Field[] {
    return this.operator.inputs.flatMap((_, slot) => this.optional(slot) ?? []);
  }

  outputDims(slot = 0): readonly Index[] {
    return this.dims(this.outputShape(slot));
  }

  dims(shape: Shape): readonly Index[] {
    if (shape === null) this.unsupported('the rank of a tensor is not known');
    return this.sizes.shapeOf(shape);
  }

  dim(dim: Dim): Index {
    return this.sizes.indexOf(dim);
  }

  outputStorage(slot = 0): StorageType {
    const type = this.outputType(slot);
    const dtype = type.kind === 'tensor' ? type.dtype : 'undefined';
    return storageOf(dtype) ?? this.unsupported(`no kernels compute with ${dtype} tensors`);
  }

  /** The register type of an output. */
  outputScalar(slot = 0): ScalarType {
    return registerType(this.outputStorage(slot));
  }

  /** Elements of 16-bit floats are rounded where they are computed, so that fusing does not change a result. */
  make(field: NewField): Field {
    const key = `${this.region.prefix}${this.operator.index}.${this.made++}`;
    const { storage, cost, element } = field;
    const rounding = cost === 'free' ? undefined : roundingTo(storage);
    return {
      hint: this.hint,
      ...field,
      ...(rounding && {
        element: (scope: Scope, index: readonly Index[]) => unary(rounding, element(scope, index)),
      }),
      key,
      operator: this.id,
    };
  }

  /** A result as other operators read it: with the element type of the output. */
  asOutput(slot: number, field: Field): Field {
    const storage = this.outputStorage(slot);
    if (field.storage === storage || field.procedure || roundingTo(storage) === undefined) {
      return { ...field, storage };
    }
    const { shape, breaks } = field;
    return this.make({
      shape,
      storage,
      cost: 'light',
      ...(breaks && { breaks }),
      element: (scope, index) => scope.at(field, index),
    });
  }

  /**
   * How the program finds out the size of an output axis that only a run knows. Where the size is known already,
   * the run ends if it is another one.
   */
  find(
    slot: number,
    axis: number,
    of: (scope: Scope) => Expr,
    atMost?: (scope: Scope) => Index,
  ): void {
    this.region.find((scope) => this.found(scope, slot, axis, of(scope), atMost?.(scope)));
  }

  /**
   * As `find`, while a procedure of the operator runs: the size is bound for all statements that follow.
   *
   * @param atMost a closer bound than inference has; it must not exceed that one.
   */
  found(scope: Scope, slot: number, axis: number, value: Expr, atMost?: Index): void {
    const dim = this.outputShape(slot)?.[axis];
    if (dim === undefined) this.unsupported('the rank of a tensor is not known');
    this.region.bindSize(scope, dim, cast('i64', value), this.id, atMost);
  }

  /** Statements that stand once, before the results are read: checks. */
  verify(emit: (scope: Scope) => void): void {
    this.region.find(emit);
  }

  /** Sizes that data decides must agree: the shapes alone do not say so. */
  expectEqual(actual: Index, expected: Index): void {
    if (!this.sizes.isDataDependent(actual) && !this.sizes.isDataDependent(expected)) return;
    if (printIndex(actual) === printIndex(expected)) return;
    this.verify((scope) => {
      const [a, b] = [scope.simplify(actual), scope.simplify(expected)];
      if (printIndex(a) === printIndex(b)) return;
      const message = 'its inputs differ in a size';
      scope.check(compare('eq', indexValue(a), indexValue(b)), this.id, message);
    });
  }

  /** Whether the size of an output axis is one that this operator has to find out. */
  finds(slot: number, axis: number): boolean {
    const dim = this.outputShape(slot)?.[axis];
    return isSymbolic(dim) && this.own.includes(dim.key);
  }

  /** A graph of this operator (If, Loop, Scan), lowered into the same program. */
  body(attribute: string, inputs: readonly Field[] = []): Body {
    const graph = this.subgraph(attribute) ?? this.unsupported(`its graph ${attribute} is missing`);
    const prefix = `${this.region.prefix}${this.operator.index}.${attribute}/`;
    return this.region.enter(graph, prefix, inputs);
  }

  /** A size that a procedure of the operator binds itself, however often it runs (`bindSize`). */
  declareSize(dim: Dim, symbol: string): void {
    if (isSymbolic(dim) && dim.key === symbol && this.region.isOwn(symbol)) {
      this.sizes.declareInner(symbol);
    }
  }

  bindSize(scope: Scope, dim: Dim, value: Expr): void {
    this.region.bindSize(scope, dim, value, this.id);
  }

  /** Whether an extent is a size bound inside the program. */
  isCounted(dim: Index): boolean {
    return dim.kind === 'variable';
  }

  /** The field is read from this memory from now on. */
  adopt(field: Field, buffer: Buffer): void {
    this.region.adopt(field, buffer);
  }

  /** A field whose elements stand in memory. */
  remembered({ shape, storage }: Pick<Field, 'shape' | 'storage'>, buffer: Buffer): Field {
    const element = (): never => {
      throw new Error('it stands in memory');
    };
    const field = this.make({ shape, storage, cost: 'free', element });
    this.adopt(field, buffer);
    return field;
  }

  /** Extents in memory of a tensor of that shape. */
  extents(shape: readonly Index[]): readonly Index[] {
    return this.sizes.physical(shape) ?? this.unsupported('the size of a tensor has no bound');
  }

  /** Outputs that imperative code fills together. */
  procedure(
    outputs: readonly Pick<NewField, 'shape' | 'storage'>[],
    fill: (scope: Scope, buffers: readonly Buffer[]) => void,
  ): readonly Field[] {
    const fields: Field[] = [];
    const procedure = { outputs: fields, fill };
    for (const output of outputs) {
      const element = (): never => {
        throw new Error('a procedure has no element');
      };
      fields.push({ ...this.make({ ...output, cost: 'heavy', element }), procedure });
    }
    return fields;
  }

  /** Elements of an input that must be known while compiling. */
  knownNumbers(slot: number, what: string): readonly number[] {
    return this.numbers(slot) ?? this.unsupported(`${what} is known at run time only`);
  }

  unsupported(reason: string): never {
    throw new Unsupported(this.id, `${this.type}: ${reason}`);
  }
}

function roundingTo(storage: StorageType): UnaryOp | undefined {
  if (storage === 'f16') return 'roundF16';
  return storage === 'bf16' ? 'roundBf16' : undefined;
}
