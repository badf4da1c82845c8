/**
 * When a convolution goes through Winograd's domain, in which tiles, and how many at a time. The one place that
 * decides, from the record of the target.
 */
import type { Target } from '../../target/target.ts';
import type { Convolution } from './match.ts';
import type { Blocking } from './stages.ts';
import { domainOf } from './transforms.ts';
import type { TileSize } from './transforms.ts';

/** `undefined`: the direct sum is as fast. */
export type ChooseBlocking = (conv: Convolution) => Blocking | undefined;

/** Fewer channels leave nothing to win: transforms cost as much as they save. */
const LEAST_CHANNELS = 16;

export function chooseBlocking(
  conv: Convolution,
  target: Pick<Target, 'cache'>,
): Blocking | undefined {
  const { row, column, channel, summed } = conv;
  const depth = summed.reduce((product, { extent }) => product * extent, 1);
  if (Math.min(depth, channel.extent) < LEAST_CHANNELS) return undefined;
  const tile: TileSize = 4;
  const [tileRows, tileColumns] = [row, column].map(({ extent }) => Math.ceil(extent / tile)) as [
    number,
    number,
  ];
  // What one tile takes while it passes through the stages.
  const bytes = 4 * domainOf(tile) ** 2 * (depth + channel.extent);
  const fits = Math.max(24, Math.min(64, Math.floor(target.cache[1] / 2 / bytes)));
  const columns = Math.ceil(tileColumns / Math.ceil(tileColumns / fits));
  const most = Math.max(1, Math.floor(fits / columns));
  const rows = Math.ceil(tileRows / Math.ceil(tileRows / most));
  return { tile, rows, columns };
}
