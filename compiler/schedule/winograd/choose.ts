/**
 * When a convolution goes through Winograd's domain, in which tiles, and how many at a time: the one place that
 * decides, by a model of cycles over the record of the target. Fewer products stand against transforms of inputs and
 * outputs, tiles that reach beyond the image, and filters that are 4 times as large (1.8 times for tiles of two) and
 * pass from the third cache once per block.
 */
import type { Target } from '../../target/target.ts';
import type { Convolution } from './match.ts';
import type { Blocking } from './block.ts';
import type { TileSize } from './transforms.ts';
import { domainOf, TAPS } from './transforms.ts';

/** `undefined`: the direct sum is as fast. */
export type ChooseBlocking = (conv: Convolution) => Blocking | undefined;

/** What counts of a convolution. */
export interface ConvolutionSize {
  /** Extent of the loop around rows that may share a block, and of all others around it. */
  readonly planes: number;
  readonly images: number;
  readonly rows: number;
  readonly columns: number;
  /** Products per output and tap. */
  readonly depth: number;
  readonly channels: number;
}

type Machine = Pick<Target, 'vectorBytes' | 'fma' | 'cache'>;

/** Fewer channels leave nothing to win: transforms cost as much as they save. */
const LEAST_CHANNELS = 16;
/** Cycles that a direct sum takes at least: below, five nests cost more to build and start than they gain. */
const LEAST_CYCLES = 100_000;
/** Direct kernels have no fixed costs, and both are measured within a tenth. */
const MARGIN = 1.15;
/** Part of the peak that products reach. */
const EFFICIENCY = 0.85;
/** Cycles per vector of the domain: loads, sums and stores of a transform, from the second cache or from the third. */
const TRANSFORM = 5;
const FAR_TRANSFORM = 8;
/** Cycles per vector that is gathered, or finished. */
const PASS = 4;
/** Bytes per cycle of filters from the third cache. */
const STREAM = 6;
/** Of the shorter of products and stream: what does not hide behind the longer. */
const EXPOSED = 0.3;
const MOST_TILES = 128;
/** Images of an open batch: enough for blocks of one image each. */
const OPEN_IMAGES = 32;
/** Threads that blocks should keep busy. */
const THREADS = 4;

export function chooseBlocking(conv: Convolution, target: Machine): Blocking | undefined {
  return blockingFor(sizeOf(conv), target);
}

/** @internal for measurements: the best blocking where the model finds it faster. */
export function blockingFor(size: ConvolutionSize, target: Machine): Blocking | undefined {
  if (Math.min(size.depth, size.channels) < LEAST_CHANNELS) return undefined;
  let best: Blocking | undefined;
  const direct = directCycles(size, target);
  if (direct < LEAST_CYCLES) return undefined;
  let least = direct / MARGIN;
  for (const blocking of candidates(size)) {
    const cycles = domainCycles(size, blocking, target);
    if (cycles < least) [best, least] = [blocking, cycles];
  }
  return best;
}

function sizeOf({ outer, open, row, column, channel, summed }: Convolution): ConvolutionSize {
  const product = (axes: readonly { readonly extent: number }[]): number =>
    axes.reduce((all, { extent }) => all * extent, 1);
  return {
    planes: outer.at(-1)?.extent ?? 1,
    images: product(outer.slice(0, -1)) * (open === undefined ? 1 : OPEN_IMAGES),
    rows: row.extent,
    columns: column.extent,
    depth: product(summed),
    channels: channel.extent,
  };
}

function* candidates({ planes, rows, columns }: ConvolutionSize): Generator<Required<Blocking>> {
  for (const tile of [2, 4] as const satisfies readonly TileSize[]) {
    for (const tileColumns of parts(Math.ceil(columns / tile))) {
      for (const tileRows of parts(Math.ceil(rows / tile))) {
        if (tileRows * tileColumns > MOST_TILES) continue;
        const whole = tileRows * tile >= rows && tileColumns * tile >= columns;
        for (const together of whole ? divisors(planes) : [1]) {
          if (together * tileRows * tileColumns > MOST_TILES) break;
          yield { tile, rows: tileRows, columns: tileColumns, planes: together };
        }
      }
    }
  }
}

/** Sizes of equal parts, the last one smaller by little. */
function parts(extent: number): ReadonlySet<number> {
  const sizes = new Set<number>();
  for (let count = 1; count <= Math.min(extent, 64); count++) sizes.add(Math.ceil(extent / count));
  return sizes;
}

function divisors(extent: number): readonly number[] {
  const found: number[] = [];
  for (let size = 1; size <= Math.min(extent, MOST_TILES); size++) {
    if (extent % size === 0) found.push(size);
  }
  return found;
}

/** Products and sums that end per cycle. */
function productsPerCycle({ vectorBytes, fma }: Machine): number {
  return (vectorBytes / 4) * (fma ? 2 : 1) * EFFICIENCY;
}

function directCycles(size: ConvolutionSize, target: Machine): number {
  const { images, planes, rows, columns, depth, channels } = size;
  const products = images * planes * rows * columns * TAPS * TAPS * depth * channels;
  return products / productsPerCycle(target);
}

function domainCycles(
  { images, planes, rows, columns, depth, channels }: ConvolutionSize,
  { tile, rows: tileRows, columns: tileColumns, planes: together }: Required<Blocking>,
  target: Machine,
): number {
  const [, cache] = target.cache;
  const lanes = target.vectorBytes / 4;
  const [height, width] = [tileRows * tile, tileColumns * tile];
  const blocks =
    images * (planes / together) * Math.ceil(rows / height) * Math.ceil(columns / width);
  const tiles = together * tileRows * tileColumns;
  const points = domainOf(tile) ** 2;
  const products = (tiles * points * depth * channels) / productsPerCycle(target);
  const filterBytes = points * depth * channels * 4;
  const stream = filterBytes <= cache / 2 ? 0 : filterBytes / STREAM;
  const inDomain = tiles * points * (depth + channels);
  const gathered = together * (height + TAPS - 1) * (width + TAPS - 1) * depth;
  const finished = together * height * width * channels;
  const far = (inDomain + gathered) * 4 > cache;
  const moved =
    (inDomain * (far ? FAR_TRANSFORM : TRANSFORM) + (gathered + finished) * PASS) / lanes;
  const multiplied = Math.max(products, stream) + EXPOSED * Math.min(products, stream);
  return blocks * (multiplied + moved) * imbalance(blocks);
}

/** Stages of a single block go to all threads one by one. */
function imbalance(blocks: number): number {
  if (blocks === 1) return 1;
  const rounds = Math.ceil(blocks / THREADS);
  return 1 + 0.25 * ((rounds * THREADS) / blocks - 1);
}
