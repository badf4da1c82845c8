/**
 * Reductions: bodies that change nothing but accumulators, each by one associative and commutative operation,
 * so that iterations may run in another order.
 */
import type { Expr } from '../../loop/expr.ts';
import { operandsOf } from '../../loop/expr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../../loop/ir.ts';
import { visitBound } from './names.ts';

export const ACCUMULATING = ['add', 'mul', 'min', 'max'] as const;
export type Accumulating = (typeof ACCUMULATING)[number];

/** `name = name op step`. */
export interface Accumulation {
  readonly name: string;
  readonly op: Accumulating;
  readonly step: Expr;
}

export function accumulationOf(stmt: Stmt): Accumulation | undefined {
  if (stmt.kind !== 'assign' || stmt.value.kind !== 'binary') return undefined;
  const { op, a, b } = stmt.value;
  if (!isAccumulating(op)) return undefined;
  const { name } = stmt;
  const isSelf = (expr: Expr): boolean => expr.kind === 'read' && expr.name === name;
  if (isSelf(a) && !reads(b, name)) return { name, op, step: b };
  if (isSelf(b) && !reads(a, name)) return { name, op, step: a };
  return undefined;
}

function isAccumulating(op: string): op is Accumulating {
  return (ACCUMULATING as readonly string[]).includes(op);
}

/**
 * Accumulators by name and operation; `undefined` where the statements do anything else to the outside, or
 * read an accumulator other than to add to it.
 */
export function accumulatorsOf(
  body: readonly Stmt[],
): ReadonlyMap<string, Accumulating> | undefined {
  const own = new Set<string>();
  visitBound(body, (name) => own.add(name));
  const found = new Map<string, Accumulating>();
  return collect(body, own, found) && !readElsewhere(body, found) ? found : undefined;
}

export function onlyAccumulates(body: readonly Stmt[]): boolean {
  return accumulatorsOf(body) !== undefined;
}

function collect(
  body: readonly Stmt[],
  own: ReadonlySet<string>,
  found: Map<string, Accumulating>,
): boolean {
  return body.every((stmt) => {
    switch (stmt.kind) {
      case 'let':
      case 'letIndex':
      case 'checkedIndex':
      case 'variable':
      case 'comment':
        return true;
      case 'for':
      case 'if':
        return bodiesOf(stmt).every((inner) => collect(inner, own, found));
      case 'assign': {
        if (own.has(stmt.name)) return true;
        const accumulation = accumulationOf(stmt);
        if (accumulation === undefined) return false;
        const { name, op } = accumulation;
        const before = found.get(name);
        found.set(name, op);
        return before === undefined || before === op;
      }
      default:
        return false;
    }
  });
}

function readElsewhere(
  body: readonly Stmt[],
  accumulators: ReadonlyMap<string, Accumulating>,
): boolean {
  return body.some((stmt) => {
    const accumulation = accumulationOf(stmt);
    const own = accumulation !== undefined && accumulators.has(accumulation.name);
    const parts = own ? [accumulation.step] : expressionsOf(stmt);
    if (parts.some((expr) => [...accumulators.keys()].some((name) => reads(expr, name)))) {
      return true;
    }
    return bodiesOf(stmt).some((inner) => readElsewhere(inner, accumulators));
  });
}

/** Whether the expression reads a variable or `let` of this name. */
export function reads(expr: Expr, name: string): boolean {
  if (expr.kind === 'read') return expr.name === name;
  return operandsOf(expr).some((operand) => reads(operand, name));
}
