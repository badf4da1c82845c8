/**
 * How many channels lie side by side in a channel-blocked layout.
 */
import type { Buffer } from '../loop/expr.ts';
import type { Layout } from '../loop/layout.ts';
import { channelBlocked } from '../loop/layout.ts';
import { registerType, SCALAR_TYPES } from '../loop/scalarType.ts';
import type { Target } from '../target/target.ts';

/** Fewer channels than this are read plane by plane. */
const LEAST_CHANNELS = 8;
/** Vectors that one block may hold where whole vectors do not divide the channels. */
const MOST_VECTORS = 4;

/**
 * The channel-blocked layout of a tensor [N, C, spatial…] for a target, `undefined` where row-major is as good: no
 * spatial extent, few channels, or channels that blocks do not divide. Blocks are whole vectors; else all the
 * channels where they are few (24, 40: narrower vectors at the end cost less than padding); else half vectors.
 */
export function channelLayout(
  { shape, storage }: Pick<Buffer, 'shape' | 'storage'>,
  target: Target,
): Layout | undefined {
  // Items of a group read along rows: neighbouring pixels do as well as neighbouring channels.
  if (target.language === 'opencl') return undefined;
  const extents = shape.map((dim) => (dim.kind === 'constant' ? dim.value : 0));
  const channels = extents[1] ?? 0;
  const spatial = extents.slice(2).reduce((a, b) => a * b, 1);
  if (shape.length < 4 || channels < LEAST_CHANNELS || spatial < 2) return undefined;
  const bits = Math.max(32, SCALAR_TYPES[registerType(storage)].bits);
  const lanes = (target.vectorBytes * 8) / bits;
  const { blockVectors = 1 } = target;
  const wide = [4, 2, 1].filter((vectors) => vectors <= blockVectors).map((n) => n * lanes);
  const block = [...wide, channels <= lanes * MOST_VECTORS ? channels : lanes / 2].find(
    (size) => size > 1 && channels % size === 0,
  );
  return block === undefined ? undefined : channelBlocked(shape.length, block);
}

/** Channels per block of a layout that `channelLayout` made. */
export function blockSize(layout: Layout): number {
  return layout.at(-1)?.modulo ?? 1;
}
