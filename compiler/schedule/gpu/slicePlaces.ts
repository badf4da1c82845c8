/**
 * Who copies what of a slice of a product's operand: every item of a team the same number of runs, neighbouring items
 * neighbouring runs. A run is one element, or a vector along the reduction or along the operand's own axes.
 */
import type { Index, IndexCondition } from '../../loop/indexExpr.ts';
import { add, constant, floorDiv, less, mod, multiply } from '../../loop/indexExpr.ts';
import type { Writer } from './writer.ts';

export interface SliceShape {
  /** Steps of the reduction. */
  readonly depth: number;
  /** Rows or columns. */
  readonly size: number;
  /** Items that copy it. */
  readonly items: number;
  /** The direction in which neighbouring items copy neighbours. */
  readonly along: 'own' | 'depth';
  /** Elements of a run in that direction, which divide its length. */
  readonly width: number;
}

/** Where a run starts. */
export interface SlicePlace {
  /** Step of the reduction. */
  readonly depth: Index;
  /** Row or column. */
  readonly own: Index;
  /** The run is none of the slice where one of these does not hold. */
  readonly inside: readonly IndexCondition[];
}

/** Runs that one item copies at most. */
export function runsOf({ depth, size, items, width }: SliceShape): number {
  return Math.ceil((depth * size) / (items * width));
}

/** Of one item, in the order of its registers. */
export function slicePlaces(writer: Writer, item: Index, slice: SliceShape): readonly SlicePlace[] {
  const { items, along, width } = slice;
  const isAlongDepth = along === 'depth';
  const fast = (isAlongDepth ? slice.depth : slice.size) / width;
  const slow = isAlongDepth ? slice.size : slice.depth;
  const runs = Array.from({ length: runsOf(slice) }, (_, run) => run);
  const place = (across: Index, down: Index, inside: readonly IndexCondition[]): SlicePlace => {
    const start = multiply(across, width);
    return isAlongDepth ? { depth: start, own: down, inside } : { depth: down, own: start, inside };
  };
  if (fast % items === 0) {
    const perLine = fast / items;
    return runs.map((run) =>
      place(add(item, (run % perLine) * items), constant(Math.floor(run / perLine)), []),
    );
  }
  if (items % fast === 0) {
    const across = writer.index('s', mod(item, fast));
    const down = writer.index('k', floorDiv(item, fast));
    return runs.map((run) => {
      const line = add(down, run * (items / fast));
      return place(across, line, writer.open([less(line, slow)]) ?? []);
    });
  }
  // Neither divides the other: counted through.
  return runs.map((run) => {
    const flat = add(item, run * items);
    const across = writer.index('s', mod(flat, fast));
    const down = writer.index('k', floorDiv(flat, fast));
    return place(across, down, writer.open([less(flat, fast * slow)]) ?? []);
  });
}
