/** What the side panel asks about one operator, block or constant, and what a click would do. */

export interface TensorDetails {
  readonly name: string;
  readonly type: string;
  /** 'Conv_12' or 'input' / 'constant' / 'absent'. */
  readonly origin: 'operator' | 'input' | 'constant' | 'absent';
  /** Operator index where origin is 'operator'. */
  readonly operator: number;
  readonly mapping?: string;
  readonly bytes?: number;
  /** Value index to ask `weightStatistics` for (constants). */
  readonly constant?: number;
  /** First elements of a small constant. */
  readonly preview?: string;
}

export interface OperatorDetails {
  readonly kind: 'operator';
  readonly operator: number;
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly mapping: string;
  readonly mappingNote?: string;
  readonly properties: readonly string[];
  readonly attributes: readonly (readonly [name: string, value: string])[];
  readonly inputs: readonly TensorDetails[];
  readonly outputs: readonly TensorDetails[];
  /** Formatted with symbols: '2·batch·64'. */
  readonly flops: string;
  readonly irs: string;
  readonly originalIds: readonly string[];
  readonly subgraphs: readonly string[];
  readonly borders: readonly BorderDetails[];
}

/** One edge that touches the selection, with the planner's reason as a sentence. */
export interface BorderDetails {
  readonly edge: number;
  readonly from: number;
  readonly to: number;
  readonly fused: boolean;
  readonly sentence: string;
}

export interface BlockDetails {
  readonly kind: 'block';
  readonly block: number;
  readonly id: string;
  readonly operators: readonly number[];
  readonly seed: number;
  readonly mapping: string;
  readonly pinned: boolean;
  readonly flops: number;
  /** Bytes that enter, leave, and stay inside (never stored). */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly bytesInside: number;
  readonly borders: readonly BorderDetails[];
}

export type Details = OperatorDetails | BlockDetails;

export interface WeightStatistics {
  readonly elements: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly deviation: number;
  readonly zeros: number;
  readonly notFinite: number;
  /** 32 equal bins from min to max. */
  readonly histogram: readonly number[];
}

/** What a click would do, in one sentence. */
export interface WhatIf {
  readonly verdict: 'allowed' | 'warned' | 'refused';
  readonly sentence: string;
}
