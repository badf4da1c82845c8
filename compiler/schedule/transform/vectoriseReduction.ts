/**
 * Reductions along a row as vectors of partial results: sums, products, extrema, dot products.
 */
import type { Expr } from '../../loop/expr.ts';
import { binary, literal, read, reduceLanes } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { add, multiply, substitute, variable, ZERO } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { loop as loopOf } from '../../loop/ir.ts';
import { polyConstant } from '../../loop/polynomial.ts';
import type { ScalarType } from '../../loop/scalarType.ts';
import { integerRange, isFloat } from '../../loop/scalarType.ts';
import { simplifyBody } from '../../loop/simplify.ts';
import type { Accumulating } from './accumulation.ts';
import { accumulatorsOf } from './accumulation.ts';
import { jam } from './jam.ts';
import type { Piece } from './pieces.ts';
import { piecesOf } from './pieces.ts';
import type { Loop, Place } from './place.ts';
import { Refused } from './place.ts';
import type { PerfectNest } from './reorder.ts';
import { perfectNest } from './reorder.ts';
import { copyBody, mapBody } from './rewrite.ts';

/**
 * A nest of loops that only accumulate (add, mul, min, max), with `lanes` partial results in each of up to
 * `accumulators` vectors along one of the loops (`along`, default: the innermost), combined after it.
 * Reassociates. Replaces the nest; the accumulating variables keep their names.
 */
export function vectoriseReduction(
  loop: Loop,
  lanes: number,
  place: Place,
  accumulators = 1,
  along?: string,
): readonly Stmt[] {
  const nest = perfectNest(loop, place);
  const name = along ?? nest.loops.at(-1)!.variable;
  const rows = nest.loops.find((other) => other.variable === name);
  if (rows === undefined) throw new Refused(`no loop over ${name} in the nest`);
  if (nest.loops.some(({ extent }) => extent.kind !== 'constant')) {
    throw new Refused('the extents of the reduction are not constant');
  }
  const found = accumulatorsOf(nest.body);
  if (found === undefined || found.size === 0)
    throw new Refused('the loop does more than accumulate');
  const types = typesOf(nest.body, found);
  const steps = Math.floor((rows.extent as { readonly value: number }).value / lanes);
  let points = Math.max(1, accumulators);
  while (points > 1 && steps % points !== 0) points--;
  const pieces = piecesOf(ZERO, rows.extent, { points, lanes }, place.facts);
  return place.names.replacing([loop], () =>
    pieces.flatMap((piece) => reducePiece(nest, rows, piece, types, place)),
  );
}

interface Accumulator {
  readonly name: string;
  readonly op: Accumulating;
  readonly type: ScalarType;
}

function typesOf(
  body: readonly Stmt[],
  found: ReadonlyMap<string, Accumulating>,
): readonly Accumulator[] {
  const types = new Map<string, ScalarType>();
  const visit = (stmts: readonly Stmt[]): void => {
    for (const stmt of stmts) {
      if (stmt.kind === 'assign') {
        if (stmt.value.lanes > 1) throw new Refused(`${stmt.name} is a vector already`);
        types.set(stmt.name, stmt.value.type);
      }
      if (stmt.kind === 'if') [stmt.then, stmt.otherwise].forEach(visit);
      if (stmt.kind === 'for') visit(stmt.body);
    }
  };
  visit(body);
  return [...found].map(([name, op]) => ({ name, op, type: types.get(name)! }));
}

