/**
 * One output nest as a fast kernel: output loops are cut into tiles and ordered, one of them becomes vector
 * lanes, the points of a tile become straight code whose accumulators are variables, reduction loops stay
 * rolled around it. GEMM, direct convolution, depthwise, pointwise and row kernels are this one call with other
 * numbers. Remainders are smaller tiles; padding is cut off into border tiles or turned into loop bounds.
 */
import { unprovenIn } from '../../loop/bounds.ts';
import { compareIndex } from '../../loop/expr.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import {
  add,
  floorDiv,
  less,
  mod,
  multiply,
  product,
  subtract,
  variable,
  ZERO,
} from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { branch, loop as loopOf } from '../../loop/ir.ts';
import { mentionsIndex } from '../../loop/mentions.ts';
import { polyConstant } from '../../loop/polynomial.ts';
import { factsAfter, simplifyBody } from '../../loop/simplify.ts';
import { assuming, insideLoop, simplifyIndex } from '../../loop/simplifyIndex.ts';
import type { Extents } from './conditionCuts.ts';
import { conditionsLink } from './conditionCuts.ts';
import { boundReductions, liftFromBranches, pushIntoBranches } from './guards.ts';
import { hoistInvariant } from './hoistInvariant.ts';
import { jam } from './jam.ts';
import type { Piece } from './pieces.ts';
import { piecesWithBorders } from './borderPieces.ts';
import type { Loop, Place } from './place.ts';
import { insideOf, Refused } from './place.ts';
import type { ReductionLevel } from './reductionOrder.ts';
import { orderReductions } from './reductionOrder.ts';
import { expectIndependentLoops, perfectNest } from './reorder.ts';
import { copyBody } from './rewrite.ts';
import { unrollLoop } from './splitLoop.ts';

export type { ReductionLevel } from './reductionOrder.ts';

export interface TileAxis {
  /** Of an output loop: a loop of the perfect nest that starts with the given one. */
  readonly variable: string;
  /** Iterations in a register tile (vectors, on the axis with lanes). Default 1. */
  readonly points?: number;
  /** On one axis at most: adjacent iterations in one vector. Default 1. */
  readonly lanes?: number;
}

export interface TileRequest {
  /**
   * Every output loop of the nest once (or the outermost few: the others belong to the body then), outermost
   * first in the result. Straight code follows the same order, so list the vector axis last among those with
   * points where the tile's scalars should be short-lived; see `pointOrder`.
   */
  readonly axes: readonly TileAxis[];
  /** Variables of the axes in the order in which a tile's points are written; default: lanes last. */
  readonly pointOrder?: readonly string[];
  /** So many leading axes become one parallel loop of all their tiles. Default 0: no loop is parallel. */
  readonly parallel?: number;
  /** Order of the reduction loops, outermost first; default: as they stand. Reassociates sums. */
  readonly reductions?: readonly ReductionLevel[];
}

/** Iterations that a reduction loop may have to be written out for a border. */
const MOST_UNROLLED = 12;

/**
 * Statements in place of `nest`. Refuses where loops are not independent, an axis is no loop of the nest, or
 * lanes cannot follow (a loop whose extent differs from lane to lane). Constant extents give constant tiles;
 * symbolic ones take whole tiles, then single iterations.
 */
export function tile(nest: Loop, request: TileRequest, place: Place): readonly Stmt[] {
  const { loops, body } = perfectNest(nest, place, request.axes.length);
  const axes = request.axes.map((axis) => {
    const loop = loops.find((other) => other.variable === axis.variable);
    if (loop === undefined) throw new Refused(`no loop over ${axis.variable} in the nest`);
    return { ...axis, loop };
  });
  if (new Set(axes.map(({ loop }) => loop)).size !== loops.length) {
    throw new Refused('the axes are not the outermost loops of the nest');
  }
  expectRectangular(loops);
  expectIndependentLoops(loops, body, place);
  return place.names.replacing([nest], () => {
    const result = hoistInvariant(new Tiling(axes, body, request, place).run());
    if (loops.some(({ extent }) => extent.kind !== 'constant')) expectProven(result, place.facts);
    return result;
  });
}

/** Positions in tiles of symbolic number take proofs that may fail. */
function expectProven(body: readonly Stmt[], facts: Facts): void {
  const [unproven] = unprovenIn(body, facts);
  if (unproven !== undefined) throw new Refused(`no proof that ${unproven} is in range`);
}

