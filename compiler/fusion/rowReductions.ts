/**
 * Reductions that one kernel computes while it keeps a row on chip (issue: row reduction schedule): several of
 * them, with elementwise work and re-broadcasts between, may share a block when they reduce the same axes of
 * tensors of equal shape. This is a list of what code generation has a schedule for, not a property of the
 * operators, hence it stands beside `canCompile` and not in the operator table.
 */
import type { EcgNode, Ecg } from '../ecg/ecg.ts';
import { formatDim } from '../graph/dim.ts';
import { axesIn, axisIn } from '../ops/axes.ts';

const REDUCTIONS: ReadonlySet<string> = new Set([
  'ReduceL1',
  'ReduceL2',
  'ReduceLogSum',
  'ReduceLogSumExp',
  'ReduceMax',
  'ReduceMean',
  'ReduceMin',
  'ReduceProd',
  'ReduceSum',
  'ReduceSumSquare',
]);

const ROW_OPERATORS: ReadonlySet<string> = new Set([
  'LayerNormalization',
  'LogSoftmax',
  'RMSNormalization',
  'Softmax',
]);

/**
 * The rows that a reduction runs over, as a text equal for reductions that may share a kernel;
 * `undefined` when the operator is no row reduction or its axes are not known.
 */
export function reducedRow(ecg: Ecg, node: EcgNode): string | undefined {
  const { operator } = node;
  if (operator.domain !== '') return undefined;
  const axes = REDUCTIONS.has(operator.type)
    ? reductionAxes(ecg, node)
    : ROW_OPERATORS.has(operator.type)
      ? normalisationAxes(ecg, node)
      : undefined;
  if (axes === undefined) return undefined;
  const shape = inputShape(ecg, node)!;
  // Leading axes of size 1 do not change what a row is.
  const sizes = shape.map((dim, axis) => `${axes.includes(axis) ? 'r' : ''}${formatDim(dim)}`);
  while (sizes[0] === '1') sizes.shift();
  return sizes.join(',');
}

function inputShape(ecg: Ecg, { operator }: EcgNode) {
  const type = ecg.graph.values[operator.inputs[0] ?? -1]?.type;
  return type?.kind === 'tensor' ? type.shape : null;
}

function reductionAxes(ecg: Ecg, node: EcgNode): readonly number[] | undefined {
  const { operator } = node;
  const rank = inputShape(ecg, node)?.length;
  if (rank === undefined) return undefined;
  const attribute = operator.attributes.get('axes');
  const input = ecg.graph.values[operator.inputs[1] ?? -1];
  let axes: readonly unknown[] = [];
  if (attribute?.kind === 'ints') axes = attribute.value;
  else if (input !== undefined) {
    if (input.known === undefined) return undefined;
    axes = input.known.data;
  }
  if (!axes.every((axis): axis is number => typeof axis === 'number')) return undefined;
  const empty = operator.attributes.get('noop_with_empty_axes');
  if (axes.length === 0 && empty?.kind === 'int' && empty.value === 1) return undefined;
  if (axes.length === 0) return Array.from({ length: rank }, (_, axis) => axis);
  return axesIn(axes, rank);
}

function normalisationAxes(ecg: Ecg, node: EcgNode): readonly number[] | undefined {
  const rank = inputShape(ecg, node)?.length;
  if (rank === undefined) return undefined;
  const { type, opset, attributes } = node.operator;
  const attribute = attributes.get('axis');
  // Softmax before opset 13 takes its input as a matrix: all axes from `axis` (1 when absent) on form the row.
  const isMatrix = type.endsWith('Softmax') && opset < 13;
  const axis = attribute?.kind === 'int' ? attribute.value : isMatrix ? 1 : -1;
  const first = axisIn(axis, rank);
  if (first === undefined) return undefined;
  if (type.endsWith('Softmax') && !isMatrix) return [first];
  return Array.from({ length: rank - first }, (_, i) => first + i);
}

/** Whether a Softmax or normalisation reduces the last axis alone: rows that lie in memory. */
export function isAlongLastAxis(ecg: Ecg, node: EcgNode): boolean {
  const rank = inputShape(ecg, node)?.length;
  const axes = normalisationAxes(ecg, node);
  return rank !== undefined && axes?.length === 1 && axes[0] === rank - 1;
}
