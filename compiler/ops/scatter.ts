/**
 * Writes at computed positions: the output is the data with some elements replaced or combined. Opaque
 * where indices are known at run time only (two writes may meet); constant indices make it a select.
 */
import type { KnownTensor } from '../graph/graph.ts';
import { axisIn, expectRankAtLeast } from './axes.ts';
import type { InferContext, Mapping, OperatorEntry, OpView } from './define.ts';
import { operator } from './entry.ts';
import { sameAsInput } from './inferRules.ts';
import type { KnownElement } from './known.ts';
import { countOf, forEachIndex, knownTensor, positionOf, stridesOf } from './known.ts';
import { fixedMapping, opaqueMapping } from './mappingRules.ts';

export const FAMILY: readonly OperatorEntry[] = [
  scatterElements('ScatterElements', [11, 13, 16, 18]),
  scatterElements('Scatter', [9, 11]),
  operator('ScatterND', {
    since: [11, 13, 16, 18],
    inputs: [3, 3],
    mapping: (op) => scatterMapping(op, tuplesOf),
    infer: inferScatter,
    properties: ['linear'],
    evaluate: (op) => evaluateScatter(op, tuplesOf),
  }),
  operator('TensorScatter', {
    since: [24],
    inputs: [2, 3],
    mapping: fixedMapping('opaque', 'writes at positions known at run time only'),
    infer: sameAsInput(),
  }),
];

function scatterElements(name: string, since: readonly number[]): OperatorEntry {
  return operator(name, {
    since,
    inputs: [3, 3],
    mapping: (op) => scatterMapping(op, elementsOf),
    infer: inferScatter,
    properties: ['linear'],
    evaluate: (op) => evaluateScatter(op, elementsOf),
  });
}

function inferScatter(op: InferContext): ReturnType<OperatorEntry['infer']> {
  expectRankAtLeast(op, 0, 1);
  return sameAsInput()(op);
}

/**
 * Positions in the data that the updates go to, in the order of the updates; `undefined` where an index is
 * not known or out of range.
 */
type Targets = (
  op: OpView,
  dims: readonly number[],
  indices: KnownTensor,
) => readonly number[] | undefined;

const elementsOf: Targets = (op, dims, indices) => {
  const axis = axisIn(op.int('axis', 0), dims.length);
  if (axis === undefined || indices.dims.length !== dims.length) return undefined;
  const strides = stridesOf(dims);
  const targets: number[] = [];
  forEachIndex(indices.dims, (index, position) => {
    const at = indices.data[position];
    const own = typeof at === 'number' ? axisIn(at, dims[axis] as number) : undefined;
    targets.push(own === undefined ? Number.NaN : positionOf(index.with(axis, own), strides));
  });
  return targets.every(Number.isFinite) ? targets : undefined;
};

const tuplesOf: Targets = (_op, dims, indices) => {
  const tuple = indices.dims.at(-1) ?? 0;
  if (tuple > dims.length) return undefined;
  const strides = stridesOf(dims);
  const block = countOf(dims.slice(tuple));
  const rows = countOf(indices.dims.slice(0, -1));
  const targets: number[] = [];
  for (let row = 0; row < rows; row++) {
    let start = 0;
    for (let i = 0; i < tuple; i++) {
      const at = indices.data[row * tuple + i];
      const own = typeof at === 'number' ? axisIn(at, dims[i] as number) : undefined;
      if (own === undefined) return undefined;
      start += own * (strides[i] as number);
    }
    // Bounded by the data: more updates than elements would repeat positions.
    if (targets.length + block > countOf(dims)) return undefined;
    for (let i = 0; i < block; i++) targets.push(start + i);
  }
  return targets;
};

function scatterMapping(op: OpView, targetsOf: Targets): Mapping {
  const shape = op.shape(0);
  const indices = op.isConstant(1) ? op.known(1) : undefined;
  if (!indices || !shape?.every((dim) => typeof dim === 'number')) {
    return opaqueMapping(op, 'two writes may meet');
  }
  if (op.string('reduction', 'none') !== 'none') {
    return fixedMapping('many-to-many', 'constant indices, updates are combined')(op);
  }
  if (countOf(shape) > WORK_CAP) return opaqueMapping(op, 'two writes may meet');
  const targets = targetsOf(op, shape, indices);
  const unique = targets !== undefined && new Set(targets).size === targets.length;
  return unique
    ? fixedMapping('one-to-one', 'constant distinct indices select')(op)
    : opaqueMapping(op, 'two writes may meet');
}

/** Elements up to which the targets of constant indices are enumerated. */
const WORK_CAP = 1 << 20;

function evaluateScatter(op: OpView, targetsOf: Targets): readonly KnownTensor[] | undefined {
  const data = op.known(0);
  const indices = op.known(1);
  const updates = op.known(2);
  if (!data || !indices || !updates || op.string('reduction', 'none') !== 'none') return undefined;
  const targets = targetsOf(op, data.dims, indices);
  if (!targets || targets.length !== updates.data.length) return undefined;
  const result: KnownElement[] = [...data.data];
  targets.forEach((target, i) => (result[target] = updates.data[i]));
  return [knownTensor(data.dtype, data.dims, result)];
}
