/**
 * From a Softmax to the attention around it: the product that makes its scores, the product that its probabilities
 * weigh, and whether one kernel of all three is cheaper than three. It is where the schedule can take a few rows
 * through all of them (schedule/stageNests.ts): nothing moves elements in between, nobody else wants what flows there,
 * every head has values of its own, and there is more of the scores than stays in a cache anyway.
 *
 * Plans are for all targets, so the caches that decide are the smallest (limits.ts). Where a target has larger ones, its
 * schedule may keep the three loops apart inside of the kernel: as fast as three kernels, no faster.
 */
import type { Ecg, EcgNode } from '../ecg/ecg.ts';
import type { Dim } from '../graph/dim.ts';
import { dimEqual } from '../graph/dim.ts';
import type { Refusal } from './draft.ts';
import type { Limits } from './limits.ts';
import { isAlongLastAxis } from './rowReductions.ts';
import { formatBytes } from './yellow.ts';

/** Products need several rows at a time: few of them may take a part of the second cache. */
const FEW_ROWS = 8;
const LEAST_ROWS = 4;
/** Columns of the values up to which lowering keeps no probabilities, but divides by their sum again for each. */
const TOO_FEW_COLUMNS = 4;
/** Operators looked at between a Softmax and a product. */
const MOST_BETWEEN = 16;

export interface AttentionChain {
  /** The MatMul whose result is normalised, the one that reads the probabilities. */
  readonly scores: number;
  readonly values: number;
  /** ECG edges from the one to the other, through the Softmax. */
  readonly edges: readonly number[];
  /** Estimated bytes of the scores. */
  readonly bytes: number;
  /** Why one kernel would not be cheaper. */
  readonly refusal?: Refusal;
}

/** `undefined` where the operator is no Softmax between two products. */
export function attentionChain(
  ecg: Ecg,
  softmax: number,
  cache: Limits['cache'],
): AttentionChain | undefined {
  const node = ecg.nodes[softmax]!;
  if (node.operator.domain !== '' || node.operator.type !== 'Softmax') return undefined;
  const before = scoresOf(ecg, node);
  const after = before && valuesOf(ecg, node);
  if (before === undefined || after === undefined) return undefined;
  const edges = [...before.edges, ...after.edges];
  const refusal =
    orderRefusal(ecg, node, edges) ??
    useRefusal(ecg, edges) ??
    sizeRefusal(ecg, node, after.end, cache);
  const chain = { scores: before.end, values: after.end, edges, bytes: node.irsEstimate };
  return refusal === undefined ? chain : { ...chain, refusal };
}

interface Path {
  readonly end: number;
  readonly edges: readonly number[];
}

/** The nearest product from which as many elements as are normalised flow into the Softmax. */
function scoresOf(ecg: Ecg, softmax: EcgNode): Path | undefined {
  const [input] = softmax.operator.inputs;
  const paths: Path[] = [{ end: softmax.index, edges: [] }];
  const seen = new Set<number>();
  for (const { end, edges } of paths) {
    if (seen.has(end) || seen.size > MOST_BETWEEN) continue;
    seen.add(end);
    const flowing = ecg.edgesIn[end]!.map((index) => ecg.edges[index]!).filter(
      ({ value, bytesEstimate }) =>
        end === softmax.index ? value === input : bytesEstimate === softmax.irsEstimate,
    );
    for (const { index, from } of flowing.sort((a, b) => b.from - a.from)) {
      const found = { end: from, edges: [index, ...edges] };
      if (isProduct(ecg.nodes[from]!)) return found;
      if (isLight(ecg.nodes[from]!)) paths.push(found);
    }
  }
  return undefined;
}

/** The product whose left operand the probabilities become. */
function valuesOf(ecg: Ecg, softmax: EcgNode): Path | undefined {
  const paths: Path[] = [{ end: softmax.index, edges: [] }];
  const seen = new Set<number>();
  for (const { end, edges } of paths) {
    if (seen.has(end) || seen.size > MOST_BETWEEN) continue;
    seen.add(end);
    for (const index of ecg.edgesOut[end]!) {
      const { to, value, bytesEstimate } = ecg.edges[index]!;
      if (bytesEstimate !== softmax.irsEstimate) continue;
      const reader = ecg.nodes[to]!;
      const found = { end: to, edges: [...edges, index] };
      if (isProduct(reader) && reader.operator.inputs[0] === value) return found;
      if (isLight(reader)) paths.push(found);
    }
  }
  return undefined;
}

