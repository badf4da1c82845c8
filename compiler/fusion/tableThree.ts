/**
 * One look-up of Table 3 for two blocks, with all that may forbid what it allows: the user, the limits of a
 * kernel, the profile or the cost model in yellow cells. Cycles are found when the blocks merge.
 */
import type { MappingType } from '../mapping/mappingTypes.ts';
import { MAPPING_TYPE_NAMES, combine } from '../mapping/mappingTypes.ts';
import type { Draft, Refusal } from './draft.ts';
import type { VerdictReason } from './plan.ts';
import { judgeYellow } from './yellow.ts';

export type Answer =
  | {
      readonly fuse: true;
      readonly reason: Extract<VerdictReason, 'green' | 'yellow-profiled' | 'yellow-estimated'>;
      readonly detail: string;
      /** Mapping type of the two as one block. */
      readonly result: MappingType;
    }
  | ({ readonly fuse: false } & Refusal);

export type Ask = typeof askTable;

/**
 * @param first slot of the block that computes, `second` of the one that reads from it.
 * @param types their mapping types.
 */
export function askTable(
  draft: Draft,
  first: number,
  second: number,
  types: readonly [MappingType, MappingType],
): Answer {
  const { ecg, context } = draft.task;
  const byUser = draft.userRefusal(first, second);
  if (byUser !== undefined) return { fuse: false, ...byUser };
  const cell = combine(...types);
  const pair = types.map((type) => MAPPING_TYPE_NAMES[type]).join(' followed by ');
  if (cell.colour === 'red') {
    if (types.includes('opaque')) return { fuse: false, reason: 'opaque' };
    return { fuse: false, reason: 'red', detail: pair };
  }
  const refusal = draft.kernelRefusal(first, second);
  if (refusal !== undefined) return { fuse: false, ...refusal };
  if (cell.colour === 'green') {
    return { fuse: true, reason: 'green', detail: pair, result: cell.result };
  }
  const answer = judgeYellow(ecg, context, draft.members(first), draft.members(second), types);
  const detail = `${pair}; ${answer.detail}`;
  if (!answer.fuse || answer.reason === 'yellow-not-profitable') {
    return { fuse: false, reason: 'yellow-not-profitable', detail };
  }
  return { fuse: true, reason: answer.reason, detail, result: cell.result };
}
