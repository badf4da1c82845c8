/**
 * What a lowering rule sees of one operator: the operator table's view, its inputs as fields, its shapes as
 * index expressions, and the ways to make fields or to say that a case has no kernel.
 */
import type { Dim } from '../graph/dim.ts';
import type { Operator } from '../graph/graph.ts';
import type { Shape } from '../graph/types.ts';
import type { Index } from '../loop/indexExpr.ts';
import type { ScalarType, StorageType } from '../loop/scalarType.ts';
import { registerType } from '../loop/scalarType.ts';
import { OperatorView } from '../ops/operatorView.ts';
import type { ValueFacts } from '../ops/operatorView.ts';
import type { Buffer } from '../loop/expr.ts';
import type { Field } from './field.ts';
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
  readonly hint?: string;
}

export class LowerOp extends OperatorView {
  private made = 0;

  constructor(
    operator: Operator,
    facts: ValueFacts,
    private readonly fieldOf: (value: number) => Field,
    readonly sizes: Sizes,
  ) {
    super(operator, facts);
  }

  /** Lower-case word for generated names. */
  get hint(): string {
    const word = this.type.replace(/[^A-Za-z0-9]/g, '');
    return `${word.slice(0, 1).toLowerCase()}${word.slice(1)}_`;
  }

  input(slot: number): Field {
    if (!this.has(slot)) this.unsupported(`input ${slot} is missing`);
    return this.fieldOf(this.operator.inputs[slot]!);
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

  make(field: NewField): Field {
    return { hint: this.hint, ...field, key: `${this.operator.index}.${this.made++}` };
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
