/**
 * Reorganize: the same elements in the same flat order under another shape. Reshape's target may hold
 * numbers, symbolic sizes, 0 (copy the input's size), one -1 (the rest), and elements nobody knows.
 */
import type { Dim } from '../graph/dim.ts';
import { dimFloorDiv, dimProduct, divideExactly, formatShape, isSymbolic } from '../graph/dim.ts';
import type { KnownTensor } from '../graph/graph.ts';
import type { Shape } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import { normaliseAxes, readAxes } from './axes.ts';
import type { InferContext, Mapping, OperatorEntry, OpView, Property } from './define.ts';
import { lowerBound } from './dimBounds.ts';
import { operator } from './entry.ts';
import { dataShape, lengthOf, MAX_RANK } from './inferRules.ts';
import { knownTensor, outputDims } from './known.ts';
import { dataMapping } from './mappingRules.ts';

const MOVES: readonly Property[] = ['linear', 'commutes-with-movement', 'exact'];

export const FAMILY: readonly OperatorEntry[] = [
  operator('Reshape', {
    since: [1, 5, 13, 14, 19, 21],
    inputs: [2, 2],
    mapping: reshapeMapping,
    infer: (op) => [tensorType(op.dtype(0), reshapedShape(op))],
    properties: MOVES,
    evaluate: sameElements,
  }),
  operator('Flatten', {
    since: [1, 9, 11, 13, 21],
    mapping: dataMapping('reorganize'),
    infer: (op) => [tensorType(op.dtype(0), flattenedShape(op))],
    properties: MOVES,
    evaluate: sameElements,
  }),
  operator('Squeeze', {
    since: [1, 11, 13, 21],
    inputs: [1, 2],
    mapping: dataMapping('reorganize'),
    infer: (op) => [tensorType(op.dtype(0), squeezedShape(op))],
    properties: MOVES,
    evaluate: sameElements,
  }),
  operator('Unsqueeze', {
    since: [1, 11, 13, 21],
    inputs: [1, 2],
    mapping: dataMapping('reorganize'),
    infer: (op) => [tensorType(op.dtype(0), unsqueezedShape(op))],
    properties: MOVES,
    evaluate: sameElements,
  }),
];

function sameElements(op: OpView): readonly KnownTensor[] | undefined {
  const input = op.known(0);
  return input && [knownTensor(input.dtype, outputDims(op), input.data)];
}

function reshapeMapping(op: OpView): Mapping {
  const runtime = !op.isConstant(1) && !op.known(1);
  return dataMapping('reorganize', 1, runtime ? 'target known at run time only' : undefined)(op);
}

function reshapedShape(op: InferContext): Shape {
  const target = op.known(1)?.data;
  if (!target) {
    const rank = lengthOf(op, 1);
    return rank === undefined || rank > MAX_RANK ? null : dataShape(op, rank);
  }
  if (target.length > MAX_RANK) op.fail(`target of ${target.length} axes`);
  const input = op.shape(0);
  const copiesZero = op.int('allowzero', 0) === 0;
  const sizes = target.map((size, axis): Dim | undefined | 'rest' => {
    if (size === undefined || isSymbolic(size)) return size;
    if (size === -1) return 'rest';
    if (size === 0 && copiesZero) return copiedSize(op, input, axis);
    if (!Number.isInteger(size) || size < 0)
      op.fail(`target [${describe(target)}] has size ${size}`);
    return size;
  });
  return completed(op, input, sizes, target);
}

function copiedSize(op: InferContext, input: Shape, axis: number): Dim | undefined {
  if (input === null) return undefined;
  return (
    input[axis] ?? op.fail(`target size 0 at axis ${axis} of an input of rank ${input.length}`)
  );
}