/** Partial results of one piece, in variables of their own, then combined into the accumulators. */
function reducePiece(
  { loops, body }: PerfectNest,
  rows: Loop,
  piece: Piece,
  accumulators: readonly Accumulator[],
  { facts: outer, names }: Place,
): readonly Stmt[] {
  const { points, lanes } = piece;
  const [point, lane] = ['reduction.point', 'reduction.lane'];
  let facts = outer;
  if (points > 1) facts = facts.within(point, polyConstant(points));
  if (lanes > 1) facts = facts.within(lane, polyConstant(lanes));
  let at: Index = add(multiply(variable(rows.variable), points * lanes), piece.start);
  if (points > 1) at = add(at, multiply(variable(point), lanes));
  if (lanes > 1) at = add(at, variable(lane));
  const partial = points * lanes > 1;
  const own = accumulators.map(({ name }) => (partial ? `${name}v` : name));
  const reads = new Map(
    accumulators.map(({ name, type }, i): [string, Expr] => [name, read(own[i]!, type)]),
  );
  const nest = loops.reduceRight<readonly Stmt[]>(
    (inner, loop) => [loopOf(loop.variable, loop === rows ? piece.count : loop.extent, inner)],
    copyAccumulation(body, new Map([[rows.variable, at]]), reads),
  );
  if (!partial) return simplifyBody(copyBody(nest, names), facts);
  const initial = accumulators.map(({ op, type }, i): Stmt => ({
    kind: 'variable',
    name: own[i]!,
    initial: identity(op, type),
  }));
  const simple = simplifyBody(copyBody([...initial, ...nest], names), facts);
  const jammed = names.replacing(simple, () =>
    jam(
      simple,
      points > 1 ? [{ variable: point, extent: points }] : [],
      lanes > 1 ? { variable: lane, lanes } : undefined,
      { facts, names },
    ),
  );
  return [...jammed, ...combined(jammed, accumulators, points, lanes)];
}

/** The body with other accumulators; its own names are made new with the whole nest. */
function copyAccumulation(
  body: readonly Stmt[],
  indices: ReadonlyMap<string, Index>,
  reads: ReadonlyMap<string, Expr>,
): readonly Stmt[] {
  return mapBody(body, {
    index: (index) => substitute(index, (name) => indices.get(name)),
    read: (expr) => reads.get(expr.name) ?? expr,
  }).map((stmt) => renameAssigned(stmt, reads));
}

function renameAssigned(stmt: Stmt, reads: ReadonlyMap<string, Expr>): Stmt {
  if (stmt.kind === 'assign') {
    const target = reads.get(stmt.name);
    return target?.kind === 'read' ? { ...stmt, name: target.name } : stmt;
  }
  if (stmt.kind === 'for') {
    return { ...stmt, body: stmt.body.map((inner) => renameAssigned(inner, reads)) };
  }
  if (stmt.kind !== 'if') return stmt;
  const side = (part: readonly Stmt[]) => part.map((inner) => renameAssigned(inner, reads));
  return { ...stmt, then: side(stmt.then), otherwise: side(stmt.otherwise) };
}

function combined(
  jammed: readonly Stmt[],
  accumulators: readonly Accumulator[],
  points: number,
  lanes: number,
): readonly Stmt[] {
  const partial = jammed.filter((stmt) => stmt.kind === 'variable');
  if (partial.length !== accumulators.length * points) {
    throw new Refused('a result does not depend on the position along the row');
  }
  return accumulators.map(({ name, op, type }, i): Stmt => {
    const own = Array.from({ length: points }, (_, p) => partial[p * accumulators.length + i]!);
    if (own.some(({ initial }) => initial.lanes !== lanes)) {
      throw new Refused(`${name} does not depend on the position along the row`);
    }
    const whole = own
      .map((stmt): Expr => read(stmt.name, type, lanes))
      .reduce((a, b) => binary(op, a, b));
    const value = lanes > 1 ? reduceLanes(op, whole) : whole;
    return { kind: 'assign', name, value: binary(op, read(name, type), value) };
  });
}

function identity(op: Accumulating, type: ScalarType): Expr {
  if (op === 'add') return literal(type, 0);
  if (op === 'mul') return literal(type, 1);
  if (isFloat(type)) return literal(type, op === 'max' ? -Infinity : Infinity);
  const [least, most] = integerRange(type);
  return literal(type, op === 'max' ? least : most);
}