function expectRectangular(loops: readonly Loop[]): void {
  for (const { extent, variable: name } of loops) {
    if (loops.some((other) => mentionsIndex([loopOf('', extent, [])], other.variable))) {
      throw new Refused(`the extent of ${name} depends on another loop`);
    }
  }
}

interface Axis extends TileAxis {
  readonly loop: Loop;
}

/** What is decided of an axis on the way to a tile: where it starts, and its shape. */
interface Chosen {
  readonly axis: Axis;
  readonly base: Index;
  readonly piece: Piece;
}

class Tiling {
  private readonly body: readonly Stmt[];
  private readonly pieces: ReadonlyMap<Axis, readonly Piece[]>;

  constructor(
    private readonly axes: readonly Axis[],
    body: readonly Stmt[],
    private readonly request: TileRequest,
    private readonly place: Place,
  ) {
    const inside = axes.reduce((at, { loop }) => insideOf(loop, at), place);
    this.body = orderReductions(pushIntoBranches(body), request.reductions ?? [], inside);
    const extents: Extents = new Map(
      axes.flatMap(({ variable: name, loop: { extent } }): [string, number][] =>
        extent.kind === 'constant' ? [[name, extent.value]] : [],
      ),
    );
    this.pieces = new Map(
      axes.map((axis) => [
        axis,
        piecesWithBorders(axis.loop.extent, shapeOf(axis), this.body, axis.variable, {
          extents,
          facts: place.facts,
        }),
      ]),
    );
  }

  run(): readonly Stmt[] {
    const parallel = this.axes.slice(0, this.request.parallel ?? 0);
    if (parallel.length === 0) return this.level(this.axes, [], this.place);
    return this.parallelLevel(parallel);
  }

  /** One loop over all tiles of the leading axes; which piece a tile belongs to is decided inside. */
  private parallelLevel(axes: readonly Axis[]): readonly Stmt[] {
    const { facts, names } = this.place;
    const counts = axes.map((axis) => {
      const total = this.pieces.get(axis)!.reduce((sum, { count }) => add(sum, count), ZERO);
      return simplifyIndex(total, facts);
    });
    const total = simplifyIndex(product(counts), facts);
    const [first] = axes;
    const all = names.fresh(axes.length === 1 ? first!.variable : `${first!.variable}x`);
    let inside = insideLoop(facts, all, total);
    const out: Stmt[] = [];
    const positions = axes.map((axis, at): Index => {
      if (axes.length === 1) return variable(all);
      const quotient = floorDiv(variable(all), product(counts.slice(at + 1)));
      const value = simplifyIndex(at === 0 ? quotient : mod(quotient, counts[at]!), inside);
      if (value.kind !== 'floorDiv' && value.kind !== 'mod') return value;
      const stmt: Stmt = { kind: 'letIndex', name: names.fresh(axis.variable), value };
      out.push(stmt);
      inside = factsAfter(stmt, inside);
      return variable(stmt.name);
    });
    out.push(...this.choosePieces(axes, positions, [], { facts: inside, names }));
    if (total.kind === 'constant' && total.value === 1 && !mentionsIndex(out, all)) return out;
    return [loopOf(all, total, out, 'parallel')];
  }

  /** `if (position < count) … else …`: the piece of each parallel axis in turn. */
  private choosePieces(
    axes: readonly Axis[],
    positions: readonly Index[],
    chosen: readonly Chosen[],
    place: Place,
  ): readonly Stmt[] {
    const [axis, ...rest] = axes;
    if (axis === undefined) {
      return this.level(this.axes.slice(chosen.length), chosen, place);
    }
    const [position, ...others] = positions;
    const choose = (pieces: readonly Piece[], before: Index, facts: Facts): readonly Stmt[] => {
      const [piece, ...later] = pieces;
      if (piece === undefined) return [];
      const size = piece.points * piece.lanes;
      const single = piece.count.kind === 'constant' && piece.count.value === 1;
      const local = single ? ZERO : subtract(position!, before);
      const end = simplifyIndex(add(before, piece.count), facts);
      const condition = less(position!, end);
      const within = later.length === 0 ? facts : assuming(facts, condition);
      const base = simplifyIndex(add(multiply(local, size), piece.start), within);
      const own = this.choosePieces(rest, others, [...chosen, { axis, base, piece }], {
        ...place,
        facts: within,
      });
      if (later.length === 0) return own;
      const next = choose(later, end, assuming(facts, condition, false));
      return [branch(compareIndex(condition), own, next)];
    };
    return choose(this.pieces.get(axis)!, ZERO, place.facts);
  }