/** Fills the one size that the element count decides; checks the count where all sizes are numbers. */
function completed(
  op: InferContext,
  input: Shape,
  sizes: readonly (Dim | undefined | 'rest')[],
  target: readonly (Dim | undefined)[],
): Dim[] {
  const rests = sizes.filter((size) => size === 'rest').length;
  if (rests > 1) op.fail(`target [${describe(target)}] leaves more than one size open`);
  const blanks = sizes.filter((size) => size === undefined).length;
  const open = rests + blanks;
  const stated = sizes.filter((size): size is Dim => size !== undefined && size !== 'rest');
  const product = dimProduct(stated);
  const total = input && dimProduct(input);
  if (open === 0 && typeof total === 'number' && typeof product === 'number' && total !== product) {
    op.fail(`${formatShape(input)} has ${total} elements, target [${describe(target)}] ${product}`);
  }
  return sizes.map((size, axis) => {
    if (size !== undefined && size !== 'rest') return size;
    if (open > 1 || total === null) return op.dataDim(`size${axis}`);
    if (size === undefined) return divideExactly(total, product) ?? op.dataDim(`size${axis}`);
    return remainingSize(op, input, total, product, target);
  });
}

function remainingSize(
  op: InferContext,
  input: Shape,
  total: Dim,
  product: Dim,
  target: readonly (Dim | undefined)[],
): Dim {
  if (product === 0) return 0;
  const exact = divideExactly(total, product);
  if (exact !== undefined) return exact;
  if (typeof total === 'number' && typeof product === 'number') {
    op.fail(`${formatShape(input)} does not divide into target [${describe(target)}]`);
  }
  return dimFloorDiv(total, product);
}

function describe(target: readonly (Dim | undefined)[]): string {
  const text = target.slice(0, 12).map((size) => {
    if (size === undefined) return '?';
    return typeof size === 'number' ? String(size) : size.key;
  });
  return text.join(', ') + (target.length > 12 ? ', …' : '');
}

/** Two axes: the product before `axis` and the product from it on. */
function flattenedShape(op: InferContext): Shape {
  const shape = op.shape(0);
  if (shape === null) return dataShape(op, 2);
  const stated = op.int('axis', 1);
  const axis = stated < 0 ? stated + shape.length : stated;
  if (axis < 0 || axis > shape.length) op.fail(`axis ${stated} for rank ${shape.length}`);
  return [dimProduct(shape.slice(0, axis)), dimProduct(shape.slice(axis))];
}

/** Without axes every size 1 goes: which ones those are must be certain for each axis. */
function squeezedShape(op: InferContext): Shape {
  const shape = op.shape(0);
  const { axes, runtime } = readAxes(op, 1);
  if (shape === null) return null;
  if (runtime) {
    const count = lengthOf(op, 1);
    return count === undefined || count > shape.length ? null : dataShape(op, shape.length - count);
  }
  if (!axes) {
    const certain = shape.every((dim) => typeof dim === 'number' || lowerBound(dim, 1) > 1);
    return certain ? shape.filter((dim) => dim !== 1) : null;
  }
  const dropped = new Set(normaliseAxes(op, axes, shape.length));
  for (const axis of dropped) {
    const dim = shape[axis];
    if (typeof dim === 'number' && dim !== 1) op.fail(`axis ${axis} has size ${dim}, not 1`);
  }
  return shape.filter((_, axis) => !dropped.has(axis));
}

function unsqueezedShape(op: InferContext): Shape {
  const shape = op.shape(0);
  const { axes, runtime } = readAxes(op, 1);
  if (shape === null) return null;
  if (!axes) {
    const count = runtime ? lengthOf(op, 1) : undefined;
    if (!runtime) op.fail('axes are missing');
    const small = count !== undefined && count + shape.length <= MAX_RANK;
    return small ? dataShape(op, shape.length + count) : null;
  }
  const rank = shape.length + axes.length;
  if (rank > MAX_RANK) op.fail(`result of ${rank} axes`);
  const added = new Set(normaliseAxes(op, axes, rank));
  let next = 0;
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (shape[next++] as Dim)));
}
