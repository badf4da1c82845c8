// Messages between the page and the layout worker. A generation is a number that grows with every
// request; only the newest request is of interest, older ones are answered with `cancelled`.

import type { KeyedLayout, NextKeys } from './relayout.ts';
import type { LayoutInput, LayoutResult } from './types.ts';

export type LayoutRequest =
  /** Lay out from nothing. */
  | { type: 'layout'; generation: number; input: LayoutInput }
  /** Lay out after an edit, keeping what survives in place. */
  | {
      type: 'relayout';
      generation: number;
      previous: KeyedLayout;
      input: LayoutInput;
      names: NextKeys;
    }
  /** Give up this and all earlier requests. */
  | { type: 'cancel'; generation: number };

/** Exactly one answer for every `layout` and `relayout`. */
export type LayoutAnswer =
  | { type: 'done'; generation: number; result: LayoutResult }
  | { type: 'cancelled'; generation: number }
  | { type: 'failed'; generation: number; message: string };
