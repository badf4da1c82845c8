/**
 * A convolution as the stages of Winograd's algorithm, for one block of output tiles after the other: inputs are
 * gathered (padding and what is fused before it included), transformed, multiplied point by point of the domain,
 * transformed back, and what is fused behind it writes the outputs. What passes between the stages stays in the
 * second cache.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { binary, compareIndex, literal, load, read } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import {
  add,
  constant,
  floorDiv,
  less,
  mod,
  multiply,
  variable,
  ZERO,
} from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { branch, localBuffer, loop, store } from '../../loop/ir.ts';
import type { Names } from '../transform/names.ts';
import { copyBody } from '../transform/rewrite.ts';
import type { Convolution, LoopAxis } from './match.ts';
import type { TileSize } from './transforms.ts';
import { domainOf, inputTransform, outputTransform, TAPS } from './transforms.ts';

/** Output tiles that pass through all stages together: `rows` x `columns` of them, each `tile` x `tile`. */
export interface Blocking {
  readonly tile: TileSize;
  readonly rows: number;
  readonly columns: number;
  /** Planes (of the innermost loop around rows) that go together; they divide its extent. Default 1. */
  readonly planes?: number;
}

export interface Stages {
  readonly body: readonly Stmt[];
  /** The loop over blocks; `undefined` where there is one block, whose stages stand in the list themselves. */
  readonly outer: string | undefined;
}

export function stagesOf(
  conv: Convolution,
  blocking: Blocking,
  filter: Buffer,
  names: Names,
): Stages {
  return new Builder(conv, blocking, filter, names).run();
}

class Builder {
  private readonly domain: number;
  private readonly depth: number;
  private readonly tiles: number;
  private readonly planes: number;
  /** The innermost loop around rows: planes of a block are consecutive in it. */
  private readonly plane: LoopAxis;
  /** Of outer loops, row and column: what they start from in this block. */
  private readonly starts = new Map<string, Index>();

  constructor(
    private readonly conv: Convolution,
    private readonly blocking: Blocking,
    private readonly filter: Buffer,
    private readonly names: Names,
  ) {
    this.domain = domainOf(blocking.tile);
    this.depth = conv.summed.reduce((product, { extent }) => product * extent, 1);
    this.plane = conv.outer.at(-1) ?? { variable: '', extent: 1 };
    const { planes = 1 } = blocking;
    this.planes = this.plane.extent % planes === 0 ? planes : 1;
    this.tiles = this.planes * blocking.rows * blocking.columns;
  }

  run(): Stages {
    const { tile, rows, columns } = this.blocking;
    const { row, column, outer } = this.conv;
    const digits: (LoopAxis & { readonly step: number })[] = [
      ...outer.map((axis) => {
        const step = axis === this.plane ? this.planes : 1;
        return { ...axis, extent: axis.extent / step, step };
      }),
      { ...row, extent: Math.ceil(row.extent / (rows * tile)), step: rows * tile },
      { ...column, extent: Math.ceil(column.extent / (columns * tile)), step: columns * tile },
    ];
    const count = digits.reduce((product, { extent }) => product * extent, 1);
    const block = this.names.fresh('block');
    const bound: Stmt[] = [];
    let inner = count;
    for (const { variable: name, extent, step } of digits) {
      inner /= extent;
      this.starts.set(name, multiply(this.digit(block, extent, inner, count, name, bound), step));
    }
    const stages = this.stages();
    if (count === 1) return { body: stages, outer: undefined };
    return {
      body: [loop(block, constant(count), [...bound, ...stages], 'parallel')],
      outer: block,
    };
  }

  private digit(
    block: string,
    extent: number,
    inner: number,
    count: number,
    name: string,
    bound: Stmt[],
  ): Index {
    if (extent === 1) return ZERO;
    const quotient = floorDiv(variable(block), inner);
    const value = extent * inner === count ? quotient : mod(quotient, extent);
    if (value.kind === 'variable') return value;
    const own = this.names.fresh(name);
    bound.push({ kind: 'letIndex', name: own, value });
    return variable(own);
  }

