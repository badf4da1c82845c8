/**
 * A convolution as the stages of Winograd's algorithm, for one block of output tiles after the other: inputs are
 * gathered (padding and what is fused before it included), transformed, multiplied point by point of the domain,
 * transformed back, and what is fused behind it writes the outputs. What passes between the stages stays in the
 * second cache.
 */
import type { Buffer } from '../../loop/expr.ts';
import { constant } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { localBuffer, loop } from '../../loop/ir.ts';
import type { Names } from '../transform/names.ts';
import type { Blocking } from './block.ts';
import { Block } from './block.ts';
import { multiplyPoints } from './domainProduct.ts';
import { finishOutputs, gatherInputs } from './fusedAround.ts';
import type { Convolution } from './match.ts';
import { transformInputs, transformOutputs } from './tileTransforms.ts';

export interface Stages {
  readonly body: readonly Stmt[];
  /** The loop over blocks; `undefined` where there is one block, whose stages stand in the list themselves. */
  readonly outer: string | undefined;
}

/** @param filter in the domain already: its last two extents are those of the domain. */
export function stagesOf(
  conv: Convolution,
  blocking: Blocking,
  filter: Buffer,
  names: Names,
): Stages {
  const block = new Block(conv, blocking, names);
  const stages = stagesOfBlock(block, filter);
  const [outer, count] = block.over;
  if (count.kind === 'constant' && count.value === 1) return { body: stages, outer: undefined };
  return { body: [loop(outer, count, [...block.bound, ...stages], 'parallel')], outer };
}

function stagesOfBlock(block: Block, filter: Buffer): readonly Stmt[] {
  const { domain, depth, tiles, planes, height, width, conv, names } = block;
  const channels = conv.channel.extent;
  const local = (name: string, shape: readonly number[]): Buffer =>
    localBuffer(names.fresh(name), 'f32', shape.map(constant));
  const [inputRows, inputColumns] = block.inputs;
  const patch = local('patch', [planes * inputRows, inputColumns, depth]);
  const inputs = local('domain', [domain * domain, apart(tiles * depth)]);
  const products = local('products', [domain * domain, apart(tiles * channels)]);
  const sums = local('sums', [planes * height, width, channels]);
  return [
    { kind: 'local', buffer: patch },
    gatherInputs(block, patch),
    { kind: 'local', buffer: inputs },
    transformInputs(block, patch, inputs),
    { kind: 'local', buffer: products },
    multiplyPoints(block, inputs, filter, products),
    { kind: 'local', buffer: sums },
    transformOutputs(block, products, sums),
    finishOutputs(block, sums),
  ];
}

/** Elements of one point of the domain: all points of a tile are touched in turn, and must not share sets of a cache. */
function apart(elements: number): number {
  return elements % 256 === 0 ? elements + 16 : elements;
}
