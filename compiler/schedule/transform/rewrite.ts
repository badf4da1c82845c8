/**
 * Structural copies of statements and expressions: indices substituted, reads and buffers replaced, bound names
 * made new. What transforms have in common.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import {
  binary,
  broadcast,
  cast,
  compare,
  compareIndex,
  indexValue,
  lane,
  load,
  operandsOf,
  pack,
  reduceLanes,
  select,
  unary,
} from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { substitute, variable } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import type { Names } from './names.ts';

export interface ExprMap {
  readonly index?: (index: Index) => Index;
  /** Of a name bound by `let` or `variable`. */
  readonly read?: (expr: Extract<Expr, { readonly kind: 'read' }>) => Expr;
  readonly buffer?: (buffer: Buffer) => Buffer;
  /** Of a whole access; goes before `index` and `buffer`. */
  readonly load?: (expr: Extract<Expr, { readonly kind: 'load' }>) => Expr;
}

/** An expression with its loads, reads and indices mapped. */
export function mapExpr(expr: Expr, map: ExprMap): Expr {
  const index = (of: Index): Index => (map.index ? map.index(of) : of);
  switch (expr.kind) {
    case 'literal':
      return expr;
    case 'read':
      return map.read ? map.read(expr) : expr;
    case 'load':
      if (map.load) return map.load(expr);
      if (!map.index && !map.buffer) return expr;
      return load(map.buffer?.(expr.buffer) ?? expr.buffer, expr.indices.map(index), expr.lanes);
    case 'indexValue':
      return map.index ? indexValue(index(expr.index)) : expr;
    case 'compareIndex': {
      const { op, a, b } = expr.condition;
      return map.index ? compareIndex({ op, a: index(a), b: index(b) }) : expr;
    }
    default:
      return mapParts(expr, (part) => mapExpr(part, map));
  }
}

/** An expression with its operands mapped; itself where they stay. */
export function mapParts(expr: Expr, part: (of: Expr) => Expr): Expr {
  const before = operandsOf(expr);
  const after = before.map(part);
  if (after.every((operand, i) => operand === before[i])) return expr;
  const [a, b, c] = after as [Expr, Expr, Expr];
  switch (expr.kind) {
    case 'unary':
      return unary(expr.op, a);
    case 'binary':
      return binary(expr.op, a, b);
    case 'compare':
      return compare(expr.op, a, b);
    case 'select':
      return select(a, b, c);
    case 'cast':
      return cast(expr.type, a);
    case 'broadcast':
      return broadcast(a, expr.lanes);
    case 'lane':
      return lane(a, expr.lane);
    case 'pack':
      return pack(after);
    case 'reduceLanes':
      return reduceLanes(expr.op, a);
    default:
      return expr;
  }
}

/** A statement with its expressions, indices and statement lists mapped; bound names stay. */
export function mapStmt(
  stmt: Stmt,
  map: ExprMap,
  inner: (body: readonly Stmt[]) => readonly Stmt[],
): Stmt {
  const expr = (of: Expr): Expr => mapExpr(of, map);
  const index = (of: Index): Index => (map.index ? map.index(of) : of);
  const buffer = (of: Buffer): Buffer => map.buffer?.(of) ?? of;
  switch (stmt.kind) {
    case 'for':
      return { ...stmt, extent: index(stmt.extent), body: inner(stmt.body) };
    case 'let':
    case 'assign':
      return { ...stmt, value: expr(stmt.value) };
    case 'letIndex':
      return { ...stmt, value: index(stmt.value) };
    case 'checkedIndex':
      return { ...stmt, value: expr(stmt.value), extent: index(stmt.extent) };
    case 'variable':
      return { ...stmt, initial: expr(stmt.initial) };
    case 'local':
      return { ...stmt, buffer: buffer(stmt.buffer) };
    case 'store': {
      const { buffer: of, indices, value } = stmt;
      return { ...stmt, buffer: buffer(of), indices: indices.map(index), value: expr(value) };
    }
    case 'if': {
      const condition = expr(stmt.condition);
      return { ...stmt, condition, then: inner(stmt.then), otherwise: inner(stmt.otherwise) };
    }
    case 'while':
      return { ...stmt, condition: expr(stmt.condition), body: inner(stmt.body) };
    case 'check':
      return { ...stmt, condition: expr(stmt.condition) };
    case 'comment':
      return stmt;
  }
}

/** Statements with expressions mapped at any depth; bound names stay. */
export function mapBody(body: readonly Stmt[], map: ExprMap): readonly Stmt[] {
  const inner = (part: readonly Stmt[]): readonly Stmt[] => mapBody(part, map);
  return body.map((stmt) => mapStmt(stmt, map, inner));
}

/** What a copy of statements reads in place of names bound around them. */
export interface Replacements {
  readonly indices?: ReadonlyMap<string, Index>;
  readonly reads?: ReadonlyMap<string, Expr>;
}

/** A copy in which every bound name is new (or the old one, where that was released). */
export function copyBody(
  body: readonly Stmt[],
  names: Names,
  { indices, reads }: Replacements = {},
): readonly Stmt[] {
  const copy = new Copy(names, new Map(indices), new Map(reads));
  return copy.body(body);
}

class Copy {
  private readonly buffers = new Map<string, Buffer>();
  private readonly map: ExprMap;

  constructor(
    private readonly names: Names,
    private readonly indices: Map<string, Index>,
    private readonly reads: Map<string, Expr>,
  ) {
    this.map = {
      index: (index) => substitute(index, (name) => this.indices.get(name)),
      read: (expr) => this.reads.get(expr.name) ?? expr,
      buffer: (buffer) => this.buffers.get(buffer.name) ?? buffer,
    };
  }

  body(body: readonly Stmt[]): readonly Stmt[] {
    return body.map((stmt) => this.stmt(stmt));
  }

  private stmt(stmt: Stmt): Stmt {
    // A loop binds its variable for the body alone, the others bind after their own expressions.
    if (stmt.kind === 'for') {
      const name = this.names.fresh(stmt.variable);
      const extent = this.map.index!(stmt.extent);
      this.indices.set(stmt.variable, variable(name));
      return { ...stmt, variable: name, extent, body: this.body(stmt.body) };
    }
    const copied = mapStmt(stmt, this.map, (inner) => this.body(inner));
    switch (copied.kind) {
      case 'let':
      case 'variable': {
        const name = this.names.fresh(copied.name);
        const { type, lanes } = copied.kind === 'let' ? copied.value : copied.initial;
        this.reads.set(copied.name, { kind: 'read', name, type, lanes });
        return { ...copied, name };
      }
      case 'assign': {
        const target = this.reads.get(copied.name);
        return target?.kind === 'read' ? { ...copied, name: target.name } : copied;
      }
      case 'letIndex':
      case 'checkedIndex': {
        const name = this.names.fresh(copied.name);
        this.indices.set(copied.name, variable(name));
        return { ...copied, name };
      }
      case 'local': {
        const buffer = { ...copied.buffer, name: this.names.fresh(copied.buffer.name) };
        this.buffers.set(copied.buffer.name, buffer);
        return { ...copied, buffer };
      }
      default:
        return copied;
    }
  }
}
