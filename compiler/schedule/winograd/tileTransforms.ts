/**
 * The transforms of tiles as nests: inputs into Winograd's domain, and products back from it. Both take a square apart into
 * values, transform its columns, then its rows.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { load, read } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { add, constant, multiply, variable } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { store } from '../../loop/ir.ts';
import type { Block } from './block.ts';
import { nestOf, rowMajor } from './block.ts';
import type { Bind } from './transforms.ts';
import { inputTransform, outputTransform } from './transforms.ts';

/** From the patch, [plane and row, column, channel], into the domain, [point, tile and channel]. */
export function transformInputs(block: Block, patch: Buffer, inputs: Buffer): Stmt {
  const [inputRows] = block.inputs;
  return transformNest(block, block.depth, inputRows, 'd', inputTransform, (tile) => ({
    from: (i, j) => load(patch, [add(tile.row, i), add(tile.column, j), variable(tile.channel)]),
    to: (i, j, value) => store(inputs, tile.inDomain(i, j), value),
  }));
}

/** From the domain into sums, [plane and row, column, channel]. */
export function transformOutputs(block: Block, products: Buffer, sums: Buffer): Stmt {
  const { channel } = block.conv;
  return transformNest(block, channel.extent, block.height, 'm', outputTransform, (tile) => ({
    from: (i, j) => load(products, tile.inDomain(i, j)),
    to: (i, j, value) =>
      store(sums, [add(tile.row, i), add(tile.column, j), variable(tile.channel)], value),
  }));
}

/** Where a tile and a channel of it are. */
interface TilePlace {
  readonly row: Index;
  readonly column: Index;
  readonly channel: string;
  readonly inDomain: (i: number, j: number) => readonly Index[];
}

interface TileAccess {
  readonly from: (i: number, j: number) => Expr;
  readonly to: (i: number, j: number, value: Expr) => Stmt;
}

/**
 * @param height rows of a plane, in the memory that is no domain.
 * @param stem of the values' names.
 */
function transformNest(
  block: Block,
  channels: number,
  height: number,
  stem: string,
  transform: typeof inputTransform,
  accessOf: (tile: TilePlace) => TileAccess,
): Stmt {
  const { domain, blocking, names } = block;
  const { tile } = blocking;
  const [p, r, c, k] = block.tileLoops(channels);
  const stmts: Stmt[] = [];
  const bind: Bind = (value) => {
    const name = names.fresh(stem);
    stmts.push({ kind: 'let', name, value });
    return read(name, 'f32');
  };
  const tileAt = block.tileIndex(p[0], r[0], c[0]);
  const { from, to } = accessOf({
    row: add(multiply(variable(p[0]), height), multiply(variable(r[0]), tile)),
    column: multiply(variable(c[0]), tile),
    channel: k[0],
    inDomain: (i, j) => [constant(i * domain + j), rowMajor(tileAt, channels, k[0])],
  });
  const square = Array.from({ length: domain }, (_, i) =>
    Array.from({ length: domain }, (_, j) => bind(from(i, j))),
  );
  const half = transposed(transposed(square).map((column) => transform(tile, column, bind)));
  half.forEach((line, i) => {
    transform(tile, line, bind).forEach((value, j) => stmts.push(to(i, j, value)));
  });
  return nestOf([p, r, c, k], stmts);
}

function transposed<T>(square: readonly (readonly T[])[]): readonly (readonly T[])[] {
  return square[0]!.map((_, j) => square.map((line) => line[j]!));
}
