/**
 * One point's copy of expressions, indices, names and buffers of a tile's body: tile variables become numbers, what
 * differs from lane to lane becomes vectors, and every combination of the variables that a name depends on gets a name of
 * its own.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { broadcast, lane as laneOf, load, read } from '../../loop/expr.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { constant, substitute, variable, ZERO } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { simplifyIndex } from '../../loop/simplifyIndex.ts';
import { gathered, linearIn } from './affine.ts';
import type { Dependence, Mask } from './dependence.ts';
import type { Place } from './place.ts';
import { Refused } from './place.ts';
import { mapExpr } from './rewrite.ts';

/** The variable whose values are the lanes of vectors. */
export interface LaneAxis {
  readonly variable: string;
  readonly lanes: number;
}

/** Value per point axis; -1 where it is not chosen yet. */
export type Point = readonly number[];

export class Copies {
  /** New names, by old name and point. */
  private readonly renamed = new Map<string, Map<string, string>>();
  private readonly buffers = new Map<string, Buffer>();
  /** Indices that differ from lane to lane: every lane reads the value itself. */
  private readonly laneValues = new Map<string, Index>();

  /** @param bits of the tile's variables in masks of `dependence`; `laneBit` is that of the lanes, or 0. */
  constructor(
    private readonly dependence: Dependence,
    private readonly bits: ReadonlyMap<string, Mask>,
    private readonly laneBit: Mask,
    private readonly lanes: LaneAxis | undefined,
    private readonly place: Place,
  ) {}

  bindLanes(name: string, value: Index): void {
    this.laneValues.set(name, value);
  }

  /** The value as wide as the name that takes it. */
  widened(stmt: Stmt, value: Expr, at: Point, facts: Facts): Expr {
    const result = this.expr(value, at, facts);
    return this.isPerLane(this.dependence.ofStmt(stmt)) ? this.vector(result) : result;
  }

  vector(value: Expr): Expr {
    return value.lanes > 1 ? value : broadcast(value, this.lanes!.lanes);
  }

  /** One point's copy: a vector where it differs from lane to lane, unless one lane is asked for. */
  expr(expr: Expr, at: Point, facts: Facts, lane?: number): Expr {
    if (lane === undefined && this.isPerLane(this.dependence.ofExpr(expr))) {
      return this.vectorExpr(expr, at, facts);
    }
    return mapExpr(expr, {
      index: (index) => this.index(index, at, facts, lane),
      read: (source) => this.readAt(source, at, lane),
      load: (source) => {
        const buffer = this.bufferAt(source.buffer, at);
        const indices = source.indices.map((index) => this.index(index, at, facts, lane));
        const expanded = this.isPerLane(this.dependence.ofBuffer(source.buffer));
        return load(buffer, expanded ? [...indices, constant(lane ?? 0)] : indices, source.lanes);
      },
    });
  }

  private readAt(source: Extract<Expr, { kind: 'read' }>, at: Point, lane?: number): Expr {
    const mask = this.dependence.ofName(source.name);
    const name = this.nameAt(source.name, at);
    if (!this.isPerLane(mask)) return name === source.name ? source : { ...source, name };
    if (source.lanes > 1) throw new Refused(`${source.name} is a vector already`);
    const wide = read(name, source.type, this.lanes!.lanes);
    return lane === undefined ? wide : laneOf(wide, lane);
  }

  private vectorExpr(expr: Expr, at: Point, facts: Facts): Expr {
    if (expr.lanes > 1) throw new Refused('vectors of vectors');
    const { lanes } = this.lanes!;
    const { type } = expr;
    const wide = (part: Expr): Expr => this.vector(this.expr(part, at, facts));
    switch (expr.kind) {
      case 'read':
        return this.readAt(expr, at);
      case 'unary':
        return { ...expr, a: wide(expr.a), lanes };
      case 'binary':
      case 'compare':
        return { ...expr, a: wide(expr.a), b: wide(expr.b), lanes };
      case 'cast':
        return { ...expr, a: wide(expr.a), lanes };
      case 'select':
        return {
          ...expr,
          condition: wide(expr.condition),
          then: wide(expr.then),
          otherwise: wide(expr.otherwise),
          lanes,
        };
      case 'load': {
        const expanded = this.isPerLane(this.dependence.ofBuffer(expr.buffer));
        const where = this.adjacent(expr.buffer, expr.indices, expanded, at, facts);
        if (where !== undefined) return load(this.bufferAt(expr.buffer, at), where, lanes);
        break;
      }
      case 'literal':
      case 'indexValue':
      case 'compareIndex':
        break;
      default:
        throw new Refused(`${expr.kind} of one lane`);
    }
    const elements = Array.from({ length: lanes }, (_, lane) => this.expr(expr, at, facts, lane));
    return { kind: 'pack', elements, type, lanes };
  }

