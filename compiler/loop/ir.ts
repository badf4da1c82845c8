/**
 * The loop IR: imperative, typed, structured programs over buffers. One fusion block becomes one
 * `LoopProgram`; `interpret` defines its meaning, schedules rewrite it, emitters print it. Nodes are
 * immutable. Every name (loop variable, scalar, buffer, size) is unique within a program and is made up by the
 * compiler, never taken from a model. Names are visible from their binding to the end of its statement list.
 */
import type { Buffer, Expr } from './expr.ts';
import type { Index } from './indexExpr.ts';
import { constant } from './indexExpr.ts';
import type { StorageType } from './scalarType.ts';

/**
 * serial: in order; parallel: iterations are independent, may run on several threads; vector: iterations are
 * independent, may run as lanes; unrolled: a constant extent, written out by emitters.
 * group and item: independent like parallel, for GPUs. Work-groups nest perfectly at the root; the work items of a group
 * have constant extents, the same in every item nest of one group, and between two item nests all items of the group wait
 * for each other.
 */
export type LoopMode = 'serial' | 'parallel' | 'vector' | 'unrolled' | 'group' | 'item';

export type Stmt =
  /** `variable` runs over 0, 1 … extent - 1; an extent below 1 runs nothing. */
  | {
      readonly kind: 'for';
      readonly variable: string;
      readonly extent: Index;
      readonly mode: LoopMode;
      readonly body: readonly Stmt[];
    }
  | { readonly kind: 'let'; readonly name: string; readonly value: Expr }
  | { readonly kind: 'letIndex'; readonly name: string; readonly value: Index }
  /** Binds an integer value as an index; outside [0, extent) the run ends with the operator's id. */
  | {
      readonly kind: 'checkedIndex';
      readonly name: string;
      readonly value: Expr;
      readonly extent: Index;
      readonly operator: string;
    }
  /** A scalar or vector that `assign` changes: an accumulator. */
  | { readonly kind: 'variable'; readonly name: string; readonly initial: Expr }
  | { readonly kind: 'assign'; readonly name: string; readonly value: Expr }
  /** Scratch memory of undefined content. */
  | { readonly kind: 'local'; readonly buffer: Buffer }
  | {
      readonly kind: 'store';
      readonly buffer: Buffer;
      readonly indices: readonly Index[];
      readonly value: Expr;
    }
  | {
      readonly kind: 'if';
      readonly condition: Expr;
      readonly then: readonly Stmt[];
      readonly otherwise: readonly Stmt[];
    }
  | { readonly kind: 'while'; readonly condition: Expr; readonly body: readonly Stmt[] }
  /** Ends the run with the operator's id and the message where the condition does not hold. */
  | {
      readonly kind: 'check';
      readonly condition: Expr;
      readonly operator: string;
      readonly message: string;
    }
  | { readonly kind: 'comment'; readonly text: string };

/** A symbolic extent. */
export interface SizeParameter {
  readonly name: string;
  /** The caller promises at least this: 1 for sizes of inputs, 0 for counts that only a run knows. */
  readonly atLeast: number;
  /** And at most this, in terms of sizes that have no such bound themselves: what memory is laid out for. */
  readonly atMost?: Index;
}

/** A size that the program finds out: element 0 of an i64[1] output holds it afterwards. */
export interface FoundSize {
  /** Made up by the compiler; no parameter of the program. */
  readonly size: string;
  readonly buffer: Buffer;
}

export interface LoopProgram {
  readonly name: string;
  readonly sizes: readonly SizeParameter[];
  readonly inputs: readonly Buffer[];
  /** Written completely by the program. */
  readonly outputs: readonly Buffer[];
  readonly body: readonly Stmt[];
  /** Sizes of its outputs that only the run knows. */
  readonly counts?: readonly FoundSize[];
}

export function globalBuffer(name: string, storage: StorageType, shape: readonly Index[]): Buffer {
  return { name, storage, shape, lanes: 1, space: 'global' };
}

export function localBuffer(name: string, storage: StorageType, shape: readonly Index[]): Buffer {
  return { name, storage, shape, lanes: 1, space: 'local' };
}

/** A tile of registers: `shape` vectors of `lanes` lanes, addressed by constants once loops are unrolled. */
export function registerTile(
  name: string,
  storage: StorageType,
  shape: readonly number[],
  lanes: number,
): Buffer {
  return { name, storage, shape: shape.map(constant), lanes, space: 'register' };
}

export function loop(
  variable: string,
  extent: Index,
  body: readonly Stmt[],
  mode: LoopMode = 'serial',
): Stmt {
  return { kind: 'for', variable, extent, mode, body };
}

export function store(buffer: Buffer, indices: readonly Index[], value: Expr): Stmt {
  return { kind: 'store', buffer, indices, value };
}

export function branch(
  condition: Expr,
  then: readonly Stmt[],
  otherwise: readonly Stmt[] = [],
): Stmt {
  return { kind: 'if', condition, then, otherwise };
}

/** Statement lists inside a statement. */
export function bodiesOf(stmt: Stmt): readonly (readonly Stmt[])[] {
  switch (stmt.kind) {
    case 'for':
    case 'while':
      return [stmt.body];
    case 'if':
      return [stmt.then, stmt.otherwise];
    default:
      return [];
  }
}

/** Expressions that stand directly in a statement. */
export function expressionsOf(stmt: Stmt): readonly Expr[] {
  switch (stmt.kind) {
    case 'let':
    case 'checkedIndex':
    case 'assign':
    case 'store':
      return [stmt.value];
    case 'variable':
      return [stmt.initial];
    case 'if':
    case 'while':
    case 'check':
      return [stmt.condition];
    default:
      return [];
  }
}
