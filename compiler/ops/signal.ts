/**
 * Signals: DFT 20, STFT 17 and MelWeightMatrix 17. Spectra have a last axis of 2 (real, imaginary).
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimFloorDiv, dimMul, dimSub } from '../graph/dim.ts';
import type { Shape } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { axisIn, normaliseAxis } from './axes.ts';
import type { InferContext, OperatorEntry, OpView } from './define.ts';
import { operator } from './entry.ts';
import { elementCount } from './flops.ts';
import { dtypeAttribute } from './inferRules.ts';
import { fixedMapping, opaqueMapping } from './mappingRules.ts';

export const FAMILY: readonly OperatorEntry[] = [
  operator('DFT', {
    since: [17, 20],
    inputs: [1, 3],
    mapping: (op) => opaqueMapping(op, 'Fourier transform'),
    infer: (op) => [tensorType(op.dtype(0), dftShape(op))],
    flops: (op) => transformFlops(op, dftAxis(op)),
    properties: ['linear'],
  }),
  operator('STFT', {
    since: [17],
    inputs: [2, 4],
    mapping: (op) => opaqueMapping(op, 'Fourier transform'),
    infer: (op) => [tensorType(op.dtype(0), stftShape(op))],
    flops: (op) => transformFlops(op, 2),
    properties: ['linear'],
  }),
  operator('MelWeightMatrix', {
    since: [17],
    inputs: [5, 5],
    mapping: fixedMapping('one-to-many', 'index expression'),
    infer: (op) => [
      tensorType(dtypeAttribute(op, 'output_datatype', 'float32'), [
        halfSpectrum(op.known(1)?.data[0]) ?? op.dataDim('bins'),
        op.known(0)?.data[0] ?? op.dataDim('mels'),
      ]),
    ],
    source: true,
  }),
];

/** Axis as input 2 (20) or attribute (17); `undefined` when a run decides. */
function dftAxis(op: OpView): number | undefined {
  const rank = op.shape(0)?.length;
  if (rank === undefined) return undefined;
  const stated = op.has(2)
    ? op.numbers(2)?.[0]
    : op.int('axis', op.opset < 20 && !op.attribute('axis') ? 1 : -2);
  return stated === undefined ? undefined : axisIn(stated, rank);
}

/** Signal …×1 (real) or …×2 (complex); the transformed axis is cut or padded to `dft_length`. */
function dftShape(op: InferContext): Shape {
  const signal = op.shape(0);
  if (!signal) return null;
  if (signal.length < 2) op.fail(`its input has rank ${signal.length}; at least 2 are needed`);
  const stated = op.has(2) ? op.numbers(2)?.[0] : undefined;
  if (stated !== undefined) normaliseAxis(op, stated, signal.length);
  const axis = dftAxis(op);
  if (axis === undefined) {
    const sizes = signal.slice(0, -1).map((_, at) => op.dataDim(`size${at}`));
    return [...sizes, 2];
  }
  const onesided = op.int('onesided', 0) !== 0;
  const inverse = op.int('inverse', 0) !== 0;
  const length = op.has(1) ? op.known(1)?.data[0] : (signal[axis] as Dim);
  // Inverse and one-sided together is not specified alike by all versions.
  if (onesided && inverse) {
    return signal.map((dim, at) =>
      at === axis || at === signal.length - 1 ? op.dataDim(`size${at}`) : dim,
    );
  }
  const made = onesided ? halfSpectrum(length) : length;
  return signal.map((dim, at) => {
    if (at === signal.length - 1) return 2;
    return at === axis ? (made ?? op.dataDim('bins')) : dim;
  });
}

/** Signal B×L(×1 or ×2) in frames of `frame_length` every `frame_step` to B×frames×bins×2. */
function stftShape(op: InferContext): Shape {
  const signal = op.shape(0);
  const step = op.known(1)?.data[0];
  const window = op.has(2) ? op.shape(2)?.[0] : undefined;
  const length = (op.has(3) ? op.known(3)?.data[0] : undefined) ?? window;
  const bins = op.int('onesided', 1) !== 0 ? halfSpectrum(length) : length;
  const samples = signal?.[1];
  const frames =
    samples !== undefined && length !== undefined && step !== undefined && step !== 0
      ? dimAdd(dimFloorDiv(dimSub(samples, length), step), 1)
      : undefined;
  return [
    signal?.[0] ?? op.dataDim('batch'),
    frames ?? op.dataDim('frames'),
    bins ?? op.dataDim('bins'),
    2,
  ];
}

/** Bins of a real signal's spectrum. */
function halfSpectrum(length: Dim | undefined): Dim | undefined {
  return length === undefined ? undefined : dimAdd(dimFloorDiv(length, 2), 1);
}

/** 5·log2(n) per output element, as a radix-2 transform needs. */
function transformFlops(op: OpView, axis: number | undefined): Dim {
  const output = op.outputShape(0);
  const size = axis === undefined ? undefined : output?.[axis];
  const steps = typeof size === 'number' && size > 1 ? Math.ceil(Math.log2(size)) : 1;
  return dimMul(elementCount(output), 5 * steps);
}