  /** Where the first lane's element lies, when those of the others follow it. */
  adjacent(
    { lanes: own }: Buffer,
    indices: readonly Index[],
    expanded: boolean,
    at: Point,
    facts: Facts,
  ): readonly Index[] | undefined {
    const perLane = (index: Index): boolean => this.isPerLane(this.dependence.ofIndex(index));
    if (own !== 1) return undefined;
    if (expanded) {
      if (indices.some(perLane)) return undefined;
      return [...indices.map((index) => this.index(index, at, facts)), ZERO];
    }
    const last = indices.at(-1);
    if (last === undefined || indices.slice(0, -1).some(perLane)) return undefined;
    const part = linearIn(last, this.lanes!.variable);
    if (part?.coefficient !== 1 || perLane(part.rest)) return undefined;
    return [...indices.slice(0, -1), part.rest].map((index) => this.index(index, at, facts));
  }

  // ------------------------------------------------------------------ indices and names

  private readonly indexCache = new Map<Index, Map<string, Index>>();

  index(index: Index, at: Point, facts: Facts, lane?: number): Index {
    if (index.kind === 'constant') return index;
    const mask = this.dependence.ofIndex(index);
    const own = at.map((value, axis) => (mask & (1 << axis) ? value : -1));
    const key = this.isPerLane(mask) ? `${own.join()}@${lane}` : own.join();
    let cache = this.indexCache.get(index);
    if (cache === undefined) this.indexCache.set(index, (cache = new Map()));
    let result = cache.get(key);
    if (result === undefined) {
      const raw = this.substituted(index, at, facts, lane);
      result = gathered(raw);
      // What the facts of this place simplify holds here only.
      if (result === undefined) return simplifyIndex(raw, facts);
      cache.set(key, result);
    }
    return result;
  }

  private substituted(index: Index, at: Point, facts: Facts, lane?: number): Index {
    return substitute(index, (name) => {
      if (name === this.lanes?.variable) return lane === undefined ? undefined : constant(lane);
      const bit = this.bits.get(name);
      if (bit !== undefined) return constant(at[Math.log2(bit)]!);
      const value = this.laneValues.get(name);
      if (value !== undefined) return this.substituted(value, at, facts, lane);
      return variable(this.nameAt(name, at, lane));
    });
  }

  nameAt(name: string, at: Point, lane?: number): string {
    if (!this.dependence.binds(name)) return name;
    const mask = this.dependence.ofName(name);
    let suffix = '';
    at.forEach((value, axis) => {
      if (mask & (1 << axis)) suffix += `_${value}`;
    });
    if (lane !== undefined && this.isPerLane(mask)) suffix += `_l${lane}`;
    // By old name first: `x` at (1, 2) and `x_1` at 2 are not the same.
    let own = this.renamed.get(name);
    if (own === undefined) this.renamed.set(name, (own = new Map()));
    let renamed = own.get(suffix);
    if (renamed === undefined) {
      renamed = this.place.names.fresh(`${name}${suffix}`);
      own.set(suffix, renamed);
    }
    return renamed;
  }

  bufferAt(buffer: Buffer, at: Point): Buffer {
    if (!this.dependence.binds(buffer.name)) return buffer;
    const name = this.nameAt(buffer.name, at);
    let own = this.buffers.get(name);
    if (own === undefined) {
      const wide = this.isPerLane(this.dependence.ofBuffer(buffer));
      if (wide && buffer.lanes > 1) throw new Refused(`${buffer.name} holds vectors already`);
      const dims = buffer.shape.map((dim) => this.index(dim, at, this.place.facts));
      const shape = wide ? [...dims, constant(this.lanes!.lanes)] : dims;
      own = { ...buffer, name, shape };
      this.buffers.set(name, own);
    }
    return own;
  }

  isPerLane(mask: Mask): boolean {
    return (mask & this.laneBit) !== 0;
  }

  forLanes(mask: Mask, of: (lane: number | undefined) => void): void {
    if (!this.isPerLane(mask)) return of(undefined);
    for (let lane = 0; lane < this.lanes!.lanes; lane++) of(lane);
  }
}
