/**
 * The one mechanism behind unrolling-and-jamming and vectorising: the body of a tile, written once in terms of tile
 * variables, becomes straight code for all their values. A statement is copied per combination of the
 * variables that it depends on (see `dependence.ts`), so shared values stand once; one variable may become the
 * lanes of vectors. Loops of common extent stay single around the copies of their statements, whose expressions
 * `copies.ts` makes. The caller has shown that the tile's iterations are independent.
 */
import type { Expr } from '../../loop/expr.ts';
import { lane as laneOf, read } from '../../loop/expr.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { constant } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf, loop as loopOf } from '../../loop/ir.ts';
import { branchFacts, factsAfter, simplifyExpr } from '../../loop/simplify.ts';
import { insideLoop } from '../../loop/simplifyIndex.ts';
import { bindShared } from './bindShared.ts';
import type { LaneAxis, Point } from './copies.ts';
import { Copies } from './copies.ts';
import type { Mask } from './dependence.ts';
import { Dependence } from './dependence.ts';
import { safeWithout } from './safety.ts';
import type { Place } from './place.ts';
import { Refused } from './place.ts';

/** A variable of the tile whose values 0 … extent - 1 are written out. */
export interface PointAxis {
  readonly variable: string;
  readonly extent: number;
}

/** Copies that one statement of the body may have, lanes aside. */
const MOST_POINTS = 512;

/**
 * @param points outermost first: copies of straight code follow this order, so what only depends on the first
 *   is live for a short time.
 * @param place inside loops over all tile variables.
 */
export function jam(
  body: readonly Stmt[],
  points: readonly PointAxis[],
  lanes: LaneAxis | undefined,
  place: Place,
): readonly Stmt[] {
  const copies = points.reduce((product, { extent }) => product * extent, 1);
  if (copies > MOST_POINTS) throw new Refused(`a tile of ${copies} points`);
  return new Jam(body, points, lanes, place).run();
}

/** A statement of a run: its copies differ by `mask`, and only some points have one. */
interface Item {
  readonly stmt: Stmt;
  readonly mask: Mask;
  readonly applies: (point: Point) => boolean;
}

class Jam {
  private readonly dependence: Dependence;
  private readonly laneBit: Mask;
  private readonly copies: Copies;
  private readonly body: readonly Stmt[];

  constructor(
    body: readonly Stmt[],
    private readonly points: readonly PointAxis[],
    lanes: LaneAxis | undefined,
    private readonly place: Place,
  ) {
    const bits = new Map(points.map(({ variable }, i): [string, Mask] => [variable, 1 << i]));
    this.laneBit = lanes === undefined ? 0 : 1 << points.length;
    if (lanes !== undefined) bits.set(lanes.variable, this.laneBit);
    const dependence = new Dependence(body, bits, this.laneBit);
    this.body = bindShared(body, dependence, place.names);
    this.dependence =
      this.body === body ? dependence : new Dependence(this.body, bits, this.laneBit);
    this.copies = new Copies(this.dependence, bits, this.laneBit, lanes, place);
  }

  run(): readonly Stmt[] {
    const out: Stmt[] = [];
    this.emitBody(
      this.body,
      this.points.map(() => -1),
      this.place.facts,
      out,
    );
    return out;
  }

  // ------------------------------------------------------------------ statements

  /** Straight code point by point, loops in between for all points together. */
  private emitBody(body: readonly Stmt[], at: Point, outer: Facts, out: Stmt[]): void {
    let facts = outer;
    let run: Item[] = [];
    const items = this.flattened(body, at, facts);
    const all = items.reduce((mask, item) => mask | item.mask, 0) & ~this.laneBit;
    const flush = (): void => {
      facts = this.emitRun(run, at, facts, out);
      run = [];
    };
    for (const item of items) {
      const { kind } = item.stmt;
      const structured = kind === 'for' || kind === 'while' || kind === 'if';
      // What changes something for several points at once would be seen too early by the later ones.
      const shared = (kind === 'assign' || kind === 'store') && (item.mask & all) !== all;
      if (structured || shared) flush();
      run.push(item);
      if (structured || shared) flush();
    }
    flush();
  }

  /** Branches whose condition every point decides dissolve into statements of some points. */
  private flattened(body: readonly Stmt[], at: Point, facts: Facts): readonly Item[] {
    return body.flatMap((stmt): readonly Item[] => {
      const mask = this.dependence.ofStmt(stmt);
      const whole: Item = { stmt, mask, applies: () => true };
      if (stmt.kind !== 'if' || this.copies.isPerLane(mask) || !isStraight(stmt)) return [whole];
      const decided = new Map<string, boolean>();
      for (const point of this.pointsOver(mask, at)) {
        const condition = simplifyExpr(this.copies.expr(stmt.condition, point, facts), facts);
        if (condition.kind !== 'literal') return [whole];
        decided.set(point.join(), condition.value !== 0);
      }
      const side = (part: readonly Stmt[], wanted: boolean): readonly Item[] =>
        this.flattened(part, at, facts).map((item) => ({
          stmt: item.stmt,
          mask: item.mask | mask,
          applies: (point) =>
            decided.get(this.projected(point, mask, at).join()) === wanted && item.applies(point),
        }));
      return [...side(stmt.then, true), ...side(stmt.otherwise, false)];
    });
  }

