/**
 * What varies with which tile variable: a bit per variable for every name that is bound in a tile's body.
 * Conditions and extents around a binding count, since it is then made once per their outcome. The sets grow
 * until nothing changes, because variables that loops assign carry dependence backwards.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { indicesOf, operandsOf } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { visitNames } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { visitBound } from './names.ts';

export type Mask = number;

export class Dependence {
  private readonly masks = new Map<string, Mask>();
  private readonly own = new Set<string>();
  private changed = true;

  /**
   * @param variables bit by tile variable.
   * @param selected bits whose conditions become selects: what only stands under them is computed everyway.
   */
  constructor(
    body: readonly Stmt[],
    private readonly variables: ReadonlyMap<string, Mask>,
    private readonly selected: Mask,
  ) {
    visitBound(body, (name) => this.own.add(name));
    while (this.changed) {
      this.changed = false;
      this.visitBody(body, 0);
    }
  }

  /** Whether the body binds the name. */
  binds(name: string): boolean {
    return this.own.has(name);
  }

  /** Of a name bound in the body; nothing depends for names from outside. */
  ofName(name: string): Mask {
    return this.variables.get(name) ?? this.masks.get(name) ?? 0;
  }

  ofIndex(index: Index): Mask {
    let mask = 0;
    visitNames(index, (kind, name) => {
      if (kind === 'variable') mask |= this.ofName(name);
    });
    return mask;
  }

  ofExpr(expr: Expr): Mask {
    let mask = expr.kind === 'read' ? this.ofName(expr.name) : 0;
    if (expr.kind === 'load') mask |= this.ofBuffer(expr.buffer);
    for (const index of indicesOf(expr)) mask |= this.ofIndex(index);
    for (const operand of operandsOf(expr)) mask |= this.ofExpr(operand);
    return mask;
  }

  /** Of the content of scratch memory that the body declares; other memory is the same for everyone. */
  ofBuffer({ name }: Buffer): Mask {
    return this.own.has(name) ? this.ofName(name) : 0;
  }

  /** What a statement's copies differ by: its own expressions, and the name that it binds or assigns. */
  ofStmt(stmt: Stmt): Mask {
    switch (stmt.kind) {
      case 'for':
        return this.ofIndex(stmt.extent);
      case 'let':
      case 'letIndex':
      case 'checkedIndex':
      case 'variable':
      case 'assign':
        return this.ofName(stmt.name);
      case 'local':
        return this.ofName(stmt.buffer.name);
      case 'store':
        return (
          this.ofExpr(stmt.value) |
          this.ofBuffer(stmt.buffer) |
          stmt.indices.reduce((mask, index) => mask | this.ofIndex(index), 0)
        );
      case 'if':
      case 'while':
      case 'check':
        return this.ofExpr(stmt.condition);
      case 'comment':
        return 0;
    }
  }

  private grow(name: string, mask: Mask): void {
    const before = this.masks.get(name) ?? 0;
    if ((before | mask) === before) return;
    this.masks.set(name, before | mask);
    this.changed = true;
  }

  private visitBody(body: readonly Stmt[], control: Mask): void {
    for (const stmt of body) this.visitStmt(stmt, control);
  }

  private visitStmt(stmt: Stmt, control: Mask): void {
    const around = control & ~this.selected;
    switch (stmt.kind) {
      case 'for': {
        const mask = around | this.ofIndex(stmt.extent);
        this.grow(stmt.variable, mask);
        this.visitBody(stmt.body, control | mask);
        return;
      }
      case 'while':
        this.visitBody(stmt.body, control | this.ofExpr(stmt.condition));
        return;
      case 'if': {
        const inner = control | this.ofExpr(stmt.condition);
        this.visitBody(stmt.then, inner);
        this.visitBody(stmt.otherwise, inner);
        return;
      }
      case 'let':
        this.grow(stmt.name, around | this.ofExpr(stmt.value));
        return;
      case 'letIndex':
        this.grow(stmt.name, around | this.ofIndex(stmt.value));
        return;
      case 'checkedIndex':
        this.grow(stmt.name, around | this.ofExpr(stmt.value) | this.ofIndex(stmt.extent));
        return;
      case 'variable':
        this.grow(stmt.name, around | this.ofExpr(stmt.initial));
        return;
      case 'assign':
        this.grow(stmt.name, control | this.ofExpr(stmt.value));
        return;
      case 'local':
        this.grow(stmt.buffer.name, around);
        for (const dim of stmt.buffer.shape) this.grow(stmt.buffer.name, this.ofIndex(dim));
        return;
      case 'store':
        if (this.own.has(stmt.buffer.name)) {
          this.grow(stmt.buffer.name, control | this.ofStmt(stmt));
        }
        return;
      default:
        return;
    }
  }
}
