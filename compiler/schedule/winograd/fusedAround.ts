/**
 * The outer stages of Winograd's algorithm, where the nest's own statements run: what is fused before the convolution finds
 * the inputs of a block, and what is fused behind it makes outputs of its sums.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { binary, compareIndex, literal, load, read } from '../../loop/expr.ts';
import type { IndexCondition } from '../../loop/indexExpr.ts';
import { add, constant, less, multiply, variable, ZERO } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { branch, store } from '../../loop/ir.ts';
import { copyBody } from '../transform/rewrite.ts';
import type { Block, LoopOver } from './block.ts';
import { loopOver, nestOf } from './block.ts';
import { TAPS } from './transforms.ts';

/** Inputs under the tiles of the block, zero in the padding and beyond the last tile's outputs. */
export function gatherInputs(block: Block, patch: Buffer): Stmt {
  const { names, starts } = block;
  const { row, column, input, value, atRow, atColumn } = block.conv;
  const { axes, index, indices } = block.summed();
  const [height, width] = block.inputs;
  const plane = block.planeLoop();
  const [r, c] = [names.fresh(row.variable), names.fresh(column.variable)];
  const [rowAt, columnAt] = block.at(r, c);
  const places = new Map([...starts, ...indices, [atRow, rowAt], [atColumn, columnAt]]);
  block.inPlane(places, plane[0]);
  const found = names.fresh('input');
  const assigned: Stmt = { kind: 'assign', name: found, value };
  const inside = copyBody([...input, assigned], names, { indices: places });
  return nestOf(
    [...axes.map(loopOver), plane, [r, constant(height)], [c, constant(width)]],
    [
      { kind: 'variable', name: found, initial: literal('f32', 0) },
      ...where(
        [less(rowAt, row.extent + TAPS - 1), less(columnAt, column.extent + TAPS - 1)],
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

/** The nest as it was, over the outputs of the block, its sum read instead of made. */
export function finishOutputs(block: Block, sums: Buffer): Stmt {
  const { names, height, width } = block;
  const { levels, row, column, channel, sum, before, after, outer } = block.conv;
  const [r, c, m] = [row, column, channel].map(({ variable: name }) => names.fresh(name)) as [
    string,
    string,
    string,
  ];
  const [rowAt, columnAt] = block.at(r, c);
  const places = new Map(block.starts).set(row.variable, rowAt).set(column.variable, columnAt);
  places.set(channel.variable, variable(m));
  const plane = block.planeLoop();
  block.inPlane(places, plane[0]);
  const loops: Readonly<Record<string, LoopOver>> = {
    [block.plane.variable]: plane,
    [row.variable]: [r, constant(Math.min(height, row.extent))],
    [column.variable]: [c, constant(Math.min(width, column.extent))],
    [channel.variable]: [m, constant(channel.extent)],
  };
  const planeAt = outer.length === 0 ? ZERO : variable(plane[0]);
  const sumRow = add(multiply(planeAt, height), variable(r));
  const made = load(sums, [sumRow, variable(c), variable(m)]);
  const initial: Expr = isZero(sum.initial) ? made : binary('add', sum.initial, made);
  const bindings = levels.filter(({ kind }) => kind !== 'for');
  const point = copyBody([...bindings, ...before, { ...sum, initial }, ...after], names, {
    indices: places,
  });
  const open = [
    ...(row.extent % height === 0 ? [] : [less(rowAt, row.extent)]),
    ...(column.extent % width === 0 ? [] : [less(columnAt, column.extent)]),
  ];
  const order = levels.flatMap((level) => {
    const found = level.kind === 'for' ? loops[level.variable] : undefined;
    return found ? [found] : [];
  });
  return nestOf(order, where(open, point));
}

/** Where all conditions hold; no conditions: everywhere. */
function where(conditions: readonly IndexCondition[], body: readonly Stmt[]): readonly Stmt[] {
  if (conditions.length === 0) return body;
  const all = conditions.map((part): Expr => compareIndex(part));
  return [
    branch(
      all.reduce((a, b) => binary('and', a, b)),
      body,
    ),
  ];
}

function isZero(expr: Expr): boolean {
  return expr.kind === 'literal' && expr.value === 0;
}
