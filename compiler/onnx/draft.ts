/**
 * The mutable graph that an import works on between decoding and the final, immutable Graph: values are
 * objects, so that functions can be inlined, copies removed and values captured without renaming texts.
 */
import type { AttributeValue, Constant, KnownTensor } from '../graph/graph.ts';
import type { DataType, ValueType } from '../graph/types.ts';
import { tensorType, UNKNOWN_TYPE } from '../graph/types.ts';
import { boundedName, joinPath, UniqueNames } from './names.ts';
import { isUnknownType } from './valueTypes.ts';

export interface DraftValue {
  name: string;
  type: ValueType;
  readonly graph: DraftGraph;
  constant?: Constant;
  known?: KnownTensor;
  producer?: DraftNode;
  isInput: boolean;
  /** The value that this one is a copy of (the node between was removed). */
  alias?: DraftValue;
  /** Inputs of nodes and outputs of graphs that read it, in all graphs. */
  uses: number;
}

export interface DraftNode {
  readonly id: string;
  readonly name: string;
  readonly domain: string;
  type: string;
  opset: number;
  readonly attributes: Map<string, AttributeValue>;
  readonly subgraphs: Map<string, DraftGraph>;
  inputs: (DraftValue | undefined)[];
  outputs: (DraftValue | undefined)[];
  readonly originalIds: string[];
  readonly metadata?: ReadonlyMap<string, string>;
}

export class DraftGraph {
  readonly inputs: DraftValue[] = [];
  outputs: DraftValue[] = [];
  nodes: DraftNode[] = [];
  private readonly names = new UniqueNames();

  constructor(
    readonly path: string,
    readonly name: string,
    readonly parent: DraftGraph | undefined,
  ) {}

  /** A new value; its name is made unique in the graph. */
  value(name: string, type: ValueType = UNKNOWN_TYPE): DraftValue {
    return {
      name: this.names.take(boundedName(name)),
      type,
      graph: this,
      isInput: false,
      uses: 0,
    };
  }

  /** A value computed while importing. */
  computed(name: string, dtype: DataType, dims: readonly number[], data: number[]): DraftValue {
    const value = this.value(name, tensorType(dtype, dims));
    value.constant = { dtype, dims, source: { kind: 'computed' } };
    value.known = { dtype, dims, data };
    return value;
  }

  idOf(name: string): string {
    return joinPath(this.path, name);
  }
}

/** Names that are visible at one place: those of a graph, then those of the graphs around it. */
export class Scope {
  private readonly values = new Map<string, DraftValue | undefined>();

  constructor(readonly parent?: Scope) {}

  /** `undefined` stands for an optional parameter of a function that its caller left out. */
  define(name: string, value: DraftValue | undefined): void {
    this.values.set(name, value);
  }

  definesItself(name: string): boolean {
    return this.values.has(name);
  }

  /** The value, 'absent' for a parameter left out, or undefined when no such name is known. */
  find(name: string): DraftValue | 'absent' | undefined {
    if (this.values.has(name)) return this.values.get(name) ?? 'absent';
    return this.parent?.find(name);
  }
}

/** The value that is really read: follows removed copies. */
export function resolve(value: DraftValue): DraftValue {
  let end = value;
  while (end.alias !== undefined) end = end.alias;
  // Shorten the way for the next reader; chains can be as long as the graph.
  for (let at = value; at.alias !== undefined && at.alias !== end;) {
    const next = at.alias;
    at.alias = end;
    at = next;
  }
  return end;
}

/** Uses the declared type of a removed copy where the original has none. */
export function adoptType(value: DraftValue, type: ValueType): void {
  if (isUnknownType(value.type)) value.type = type;
  else if (value.type.kind === 'tensor' && type.kind === 'tensor') {
    const dtype = value.type.dtype === 'undefined' ? type.dtype : value.type.dtype;
    value.type = tensorType(dtype, value.type.shape ?? type.shape);
  }
}