  private stages(): readonly Stmt[] {
    const { tile, rows, columns } = this.blocking;
    const points = this.domain * this.domain;
    const channels = this.conv.channel.extent;
    const local = (name: string, shape: readonly number[]): Buffer =>
      localBuffer(this.names.fresh(name), 'f32', shape.map(constant));
    const [height, width] = [rows * tile, columns * tile];
    const around = this.planes * (height + TAPS - 1);
    const patch = local('patch', [around, width + TAPS - 1, this.depth]);
    const inputs = local('domain', [points, apart(this.tiles * this.depth)]);
    const products = local('products', [points, apart(this.tiles * channels)]);
    const sums = local('sums', [this.planes * height, width, channels]);
    return [
      { kind: 'local', buffer: patch },
      this.gather(patch),
      { kind: 'local', buffer: inputs },
      this.transformInputs(patch, inputs),
      { kind: 'local', buffer: products },
      this.multiply(inputs, products),
      { kind: 'local', buffer: sums },
      this.transformOutputs(products, sums),
      this.finish(sums),
    ];
  }

  private fresh(axis: LoopAxis): LoopAxis {
    return { ...axis, variable: this.names.fresh(axis.variable) };
  }

  /** Position along the summed loops, and loops of new names for them. */
  private summed(): {
    readonly axes: readonly LoopAxis[];
    readonly index: Index;
    readonly indices: ReadonlyMap<string, Index>;
  } {
    const { summed } = this.conv;
    // Channels lie innermost.
    const axes = summed.map((axis) => this.fresh(axis));
    const order = [...axes.slice(1), axes[0]!];
    const index = order.reduce<Index>(
      (sum, { variable: name, extent }) => add(multiply(sum, extent), variable(name)),
      ZERO,
    );
    const indices = new Map(
      summed.map((axis, at) => [axis.variable, variable(axes[at]!.variable)] as const),
    );
    return { axes, index, indices };
  }

  /** Inputs under the tiles of the block, zero in the padding and beyond the last tile's outputs. */
  private gather(patch: Buffer): Stmt {
    const { row, column, input, value, atRow, atColumn, outer } = this.conv;
    const { axes, index, indices } = this.summed();
    const height = this.blocking.rows * this.blocking.tile + TAPS - 1;
    const plane = this.planeLoop();
    const [r, c] = [this.names.fresh(row.variable), this.names.fresh(column.variable)];
    const rowAt = add(this.starts.get(row.variable)!, variable(r));
    const columnAt = add(this.starts.get(column.variable)!, variable(c));
    const places = new Map([...indices, [atRow, rowAt], [atColumn, columnAt]]);
    for (const { variable: name } of outer) places.set(name, this.starts.get(name)!);
    this.inPlane(places, plane[0]);
    const found = this.names.fresh('input');
    const assigned: Stmt = { kind: 'assign', name: found, value };
    const inside = copyBody([...input, assigned], this.names, { indices: places });
    const conditions = [
      less(rowAt, row.extent + TAPS - 1),
      less(columnAt, column.extent + TAPS - 1),
    ].map(compareIndex);
    return nestOf(
      [...axes.map(loopOf), plane, [r, constant(height)], [c, patch.shape[1]!]],
      [
        { kind: 'variable', name: found, initial: literal('f32', 0) },
        branch(
          conditions.reduce((a, b) => binary('and', a, b)),
          inside,
        ),
        store(
          patch,
          [add(multiply(variable(plane[0]), height), variable(r)), variable(c), index],
          read(found, 'f32'),
        ),
      ],
    );
  }