function isProduct({ operator }: EcgNode): boolean {
  return operator.domain === '' && operator.type === 'MatMul';
}

function isLight({ mapping }: EcgNode): boolean {
  return mapping !== 'many-to-many' && mapping !== 'opaque';
}

/** Rows are those of the last axis, and every operator on the way keeps each element where it is. */
function orderRefusal(ecg: Ecg, softmax: EcgNode, edges: readonly number[]): Refusal | undefined {
  if (!isAlongLastAxis(ecg, softmax)) {
    return { reason: 'no-kernel', detail: 'Softmax runs along another axis than the last' };
  }
  const moving = edges
    .map((edge) => ecg.edges[edge]!)
    .find(({ to, mapping }) => isLight(ecg.nodes[to]!) && mapping !== 'one-to-one');
  if (moving === undefined) return undefined;
  const { type } = ecg.nodes[moving.to]!.operator;
  const place = moving.to < softmax.index ? 'scores and Softmax' : 'Softmax and values';
  return { reason: 'no-kernel', detail: `${type} moves elements between ${place}` };
}

function useRefusal(ecg: Ecg, edges: readonly number[]): Refusal | undefined {
  const used = edges
    .map((edge) => ecg.edges[edge]!)
    .find(({ value }) => {
      const { isOutput, consumers } = ecg.graph.values[value]!;
      return isOutput || consumers.length > 1;
    });
  if (used === undefined) return undefined;
  const { type } = ecg.nodes[used.from]!.operator;
  return {
    reason: 'multi-use',
    detail: `attention would store the result of ${type} all the same`,
  };
}

function sizeRefusal(
  ecg: Ecg,
  softmax: EcgNode,
  values: number,
  cache: Limits['cache'],
): Refusal | undefined {
  const not = (detail: string): Refusal => ({ reason: 'row-kernel-not-cheaper', detail });
  const probabilities = shapeOf(ecg, ecg.nodes[values]!.operator.inputs[0]!);
  const weighed = shapeOf(ecg, ecg.nodes[values]!.operator.inputs[1]!);
  const [rows, keys] = probabilities?.slice(-2) ?? [];
  if (probabilities === undefined || weighed === undefined || keys === undefined) {
    return { reason: 'unbound-shape' };
  }
  if (!haveOwn(probabilities, weighed)) return not('several heads read the same values');
  const bytes = softmax.irsEstimate;
  // Less than half of the second cache is still there when the next kernel reads it.
  if (bytes < cache[1] / 2) return not(`${formatBytes(bytes)} of scores stay in a cache anyway`);
  const columns = weighed.at(-1);
  if (typeof columns === 'number' && columns <= TOO_FEW_COLUMNS) {
    return not(`values of ${columns} columns are no product of tiles`);
  }
  // Sizes that are still open: some binding has blocks.
  if (typeof rows !== 'number' || typeof keys !== 'number') return undefined;
  return hasBlocks(rows, keys * 4, cache)
    ? undefined
    : not(`no block of ${rows} rows fits a cache`);
}

function shapeOf(ecg: Ecg, value: number): readonly Dim[] | undefined {
  const type = ecg.graph.values[value]?.type;
  return type?.kind === 'tensor' && type.shape !== null ? type.shape : undefined;
}

/** Whether the operands of a product have the same leading axes. */
function haveOwn(left: readonly Dim[], right: readonly Dim[]): boolean {
  const [a, b] = [leadingAxes(left), leadingAxes(right)];
  return a.length === b.length && a.every((dim, axis) => dimEqual(dim, b[axis]!));
}

/** All but the matrix, and without the axes of size 1 in front. */
function leadingAxes(shape: readonly Dim[]): readonly Dim[] {
  const leading = shape.slice(0, -2);
  while (leading[0] === 1) leading.shift();
  return leading;
}

/** Whether the rows fall into equal blocks whose scores and probabilities stay on chip. */
function hasBlocks(rows: number, rowBytes: number, [first, second]: Limits['cache']): boolean {
  for (let size = LEAST_ROWS; 2 * size <= rows; size++) {
    const bytes = 2 * size * rowBytes;
    if (rows % size === 0 && bytes <= (size <= FEW_ROWS ? second / 4 : first / 2)) return true;
    if (bytes > second / 4) return false;
  }
  return false;
}
