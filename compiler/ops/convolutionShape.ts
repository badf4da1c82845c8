/**
 * Output shape and FLOPs of everything that convolves (Conv, FusedConv, ConvInteger, QLinearConv, the
 * channels-last and channel-blocked variants): data N×C×spatial (or N×spatial×C), weights M×C/group×kernel.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimMul, dimProduct } from '../graph/dim.ts';
import type { Shape } from '../graph/types.ts';
import type { InferContext, OpView } from './define.ts';
import type { Window } from './window.ts';
import { readWindow, transposedOutputs, windowOutputs } from './window.ts';

export interface ConvolutionForm {
  /** Positions of data and weights among the inputs. */
  readonly data: number;
  readonly weights: number;
  readonly channelsLast?: boolean;
  /** Channel counts may be padded to whole blocks: they are not compared. */
  readonly paddedChannels?: boolean;
}

const PLAIN: ConvolutionForm = { data: 0, weights: 1 };

/** `null` where the rank is not known; sizes that depend on unknown weights become data dims. */
export function convolutionShape(op: InferContext, form: ConvolutionForm = PLAIN): Shape {
  const parts = convolutionParts(op, form);
  if (!parts) return null;
  const { batch, channels, spatial, window } = parts;
  checkChannels(op, form, channels);
  const weights = op.shape(form.weights);
  const made = weights?.[0] ?? op.dataDim('channels');
  const sizes = window ? windowOutputs(op, spatial, window) : unknownSizes(op, spatial.length);
  return form.channelsLast ? [batch, ...sizes, made] : [batch, made, ...sizes];
}

/** ConvTranspose: weights are C×M/group×kernel. */
export function transposedConvolutionShape(op: InferContext): Shape {
  const parts = convolutionParts(op, PLAIN);
  if (!parts) return null;
  const { batch, channels, spatial, window } = parts;
  const weights = op.shape(1);
  const inputs = weights?.[0];
  if (typeof inputs === 'number' && typeof channels === 'number' && inputs !== channels) {
    op.fail(`the input has ${channels} channels but the weights take ${inputs}`);
  }
  const made = weights ? dimMul(weights[1] as Dim, groupOf(op)) : op.dataDim('channels');
  const sizes = window ? transposedOutputs(op, spatial, window) : unknownSizes(op, spatial.length);
  return [batch, made, ...sizes];
}

/** Two per tap and output element, one per output element for a bias. */
export function convolutionFlops(op: OpView, form: ConvolutionForm = PLAIN, bias = 2): Dim {
  const output = op.outputShape(0);
  const weights = op.shape(form.weights);
  if (!output || !weights) return 0;
  const perElement = dimMul(dimProduct(weights.slice(1)), 2);
  const total = dimMul(dimProduct(output), perElement);
  return op.has(bias) ? dimAdd(total, dimProduct(output)) : total;
}

/** Every input element meets M/group×kernel weights. */
export function transposedConvolutionFlops(op: OpView): Dim {
  const input = op.shape(0);
  const weights = op.shape(1);
  const output = op.outputShape(0);
  if (!input || !weights || !output) return 0;
  const total = dimMul(dimProduct(input), dimMul(dimProduct(weights.slice(1)), 2));
  return op.has(2) ? dimAdd(total, dimProduct(output)) : total;
}

interface ConvolutionParts {
  readonly batch: Dim;
  readonly channels: Dim;
  readonly spatial: readonly Dim[];
  /** Absent when neither weights nor `kernel_shape` say how large it is. */
  readonly window: Window | undefined;
}

function convolutionParts(op: InferContext, form: ConvolutionForm): ConvolutionParts | undefined {
  const data = op.shape(form.data);
  const weights = op.shape(form.weights);
  const rank = data?.length ?? weights?.length;
  if (rank === undefined) return undefined;
  if (rank < 2) op.fail(`the input has rank ${rank}; batch and channels are needed`);
  if (weights && weights.length !== rank) {
    op.fail(`the input has rank ${rank} but the weights have rank ${weights.length}`);
  }
  const spatialRank = rank - 2;
  const kernel = weights?.slice(2);
  const stated = op.ints('kernel_shape');
  const known = data ?? [
    op.dataDim('batch'),
    op.dataDim('inputs'),
    ...unknownSizes(op, spatialRank),
  ];
  const last = rank - 1;
  return {
    batch: known[0] as Dim,
    channels: known[form.channelsLast ? last : 1] as Dim,
    spatial: form.channelsLast ? known.slice(1, last) : known.slice(2),
    // Sizes of an input of unknown shape say nothing about the output.
    window: data && (kernel || stated?.length) ? readWindow(op, spatialRank, kernel) : undefined,
  };
}

function checkChannels(op: InferContext, form: ConvolutionForm, channels: Dim): void {
  const weights = op.shape(form.weights);
  if (form.paddedChannels || !weights) return;
  const perGroup = weights[1];
  if (typeof perGroup !== 'number' || typeof channels !== 'number') return;
  if (perGroup * groupOf(op) !== channels) {
    op.fail(
      `the input has ${channels} channels but the weights take ${perGroup} in ${groupOf(op)} group(s)`,
    );
  }
}

function groupOf(op: InferContext): number {
  const group = op.int('group', 1);
  if (!Number.isSafeInteger(group) || group < 1) op.fail(`group ${group} is not a positive number`);
  return group;
}

function unknownSizes(op: InferContext, count: number): Dim[] {
  return Array.from({ length: count }, (_, axis) => op.dataDim(`size${axis}`));
}