  /** Serial loops over the tiles of the axes that are left, piece after piece. */
  private level(axes: readonly Axis[], chosen: readonly Chosen[], place: Place): readonly Stmt[] {
    const [axis, ...rest] = axes;
    if (axis === undefined) return this.leaf(chosen, place);
    return this.pieces.get(axis)!.flatMap((piece): readonly Stmt[] => {
      const { start, count, points, lanes } = piece;
      const step = place.names.fresh(axis.variable);
      const facts = insideLoop(place.facts, step, count);
      const base = simplifyIndex(add(multiply(variable(step), points * lanes), start), facts);
      const body = this.level(rest, [...chosen, { axis, base, piece }], { ...place, facts });
      const once = count.kind === 'constant' && count.value === 1;
      if (once && !mentionsIndex(body, step)) return body;
      return body.length === 0 ? [] : [loopOf(step, count, body)];
    });
  }

  private leaf(chosen: readonly Chosen[], place: Place): readonly Stmt[] {
    const { names } = place;
    let { facts } = place;
    const indices = new Map<string, Index>();
    const points: { readonly axis: Axis; readonly variable: string; readonly extent: number }[] =
      [];
    let lanes: { readonly variable: string; readonly lanes: number } | undefined;
    for (const { axis, base, piece } of chosen) {
      let at = base;
      if (piece.points > 1) {
        const point = `${axis.variable}.point`;
        facts = facts.within(point, polyConstant(piece.points));
        at = add(at, multiply(variable(point), piece.lanes));
        points.push({ axis, variable: point, extent: piece.points });
      }
      if (piece.lanes > 1) {
        const lane = `${axis.variable}.lane`;
        facts = facts.within(lane, polyConstant(piece.lanes));
        at = add(at, variable(lane));
        lanes = { variable: lane, lanes: piece.lanes };
      }
      indices.set(axis.variable, at);
    }
    const inside = { facts, names };
    const copy = copyBody(this.body, names, { indices });
    const open = points.map((point) => point.variable);
    const prepared = names.replacing(copy, () => {
      const simple = simplifyBody(copy, facts);
      const bounded = boundReductions(simple, inside, open);
      const unrolled = unrollWhereOpen(bounded, open, inside);
      return liftFromBranches(unrolled, facts);
    });
    return names.replacing(prepared, () => jam(prepared, this.inOrder(points), lanes, inside));
  }

  private inOrder<T extends { readonly axis: Axis }>(points: readonly T[]): readonly T[] {
    const { pointOrder } = this.request;
    const rank = ({ axis }: T): number => {
      if (pointOrder !== undefined) return pointOrder.indexOf(axis.variable);
      return (axis.lanes ?? 1) > 1 ? 1 : 0;
    };
    return [...points].sort((a, b) => rank(a) - rank(b));
  }
}

function shapeOf({ points = 1, lanes = 1, variable: name }: TileAxis) {
  if (![points, lanes].every((n) => Number.isInteger(n) && n >= 1)) {
    throw new Refused(`a tile of ${points} x ${lanes} along ${name}`);
  }
  return { points, lanes };
}

/**
 * Writes out reduction loops that are asked for, and those whose conditions differ from point to point: then
 * each copy knows whether it is in the padding.
 */
function unrollWhereOpen(
  body: readonly Stmt[],
  open: readonly string[],
  place: Place,
): readonly Stmt[] {
  let { facts } = place;
  return body.flatMap((stmt): readonly Stmt[] => {
    let result: readonly Stmt[] = [stmt];
    if (stmt.kind === 'for') {
      const { extent } = stmt;
      const small = extent.kind === 'constant' && extent.value <= MOST_UNROLLED;
      const linked = small && open.some((name) => conditionsLink(stmt.body, stmt.variable, name));
      if (linked || stmt.mode === 'unrolled') {
        const copies = unrollLoop(stmt, { ...place, facts });
        result = unrollWhereOpen(copies, open, { ...place, facts });
      } else {
        const at = insideOf(stmt, { ...place, facts });
        result = [{ ...stmt, body: unrollWhereOpen(stmt.body, open, at) }];
      }
    }
    for (const part of result) facts = factsAfter(part, facts);
    return result;
  });
}