  private transformInputs(patch: Buffer, inputs: Buffer): Stmt {
    const { tile } = this.blocking;
    const [p, r, c, k] = this.tileLoops(constant(this.depth));
    const stmts: Stmt[] = [];
    const bind = this.binder(stmts, 'd');
    const height = this.blocking.rows * tile + TAPS - 1;
    const first = add(multiply(variable(p[0]), height), multiply(variable(r[0]), tile));
    const left = multiply(variable(c[0]), tile);
    const tileAt = this.tileIndex(p[0], r[0], c[0]);
    const square = Array.from({ length: this.domain }, (_, i) =>
      Array.from({ length: this.domain }, (_, j) =>
        bind(load(patch, [add(first, i), add(left, j), variable(k[0])])),
      ),
    );
    const half = transposed(transposed(square).map((column) => inputTransform(tile, column, bind)));
    half.forEach((line, i) => {
      inputTransform(tile, line, bind).forEach((value, j) => {
        const point = constant(i * this.domain + j);
        stmts.push(store(inputs, [point, rowMajor(tileAt, this.depth, k[0])], value));
      });
    });
    return nestOf([p, r, c, k], stmts);
  }

  /** A product of matrices for each point of the domain. */
  private multiply(inputs: Buffer, products: Buffer): Stmt {
    const { channel, filterIndices } = this.conv;
    const { axes, index, indices } = this.summed();
    const own = this.fresh(channel);
    const [i, j, t] = ['point', 'point', 'tile'].map((name) => this.names.fresh(name)) as [
      string,
      string,
      string,
    ];
    const point = add(multiply(variable(i), this.domain), variable(j));
    const places = new Map([...indices, [channel.variable, variable(own.variable)]]);
    const filterAt = filterIndices.map((of) =>
      of.kind === 'variable' ? (places.get(of.name) ?? of) : of,
    );
    const sum = this.names.fresh('sum');
    const a = load(inputs, [point, add(multiply(variable(t), this.depth), index)]);
    const b = load(this.filter, [...filterAt, variable(i), variable(j)]);
    const product: Stmt = {
      kind: 'assign',
      name: sum,
      value: binary('add', read(sum, 'f32'), binary('mul', a, b)),
    };
    const order = [...axes.slice(1), axes[0]!];
    const domain = constant(this.domain);
    return nestOf(
      [[i, domain], [j, domain], [t, constant(this.tiles)], loopOf(own)],
      [
        { kind: 'variable', name: sum, initial: literal('f32', 0) },
        order.reduceRight<Stmt>(
          (inner, axis) => loop(axis.variable, constant(axis.extent), [inner]),
          product,
        ),
        store(products, [point, rowMajor(variable(t), own.extent, own.variable)], read(sum, 'f32')),
      ],
    );
  }

  private transformOutputs(products: Buffer, sums: Buffer): Stmt {
    const { tile } = this.blocking;
    const [p, r, c, m] = this.tileLoops(constant(this.conv.channel.extent));
    const stmts: Stmt[] = [];
    const bind = this.binder(stmts, 'm');
    const height = this.blocking.rows * tile;
    const first = add(multiply(variable(p[0]), height), multiply(variable(r[0]), tile));
    const left = multiply(variable(c[0]), tile);
    const tileAt = this.tileIndex(p[0], r[0], c[0]);
    const square = Array.from({ length: this.domain }, (_, i) =>
      Array.from({ length: this.domain }, (_, j) => {
        const point = constant(i * this.domain + j);
        return bind(load(products, [point, rowMajor(tileAt, this.conv.channel.extent, m[0])]));
      }),
    );
    const half = transposed(
      transposed(square).map((column) => outputTransform(tile, column, bind)),
    );
    half.forEach((line, i) => {
      outputTransform(tile, line, bind).forEach((value, j) => {
        stmts.push(store(sums, [add(first, i), add(left, j), variable(m[0])], value));
      });
    });
    return nestOf([p, r, c, m], stmts);
  }

