/**
 * One output nest as a fast kernel: output loops are cut into tiles and ordered, one of them becomes vector
 * lanes, the points of a tile become straight code whose accumulators are variables, reduction loops stay
 * rolled around it. GEMM, direct convolution, depthwise, pointwise and row kernels are this one call with other
 * numbers. Remainders are smaller tiles; padding is cut off into border tiles or turned into loop bounds.
 */
import type { Stmt } from '../../loop/ir.ts';
import type { Loop, Place } from './place.ts';
import { Refused } from './place.ts';

export interface TileAxis {
  /** Of an output loop: a loop of the perfect nest that starts with the given one. */
  readonly variable: string;
  /** Iterations in a register tile (vectors, on the axis with lanes). Default 1. */
  readonly points?: number;
  /** On one axis at most: adjacent iterations in one vector. */
  readonly lanes?: number;
}

export interface ReductionLevel {
  /** Of a reduction loop in the nest's body. */
  readonly variable: string;
  /**
   * Goes on in steps of this many; a later level of the same variable runs inside one step. For layouts that
   * divide the axis. Default 1: the innermost level of the variable.
   */
  readonly step?: number;
  /** Written out. */
  readonly unroll?: boolean;
}

export interface TileRequest {
  /** Every output loop of the nest once, outermost first in the result. */
  readonly axes: readonly TileAxis[];
  /** So many leading axes become one parallel loop of all their tiles. Default 0: no loop is parallel. */
  readonly parallel?: number;
  /** Order of the reduction loops, outermost first; default: as they stand. Reassociates sums. */
  readonly reductions?: readonly ReductionLevel[];
}

/**
 * Statements in place of `nest`. Refuses where loops are not independent, an axis is no loop of the nest, or
 * lanes cannot follow (a loop whose extent differs from lane to lane).
 */
export function tile(nest: Loop, request: TileRequest, place: Place): readonly Stmt[] {
  void [nest, request, place];
  throw new Refused('tiles are not built yet');
}
