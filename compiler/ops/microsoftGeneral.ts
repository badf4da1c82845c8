/**
 * The remaining com.microsoft operators found in exported and optimised models: linear algebra, Fourier
 * transforms, image and index operators that predate their ai.onnx forms, and generation loops.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimFloorDiv, dimMul, dimSub } from '../graph/dim.ts';
import type { Shape } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { normaliseAxis } from './axes.ts';
import type { InferContext, OperatorEntry } from './define.ts';
import { withEdges } from './edgeMapping.ts';
import { perOutputElement } from './flops.ts';
import type { InferRule } from './inferRules.ts';
import { broadcastInputs, dataShape, sameAsInput } from './inferRules.ts';
import { elementwiseMapping, fixedMapping, opaqueMapping } from './mappingRules.ts';
import { microsoft } from './microsoftEntry.ts';
import { FAMILY as VISION } from './vision.ts';

export const FAMILY: readonly OperatorEntry[] = [
  opaque('Inverse', [1, 1], 'matrix inverse', sameAsInput()),
  microsoft('Trilu', {
    inputs: [1, 2],
    mapping: withEdges('one-to-one', ['one-to-one']),
    infer: sameAsInput(),
    properties: ['linear', 'idempotent', 'zero-preserving'],
  }),
  gridSample(),
  opaque('CropAndResize', [4, 4], 'runtime regions', cropAndResize),
  opaque('Rfft', [1, 1], 'Fourier transform', (op) => [tensorType(op.dtype(0), spectrumShape(op))]),
  opaque('Irfft', [1, 1], 'Fourier transform', (op) => [tensorType(op.dtype(0), signalShape(op))]),
  microsoft('ComplexMul', {
    inputs: [2, 2],
    mapping: elementwiseMapping,
    infer: broadcastInputs(),
    flops: perOutputElement(3),
  }),
  microsoft('ComplexMulConj', {
    inputs: [2, 2],
    mapping: elementwiseMapping,
    infer: broadcastInputs(),
    flops: perOutputElement(3),
  }),
  microsoft('ExpandDims', {
    inputs: [2, 2],
    mapping: withEdges('reorganize', ['reorganize']),
    infer: (op) => [tensorType(op.dtype(0), expandedShape(op))],
    properties: ['linear', 'commutes-with-movement', 'exact'],
  }),
  opaque('NGramRepeatBlock', [2, 2], 'blocks repeated tokens', sameAsInput(1)),
  opaque('Pad', [2, 3], 'runtime pads', (op) => [tensorType(op.dtype(0), paddedShape(op))]),
  opaque(
    'Unique',
    [1, 1],
    'data-dependent output size',
    (op) => {
      const count = op.dataDim('unique', op.shape(0)?.[0]);
      return [
        tensorType(op.dtype(0), [count]),
        tensorType('int64', op.shape(0)),
        tensorType('int64', [count]),
      ];
    },
    3,
  ),
  opaque('CDist', [2, 2], 'pairwise distances', (op) => [
    tensorType(op.dtype(0), [
      op.shape(0)?.[0] ?? op.dataDim('rows'),
      op.shape(1)?.[0] ?? op.dataDim('columns'),
    ]),
  ]),
  microsoft('IsAllFinite', {
    inputs: [1, Number.MAX_SAFE_INTEGER],
    mapping: fixedMapping('many-to-many'),
    infer: () => [tensorType('bool', [])],
  }),
  ...generation(),
];

/** Generation loops around whole models: sequences of token ids, one rank more with beams. */
function generation(): OperatorEntry[] {
  const loops: readonly (readonly [string, number])[] = [
    ['BeamSearch', 3],
    ['WhisperBeamSearch', 3],
    ['GreedySearch', 2],
    ['Sampling', 2],
  ];
  return loops.map(([name, rank]) =>
    opaque(
      name,
      [1, 32],
      'generation loop',
      (op) => [tensorType(op.dtype(0), dataShape(op, rank, 'tokens'))],
      8,
    ),
  );
}

function opaque(
  name: string,
  inputs: readonly [number, number],
  note: string,
  infer: InferRule,
  outputs = 1,
): OperatorEntry {
  return microsoft(name, {
    inputs,
    outputs: [1, outputs],
    mapping: (op) => opaqueMapping(op, note),
    infer,
  });
}

/** The same operator before ai.onnx took it over. */
function gridSample(): OperatorEntry {
  const entry = VISION.find((candidate) => candidate.name === 'GridSample');
  if (!entry) throw new Error('GridSample left its family');
  return { ...entry, domain: 'com.microsoft', since: [1] };
}

function cropAndResize(op: InferContext): ReturnType<InferRule> {
  const size = op.known(3)?.data;
  return [
    tensorType(op.dtype(0), [
      op.shape(1)?.[0] ?? op.dataDim('regions'),
      op.shape(0)?.[1] ?? op.dataDim('channels'),
      size?.[0] ?? op.dataDim('height'),
      size?.[1] ?? op.dataDim('width'),
    ]),
  ];
}

/** Real signal to complex pairs; one-sided halves the last transformed axis. */
function spectrumShape(op: InferContext): Shape {
  const shape = op.shape(0);
  if (!shape || shape.length === 0) return null;
  const last = shape.at(-1) as Dim;
  const bins = op.int('onesided', 1) !== 0 ? dimAdd(dimFloorDiv(last, 2), 1) : last;
  return [...shape.slice(0, -1), bins, 2];
}

function signalShape(op: InferContext): Shape {
  const shape = op.shape(0);
  if (!shape || shape.length < 2) return null;
  const bins = shape.at(-2) as Dim;
  const samples = op.int('onesided', 1) !== 0 ? dimMul(dimSub(bins, 1), 2) : bins;
  return [...shape.slice(0, -2), samples];
}

function expandedShape(op: InferContext): Shape {
  const shape = op.shape(0);
  const stated = op.numbers(1)?.[0];
  if (!shape) return null;
  if (stated === undefined) return dataShape(op, shape.length + 1);
  const axis = normaliseAxis(op, stated, shape.length + 1);
  return [...shape.slice(0, axis), 1, ...shape.slice(axis)];
}

function paddedShape(op: InferContext): Shape {
  const shape = op.shape(0);
  const pads = op.known(1)?.data;
  return (
    shape &&
    shape.map((dim, axis) => {
      const [before, after] = [pads?.[axis], pads?.[axis + shape.length]];
      if (before === undefined || after === undefined) return op.dataDim(`size${axis}`);
      return dimAdd(dimAdd(dim, before), after);
    })
  );
}