  /** The nest as it was, over the outputs of the block, its sum read instead of made. */
  private finish(sums: Buffer): Stmt {
    const { levels, row, column, channel, sum, before, after } = this.conv;
    const { tile, rows, columns } = this.blocking;
    const [r, c, m] = [row, column, channel].map(({ variable: name }) =>
      this.names.fresh(name),
    ) as [string, string, string];
    const rowAt = add(this.starts.get(row.variable)!, variable(r));
    const columnAt = add(this.starts.get(column.variable)!, variable(c));
    const places = new Map(this.starts).set(row.variable, rowAt).set(column.variable, columnAt);
    places.set(channel.variable, variable(m));
    const plane = this.planeLoop();
    this.inPlane(places, plane[0]);
    const loops: Readonly<Record<string, readonly [string, number]>> = {
      [this.plane.variable]: [plane[0], this.planes],
      [row.variable]: [r, Math.min(rows * tile, row.extent)],
      [column.variable]: [c, Math.min(columns * tile, column.extent)],
      [channel.variable]: [m, channel.extent],
    };
    const planeAt = this.conv.outer.length === 0 ? ZERO : variable(plane[0]);
    const sumRow = add(multiply(planeAt, rows * tile), variable(r));
    const made = load(sums, [sumRow, variable(c), variable(m)]);
    const initial: Expr = isZero(sum.initial) ? made : binary('add', sum.initial, made);
    const bindings = levels.filter(({ kind }) => kind !== 'for');
    const point = copyBody([...bindings, ...before, { ...sum, initial }, ...after], this.names, {
      indices: places,
    });
    const open = [
      ...(row.extent % (rows * tile) === 0 ? [] : [less(rowAt, row.extent)]),
      ...(column.extent % (columns * tile) === 0 ? [] : [less(columnAt, column.extent)]),
    ].map(compareIndex);
    const order = levels.flatMap((level): [string, Index][] => {
      const found = level.kind === 'for' ? loops[level.variable] : undefined;
      return found ? [[found[0], constant(found[1])]] : [];
    });
    const body =
      open.length === 0
        ? point
        : [
            branch(
              open.reduce((a, b) => binary('and', a, b)),
              point,
            ),
          ];
    return nestOf(order, body);
  }

  private planeLoop(): Loops {
    return [this.names.fresh('plane'), constant(this.planes)];
  }

  /** Adds the plane of a block to where its outer loop starts. */
  private inPlane(places: Map<string, Index>, plane: string): void {
    const start = this.starts.get(this.plane.variable);
    if (start !== undefined) places.set(this.plane.variable, add(start, variable(plane)));
  }

  private tileLoops(last: Index): readonly [Loops, Loops, Loops, Loops] {
    const { rows, columns } = this.blocking;
    return [
      this.planeLoop(),
      [this.names.fresh('tileRow'), constant(rows)],
      [this.names.fresh('tileColumn'), constant(columns)],
      [this.names.fresh('channel'), last],
    ];
  }

  private tileIndex(plane: string, row: string, column: string): Index {
    const { rows, columns } = this.blocking;
    const line = add(multiply(variable(plane), rows), variable(row));
    return add(multiply(line, columns), variable(column));
  }

  private binder(stmts: Stmt[], stem: string) {
    return (value: Expr): Expr => {
      const name = this.names.fresh(stem);
      stmts.push({ kind: 'let', name, value });
      return read(name, 'f32');
    };
  }
}

type Loops = readonly [variable: string, extent: Index];

function loopOf({ variable: name, extent }: LoopAxis): Loops {
  return [name, constant(extent)];
}

function rowMajor(row: Index, extent: number, column: string): Index {
  return add(multiply(row, extent), variable(column));
}

/** Elements of one point of the domain: all points of a tile are touched in turn, and must not share sets of a cache. */
function apart(elements: number): number {
  return elements % 256 === 0 ? elements + 16 : elements;
}

/** Independent loops around a body. */
function nestOf(loops: readonly Loops[], body: readonly Stmt[]): Stmt {
  const [nest] = loops.reduceRight<readonly Stmt[]>(
    (inner, [name, extent]) => [loop(name, extent, inner, 'parallel')],
    body,
  );
  return nest!;
}

function transposed<T>(square: readonly (readonly T[])[]): readonly (readonly T[])[] {
  return square[0]!.map((_, j) => square.map((line) => line[j]!));
}

function isZero(expr: Expr): boolean {
  return expr.kind === 'literal' && expr.value === 0;
}