  private projected(point: Point, mask: Mask, at: Point): Point {
    return point.map((value, axis) => (mask & (1 << axis) ? value : at[axis]!));
  }

  private emitRun(run: readonly Item[], at: Point, outer: Facts, out: Stmt[]): Facts {
    let facts = outer;
    const all = run.reduce((mask, item) => mask | item.mask, 0);
    const seen = run.map(() => new Set<string>());
    for (const point of this.pointsOver(all, at)) {
      run.forEach(({ stmt, mask, applies }, i) => {
        const own = this.projected(point, mask, at);
        const key = own.join();
        if (seen[i]!.has(key)) return;
        seen[i]!.add(key);
        if (!applies(own)) return;
        const from = out.length;
        this.emitStmt(stmt, own, facts, out);
        for (const emitted of out.slice(from)) facts = factsAfter(emitted, facts);
      });
    }
    return facts;
  }

  /** Every choice of the axes in the mask that `at` leaves open, last axis fastest. */
  private *pointsOver(mask: Mask, at: Point, axis = 0): Generator<Point> {
    if (axis === at.length) {
      yield at;
      return;
    }
    if (at[axis]! >= 0 || !(mask & (1 << axis))) {
      yield* this.pointsOver(mask, at, axis + 1);
      return;
    }
    for (let value = 0; value < this.points[axis]!.extent; value++) {
      yield* this.pointsOver(mask, at.with(axis, value), axis + 1);
    }
  }

  private emitStmt(stmt: Stmt, at: Point, facts: Facts, out: Stmt[]): void {
    const name = (old: string): string => this.copies.nameAt(old, at);
    switch (stmt.kind) {
      case 'comment':
        out.push(stmt);
        return;
      case 'for': {
        if (this.copies.isPerLane(this.dependence.ofIndex(stmt.extent))) {
          throw new Refused(`the extent of ${stmt.variable} differs from lane to lane`);
        }
        const extent = this.copies.index(stmt.extent, at, facts);
        const own = name(stmt.variable);
        const body: Stmt[] = [];
        this.emitBody(stmt.body, at, insideLoop(facts, own, extent), body);
        if (body.length > 0) out.push(loopOf(own, extent, body, stmt.mode));
        return;
      }
      case 'while': {
        this.expectTogether(stmt.condition, 'a while loop');
        const condition = this.copies.expr(stmt.condition, at, facts);
        const body: Stmt[] = [];
        this.emitBody(stmt.body, at, facts, body);
        out.push({ kind: 'while', condition, body });
        return;
      }
      case 'if':
        this.emitBranch(stmt, at, facts, out);
        return;
      case 'let':
        out.push({
          kind: 'let',
          name: name(stmt.name),
          value: this.copies.widened(stmt, stmt.value, at, facts),
        });
        return;
      case 'variable': {
        const initial = this.copies.widened(stmt, stmt.initial, at, facts);
        out.push({ kind: 'variable', name: name(stmt.name), initial });
        return;
      }
      case 'assign': {
        const value = this.copies.widened(stmt, stmt.value, at, facts);
        out.push({ kind: 'assign', name: name(stmt.name), value });
        return;
      }
      case 'letIndex':
        // Lanes read the value itself: see `index`.
        if (this.copies.isPerLane(this.dependence.ofName(stmt.name))) {
          this.copies.bindLanes(stmt.name, stmt.value);
          return;
        }
        out.push({
          kind: 'letIndex',
          name: name(stmt.name),
          value: this.copies.index(stmt.value, at, facts),
        });
        return;
      case 'checkedIndex':
        this.copies.forLanes(this.dependence.ofName(stmt.name), (lane) => {
          const value = this.copies.expr(stmt.value, at, facts, lane);
          const extent = this.copies.index(stmt.extent, at, facts, lane);
          out.push({ ...stmt, name: this.copies.nameAt(stmt.name, at, lane), value, extent });
        });
        return;
      case 'check':
        this.copies.forLanes(this.dependence.ofExpr(stmt.condition), (lane) => {
          out.push({ ...stmt, condition: this.copies.expr(stmt.condition, at, facts, lane) });
        });
        return;
      case 'local':
        out.push({ kind: 'local', buffer: this.copies.bufferAt(stmt.buffer, at) });
        return;
      case 'store':
        this.emitStore(stmt, at, facts, out);
        return;
    }
  }

