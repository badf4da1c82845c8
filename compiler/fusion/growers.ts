/** The planners that grow blocks from seeds, for whole plans and for local repairs alike. */
import type { Draft } from './draft.ts';
import { growBlocks } from './dnnfusion.ts';
import { growFromProducers } from './extended.ts';
import type { PlannerName } from './plan.ts';

/** See `growBlocks`. */
export type Grow = (draft: Draft, free: Uint8Array, seeds?: readonly number[]) => void;

export const GROWERS: Readonly<Partial<Record<PlannerName, Grow>>> = {
  dnnfusion: growBlocks,
  extended: growFromProducers,
};
