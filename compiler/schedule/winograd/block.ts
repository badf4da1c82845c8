/**
 * A block of output tiles, which passes through all stages of Winograd's algorithm before the next: how many there are,
 * where each starts, and the loops over its planes, tiles and summed channels.
 */
import type { Index } from '../../loop/indexExpr.ts';
import { add, constant, floorDiv, mod, multiply, variable, ZERO } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { loop } from '../../loop/ir.ts';
import type { Names } from '../transform/names.ts';
import type { Convolution, LoopAxis } from './match.ts';
import type { TileSize } from './transforms.ts';
import { domainOf, TAPS } from './transforms.ts';

/** Output tiles that pass through all stages together: `rows` x `columns` of them, each `tile` x `tile`. */
export interface Blocking {
  readonly tile: TileSize;
  readonly rows: number;
  readonly columns: number;
  /** Planes (of the innermost loop around rows) that go together; they divide its extent. Default 1. */
  readonly planes?: number;
}

export type LoopOver = readonly [variable: string, extent: Index];

/** The summed loops of a stage, under names of its own. */
export interface SummedLoops {
  readonly axes: readonly LoopAxis[];
  /** Position along them in memory, where channels lie innermost. */
  readonly index: Index;
  /** By the names that the convolution has. */
  readonly indices: ReadonlyMap<string, Index>;
}

export class Block {
  /** Points of the domain along an axis. */
  readonly domain: number;
  /** Elements that a product of the domain sums. */
  readonly depth: number;
  readonly planes: number;
  readonly tiles: number;
  /** Outputs along rows and columns. */
  readonly height: number;
  readonly width: number;
  /** The innermost loop around rows: planes of a block are consecutive in it. */
  readonly plane: LoopAxis;
  /** Of outer loops, open ones too, row and column: what they start from in this block. */
  readonly starts: ReadonlyMap<string, Index>;
  /** Bindings that `starts` needs. */
  readonly bound: readonly Stmt[];
  /** The loop over blocks: those of one image, times as many images as a run finds where the batch is open. */
  readonly over: LoopOver;
  private readonly count: number;

  constructor(
    readonly conv: Convolution,
    readonly blocking: Blocking,
    readonly names: Names,
  ) {
    const { tile, rows, columns, planes = 1 } = blocking;
    this.domain = domainOf(tile);
    this.depth = conv.summed.reduce((product, { extent }) => product * extent, 1);
    this.plane = conv.outer.at(-1) ?? { variable: '', extent: 1 };
    this.planes = this.plane.extent % planes === 0 ? planes : 1;
    this.tiles = this.planes * rows * columns;
    this.height = rows * tile;
    this.width = columns * tile;
    const digits = this.digits();
    this.count = digits.reduce((product, { extent }) => product * extent, 1);
    const { open } = conv;
    const count = open === undefined ? constant(this.count) : multiply(open.extent, this.count);
    this.over = [names.fresh('block'), count];
    const starts = new Map<string, Index>();
    const bound: Stmt[] = [];
    let inner = this.count;
    if (open !== undefined) {
      const image = floorDiv(variable(this.over[0]), inner);
      starts.set(open.variable, this.named(open.variable, image, bound));
    }
    for (const { variable: name, extent, step } of digits) {
      inner /= extent;
      starts.set(name, multiply(this.digit({ variable: name, extent }, inner, bound), step));
    }
    this.starts = starts;
    this.bound = bound;
  }

  /** What a block's number is made of, and how far apart blocks are along it. */
  private digits(): readonly (LoopAxis & { readonly step: number })[] {
    const { row, column, outer } = this.conv;
    return [
      ...outer.map((axis) => {
        const step = axis === this.plane ? this.planes : 1;
        return { ...axis, extent: axis.extent / step, step };
      }),
      { ...row, extent: Math.ceil(row.extent / this.height), step: this.height },
      { ...column, extent: Math.ceil(column.extent / this.width), step: this.width },
    ];
  }

  private digit({ variable: name, extent }: LoopAxis, inner: number, bound: Stmt[]): Index {
    if (extent === 1) return ZERO;
    const quotient = floorDiv(variable(this.over[0]), inner);
    const isFirst = extent * inner === this.count && this.conv.open === undefined;
    return this.named(name, isFirst ? quotient : mod(quotient, extent), bound);
  }

  private named(name: string, value: Index, bound: Stmt[]): Index {
    if (value.kind === 'variable') return value;
    const own = this.names.fresh(name);
    bound.push({ kind: 'letIndex', name: own, value });
    return variable(own);
  }

  /** Where a stage's row and column are in the whole output. */
  at(row: string, column: string): readonly [row: Index, column: Index] {
    const from = (axis: LoopAxis): Index => this.starts.get(axis.variable)!;
    return [add(from(this.conv.row), variable(row)), add(from(this.conv.column), variable(column))];
  }

  /** Rows and columns of inputs under the tiles of a plane. */
  get inputs(): readonly [rows: number, columns: number] {
    return [this.height + TAPS - 1, this.width + TAPS - 1];
  }

  fresh(axis: LoopAxis): LoopAxis {
    return { ...axis, variable: this.names.fresh(axis.variable) };
  }

  summed(): SummedLoops {
    const { summed } = this.conv;
    const axes = summed.map((axis) => this.fresh(axis));
    const index = channelsInside(axes).reduce<Index>(
      (sum, { variable: name, extent }) => add(multiply(sum, extent), variable(name)),
      ZERO,
    );
    const indices = new Map(
      summed.map((axis, at) => [axis.variable, variable(axes[at]!.variable)] as const),
    );
    return { axes, index, indices };
  }

  planeLoop(): LoopOver {
    return [this.names.fresh('plane'), constant(this.planes)];
  }

  /** Adds the plane of a block to where its outer loop starts. */
  inPlane(places: Map<string, Index>, plane: string): void {
    const start = this.starts.get(this.plane.variable);
    if (start !== undefined) places.set(this.plane.variable, add(start, variable(plane)));
  }

  /** Plane, row and column of a tile, and one loop inside. */
  tileLoops(last: number): readonly [LoopOver, LoopOver, LoopOver, LoopOver] {
    const { rows, columns } = this.blocking;
    return [
      this.planeLoop(),
      [this.names.fresh('tileRow'), constant(rows)],
      [this.names.fresh('tileColumn'), constant(columns)],
      [this.names.fresh('channel'), constant(last)],
    ];
  }

  tileIndex(plane: string, row: string, column: string): Index {
    const { rows, columns } = this.blocking;
    const line = add(multiply(variable(plane), rows), variable(row));
    return add(multiply(line, columns), variable(column));
  }
}

export function channelsInside(summed: readonly LoopAxis[]): readonly LoopAxis[] {
  return [...summed.slice(1), summed[0]!];
}

export function loopOver({ variable: name, extent }: LoopAxis): LoopOver {
  return [name, constant(extent)];
}

export function rowMajor(row: Index, extent: number, column: string): Index {
  return add(multiply(row, extent), variable(column));
}

/** Independent loops around a body. */
export function nestOf(loops: readonly LoopOver[], body: readonly Stmt[]): Stmt {
  const [nest] = loops.reduceRight<readonly Stmt[]>(
    (inner, [name, extent]) => [loop(name, extent, inner, 'parallel')],
    body,
  );
  return nest!;
}