  private emitBranch(
    stmt: Extract<Stmt, { readonly kind: 'if' }>,
    at: Point,
    facts: Facts,
    out: Stmt[],
  ): void {
    if (this.copies.isPerLane(this.dependence.ofExpr(stmt.condition))) {
      this.emitSelects(stmt, undefined, at, facts, out);
      return;
    }
    const condition = simplifyExpr(this.copies.expr(stmt.condition, at, facts), facts);
    if (condition.kind === 'literal') {
      this.emitBody(condition.value ? stmt.then : stmt.otherwise, at, facts, out);
      return;
    }
    const [whenTrue, whenFalse] = branchFacts(condition, facts);
    const [then, otherwise]: [Stmt[], Stmt[]] = [[], []];
    this.emitBody(stmt.then, at, whenTrue, then);
    this.emitBody(stmt.otherwise, at, whenFalse, otherwise);
    if (then.length + otherwise.length > 0) out.push({ kind: 'if', condition, then, otherwise });
  }

  /** A condition that differs from lane to lane: both sides are computed, assignments keep what applies. */
  private emitSelects(
    stmt: Extract<Stmt, { readonly kind: 'if' }>,
    under: Expr | undefined,
    at: Point,
    facts: Facts,
    out: Stmt[],
  ): void {
    const wide = this.copies.vector(this.copies.expr(stmt.condition, at, facts));
    const keep = (value: Expr): Expr => {
      const name = this.place.names.fresh('lanes');
      out.push({ kind: 'let', name, value });
      return read(name, 'bool', value.lanes);
    };
    const and = (a: Expr | undefined, b: Expr): Expr =>
      a === undefined ? b : { kind: 'binary', op: 'and', a, b, type: 'bool', lanes: b.lanes };
    const whenTrue = keep(and(under, wide));
    const no: Expr = { kind: 'unary', op: 'not', a: wide, type: 'bool', lanes: wide.lanes };
    this.emitSelected(stmt.then, whenTrue, at, facts, out);
    if (stmt.otherwise.length > 0) {
      this.emitSelected(stmt.otherwise, keep(and(under, no)), at, facts, out);
    }
  }

  private emitSelected(
    body: readonly Stmt[],
    condition: Expr,
    at: Point,
    facts: Facts,
    out: Stmt[],
  ): void {
    for (const stmt of body) {
      switch (stmt.kind) {
        case 'let':
        case 'variable':
          if (!safeWithout(stmt, this.place.facts, this.body)) {
            throw new Refused(
              `${stmt.name} is only safe under a condition that differs from lane to lane`,
            );
          }
          this.emitBody([stmt], at, facts, out);
          break;
        case 'assign': {
          if (!safeWithout(stmt, this.place.facts, this.body)) {
            throw new Refused(
              `${stmt.name} is only safe under a condition that differs from lane to lane`,
            );
          }
          for (const point of this.pointsOver(this.dependence.ofStmt(stmt), at)) {
            const value = this.copies.widened(stmt, stmt.value, point, facts);
            const name = this.copies.nameAt(stmt.name, point);
            const before = read(name, value.type, value.lanes);
            const { type, lanes } = value;
            out.push({
              kind: 'assign',
              name,
              value: { kind: 'select', condition, then: value, otherwise: before, type, lanes },
            });
          }
          break;
        }
        case 'if':
          this.emitSelects(stmt, condition, at, facts, out);
          break;
        case 'comment':
          break;
        default:
          throw new Refused(`a ${stmt.kind} under a condition that differs from lane to lane`);
      }
    }
  }

  private emitStore(
    stmt: Extract<Stmt, { readonly kind: 'store' }>,
    at: Point,
    facts: Facts,
    out: Stmt[],
  ): void {
    const { buffer, indices } = stmt;
    const target = this.copies.bufferAt(buffer, at);
    const mask = this.dependence.ofStmt(stmt);
    const put = (where: readonly Index[], value: Expr): void => {
      out.push({ kind: 'store', buffer: target, indices: where, value });
    };
    const value = this.copies.expr(stmt.value, at, facts);
    if (!this.copies.isPerLane(mask)) {
      put(
        indices.map((index) => this.copies.index(index, at, facts)),
        value,
      );
      return;
    }
    const expanded = this.copies.isPerLane(this.dependence.ofBuffer(buffer));
    const where = this.copies.adjacent(buffer, indices, expanded, at, facts);
    if (where !== undefined) {
      put(where, this.copies.vector(value));
      return;
    }
    let wide = value;
    if (value.lanes > 1 && value.kind !== 'read') {
      const name = this.place.names.fresh('stored');
      out.push({ kind: 'let', name, value });
      wide = read(name, value.type, value.lanes);
    }
    this.copies.forLanes(mask, (lane) => {
      const place = indices.map((index) => this.copies.index(index, at, facts, lane));
      const element = wide.lanes > 1 ? laneOf(wide, lane!) : wide;
      put(expanded ? [...place, constant(lane!)] : place, element);
    });
  }

  private expectTogether(condition: Expr, what: string): void {
    if (this.copies.isPerLane(this.dependence.ofExpr(condition))) {
      throw new Refused(`${what} ends at different times in different lanes`);
    }
  }
}

/** Without loops at any depth. */
function isStraight(stmt: Stmt): boolean {
  if (stmt.kind === 'for' || stmt.kind === 'while') return false;
  return bodiesOf(stmt).every((body) => body.every(isStraight));
}
