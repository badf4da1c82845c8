/** Scales and shifts per channel, in the shapes that weights and biases of convolutions take. */
import { countOf } from '../../ops/known.ts';
import { dimsOf } from '../constants.ts';
import type { Match } from '../match.ts';
import type { Condition, GivenRule } from '../rule.ts';
import { intVector } from './tensors.ts';

interface Convolution {
  readonly isTransposed: boolean;
  readonly group: number;
  /** Sizes of the weights. */
  readonly weights: readonly number[];
  readonly inputs: number;
  readonly outputs: number;
}

/** What the operator labelled is, with weights called `w` in the rule. */
export function convolutionOf(match: Match, label: string, weights = 'w'): Convolution | undefined {
  const { type } = match.node(label).operator;
  const view = match.view(label);
  const dims = dimsOf(match.graph, match.value(weights));
  const group = view.int('group', 1);
  const [first, second] = dims ?? [];
  if (!dims || first === undefined || second === undefined || !(group >= 1)) return undefined;
  const isTransposed = type === 'ConvTranspose';
  return {
    isTransposed,
    group,
    weights: dims,
    inputs: isTransposed ? first : second * group,
    outputs: isTransposed ? second * group : first,
  };
}

/** A constant of one number per channel (axis 1 of `rank` axes), or of one number for all. */
export function perChannel(name: string, label: string, side: 'inputs' | 'outputs'): Condition {
  return (match) => {
    const convolution = convolutionOf(match, label);
    const dims = dimsOf(match.graph, match.value(name));
    if (!convolution || !dims) return false;
    const rank = convolution.weights.length;
    if (dims.length > rank) return false;
    const axis = dims.length - (rank - 1);
    return dims.every((dim, i) => dim === 1 || (i === axis && dim === convolution[side]));
  };
}

/** One number per channel of a BatchNormalization: nothing to check but the count. */
export function channelCount(name: string, label: string, side: 'inputs' | 'outputs'): Condition {
  return (match) => {
    const dims = dimsOf(match.graph, match.value(name));
    return dims?.length === 1 && dims[0] === convolutionOf(match, label)?.[side];
  };
}

/**
 * Whether scales per channel of that side are factors of the weights as they lie: for transposed convolutions and
 * input channels of grouped ones only where each weight belongs to one channel alone.
 */
export function scalesWeights(label: string, side: 'inputs' | 'outputs'): Condition {
  return (match) => weightAxis(match, label, side) !== undefined;
}

function weightAxis(match: Match, label: string, side: 'inputs' | 'outputs'): number | undefined {
  const convolution = convolutionOf(match, label);
  if (!convolution) return undefined;
  const { isTransposed, group, weights, inputs, outputs } = convolution;
  // The first axis of the weights counts outputs, of transposed ones inputs.
  if ((side === 'outputs') !== isTransposed) return 0;
  if (group === 1) return 1;
  // Depthwise: the first axis counts the channels of both sides.
  return weights[1] === 1 && inputs === outputs ? 0 : undefined;
}

/** Shape in which scales per channel multiply the weights. */
export function weightShape(label: string, side: 'inputs' | 'outputs', scale: string): GivenRule {
  return (match) => {
    const axis = weightAxis(match, label, side);
    const rank = convolutionOf(match, label)?.weights.length;
    const dims = dimsOf(match.graph, match.value(scale));
    if (axis === undefined || rank === undefined || !dims) return undefined;
    const count = countOf(dims);
    return intVector(Array.from({ length: rank }, (_, i) => (i === axis ? count : 1)));
  };
}

/** `[outputs]`: the shape of a bias. */
export function biasShape(label: string): GivenRule {
  return (match) => {
    const outputs = convolutionOf(match, label)?.outputs;
    return outputs === undefined ? undefined : intVector([outputs]);
  };
}

/** Axes of the weights over which a shift of every input element adds up to one of every output. */
export function tapAxes(label: string, weights = 'w'): GivenRule {
  return (match) => {
    const convolution = convolutionOf(match, label, weights);
    if (!convolution || convolution.isTransposed) return undefined;
    return intVector(convolution.weights.map((_, axis) => axis).slice(1));
  };
}

/** No zeros are put around the input, so that every output element meets the same taps. */
export function unpadded(label: string): Condition {
  return (match) => {
    const view = match.view(label);
    const padding = view.string('auto_pad', 'NOTSET');
    if (padding !== 'NOTSET' && padding !== 'VALID') return false;
    return (view.ints('pads') ?? []).every((pad) => pad === 0);
  };
}

/** Window of one element, stride 1, nothing around it: a product per pixel. */
export function pointwise(label: string, weights = 'w'): Condition {
  return (match) => {
    const convolution = convolutionOf(match, label, weights);
    if (!convolution || convolution.isTransposed || !unpadded(label)(match)) return false;
    const strides = match.view(label).ints('strides') ?? [];
    return (
      convolution.group === 1 &&
      convolution.weights.slice(2).every((size) => size === 1) &&
      strides.every((stride) => stride === 1)
    );
  };
}
