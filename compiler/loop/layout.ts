/**
 * How a tensor of logical indices lies in memory: every physical axis takes one logical index, divided and
 * taken modulo. Row-major over the physical axes. NCHWc is [{0}, {1, divide c}, {2}, {3}, {1, modulo c}]; panels of
 * a [K, N] operand are [{1, divide NR}, {0}, {1, modulo NR}]. Extents round up: the rest is padding, zero in packed
 * constants and undefined elsewhere.
 */
import type { Index } from './indexExpr.ts';
import { add, constant, floorDiv, mod } from './indexExpr.ts';

export interface LayoutAxis {
  /** Logical axis. */
  readonly axis: number;
  /** First floor-divided by this; default 1. */
  readonly divide?: number;
  /** Then taken modulo this; default: not. */
  readonly modulo?: number;
}

/** `undefined` where one is optional: row-major. */
export type Layout = readonly LayoutAxis[];

export function physicalShape(layout: Layout, shape: readonly Index[]): readonly Index[] {
  return layout.map(({ axis, divide = 1, modulo }) =>
    modulo === undefined ? floorDiv(add(shape[axis]!, divide - 1), divide) : constant(modulo),
  );
}

export function physicalIndex(layout: Layout, index: readonly Index[]): readonly Index[] {
  return layout.map(({ axis, divide = 1, modulo }) => {
    const quotient = floorDiv(index[axis]!, divide);
    return modulo === undefined ? quotient : mod(quotient, modulo);
  });
}

/** Channels (axis 1) in groups of `lanes`, innermost: NCHWc for convolutions of any rank. */
export function channelBlocked(rank: number, lanes: number): Layout {
  const axes = Array.from({ length: rank }, (_, axis): LayoutAxis => ({ axis }));
  return [
    ...axes.map((axis) => (axis.axis === 1 ? { axis: 1, divide: lanes } : axis)),
    { axis: 1, modulo: lanes },
  ];
}

/** The same text for equal layouts. */
export function layoutKey(layout: Layout | undefined): string {
  if (layout === undefined) return 'rows';
  return layout
    .map(
      ({ axis, divide = 1, modulo }) =>
        `${axis}/${divide}${modulo === undefined ? '' : `%${modulo}`}`,
    )
    .join(' ');
}
