/** Weights of two convolutions in a row as those of one: axes and shapes of the product that combines them. */
import { dimsOf, rankOf } from '../constants.ts';
import type { GivenRule } from '../rule.ts';
import { intsAttribute, intVector } from './tensors.ts';

/** outputs × kernel × inputs, from outputs × inputs × kernel. */
export function channelsLast(weights: string): GivenRule {
  return (match) => {
    const rank = rankOf(match.graph, match.value(weights));
    if (rank === undefined || rank < 3) return undefined;
    const kernel = Array.from({ length: rank - 2 }, (_, i) => i + 2);
    return intsAttribute([0, ...kernel, 1]);
  };
}

/** Back from `channelsLast`. */
export function channelsSecond(weights: string): GivenRule {
  return (match) => {
    const rank = rankOf(match.graph, match.value(weights));
    if (rank === undefined || rank < 3) return undefined;
    const kernel = Array.from({ length: rank - 2 }, (_, i) => i + 1);
    return intsAttribute([0, rank - 1, ...kernel]);
  };
}

/** outputs × inputs of weights whose kernel has one element. */
export function pixelMatrix(weights: string): GivenRule {
  return (match) => {
    const dims = dimsOf(match.graph, match.value(weights));
    return dims && intVector(dims.slice(0, 2));
  };
}

/** The bias of the first beside the weights of the second: 1 × channels × 1 … */
export function biasBesideKernel(weights: string): GivenRule {
  return (match) => {
    const dims = dimsOf(match.graph, match.value(weights));
    return dims && intVector(dims.map((dim, axis) => (axis === 1 ? dim : 1)));
  };
}
