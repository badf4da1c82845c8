/**
 * Tensors as functions of an index: what operators lower to. `element` emits whatever it needs into a scope
 * and returns the element as an expression. Reading one field inside another's `element` is fusion: index
 * maps compose by substitution, nothing is stored. The block decides which fields become memory.
 */
import type { Buffer, Expr } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import type { StorageType } from '../loop/scalarType.ts';
import type { Scope } from './scope.ts';

/**
 * free: an index map or a load, never worth a name; light: arithmetic of an element, may be computed again;
 * heavy: a loop per element, is computed once.
 */
export type Cost = 'free' | 'light' | 'heavy';

export interface Field {
  /** Unique within a block and the same in every attempt to lower it. */
  readonly key: string;
  /** Lower-case word for generated names, e.g. the operator. */
  readonly hint: string;
  readonly storage: StorageType;
  readonly shape: readonly Index[];
  readonly cost: Cost;
  /** Call `scope.at(field, index)` instead: it shares what is computed already. */
  readonly element: (scope: Scope, index: readonly Index[]) => Expr;
  /** Per axis: positions where the element's formula changes (Concat, Pad). Loops are cut there. */
  readonly breaks?: readonly (readonly Index[])[];
  /** Id of the operator that gives it; undefined for values that the program reads. */
  readonly operator?: string;
  /** Where the elements are (q - zero) * scale of another field: products may be taken of the integers. */
  readonly quantised?: Quantised;
  /** Where the elements are softplus(x) of another field: its hyperbolic tangent needs one exponential, no logarithm. */
  readonly softplusOf?: Field;
  /** Set for fields that only imperative code can fill: always memory. `element` is never called. */
  readonly procedure?: Procedure;
}

export interface Quantised {
  readonly field: Field;
  /** One element each, or one per slice of `axis`. */
  readonly scale: Field;
  readonly zero: Field | undefined;
  readonly axis: number | undefined;
}

/** Fills whole buffers at once, one per output. */
export interface Procedure {
  readonly outputs: readonly Field[];
  readonly fill: (scope: Scope, buffers: readonly Buffer[]) => void;
}
