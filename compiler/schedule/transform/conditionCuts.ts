/**
 * Where conditions on a loop variable change: every condition of a body that is linear in it divides its range into
 * a part where it holds for all values of the other variables, a part where it holds for none, and the border
 * between them, where it depends.
 */
import type { Expr } from '../../loop/expr.ts';
import { indicesOf, operandsOf } from '../../loop/expr.ts';
import type { Index, IndexCondition } from '../../loop/indexExpr.ts';
import { add, atMost, subtract } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../../loop/ir.ts';
import { stmtIndices } from '../../loop/mentions.ts';
import { linearIn, mentions } from './affine.ts';

/** Values of the variable from `from` to before `to` where a condition is open; empty where it just changes. */
export interface Border {
  readonly from: number;
  readonly to: number;
}

/** Extents of variables; names without an entry may be anything. */
export type Extents = ReadonlyMap<string, number>;

/** Borders inside (0, extent), ascending. Loops of the body must be in `extents` or have constant extents. */
export function bordersOf(
  body: readonly Stmt[],
  variable: string,
  extent: number,
  around: Extents,
): readonly Border[] {
  const borders = new Map<string, Border>();
  const visit = (condition: IndexCondition, extents: Extents): void => {
    for (const { from, to } of bordersIn(condition, variable, extents)) {
      const border = { from: Math.max(0, from), to: Math.min(extent, to) };
      if (border.from >= extent || border.to <= 0) continue;
      if (border.from === 0 && border.to === 0) continue;
      borders.set(`${border.from},${border.to}`, border);
    }
  };
  visitConditions(body, variable, around, visit);
  return [...borders.values()].sort((a, b) => a.from - b.from || a.to - b.to);
}

/** Whether some condition needs both variables. */
export function conditionsLink(body: readonly Stmt[], a: string, b: string): boolean {
  let linked = false;
  visitConditions(body, a, new Map(), (condition) => {
    if (mentions(condition.a, b) || mentions(condition.b, b)) linked = true;
  });
  return linked;
}

function bordersIn(
  { op, a, b }: IndexCondition,
  variable: string,
  extents: Extents,
): readonly Border[] {
  const slack = subtract(b, op === 'lt' ? add(a, 1) : a);
  const form = linearIn(slack, variable);
  if (form === undefined || form.coefficient === 0) return [];
  const range = rangeOf(form.rest, extents);
  if (range === undefined) return [];
  const c = form.coefficient;
  const [least, most] = range;
  // c * v + rest >= 0
  const up = (rest: number): number => Math.ceil(-rest / c);
  const down = (rest: number): number => Math.floor(rest / -c) + 1;
  if (op === 'eq') {
    const [from, to] = c > 0 ? [up(most), down2(least, c)] : [up2(least, c), down(most)];
    return [{ from, to }];
  }
  return c > 0 ? [{ from: up(most), to: up(least) }] : [{ from: down(least), to: down(most) }];
}

/** First value after c * v + rest = 0 for c above 0 and below. */
function down2(least: number, c: number): number {
  return Math.floor(-least / c) + 1;
}

function up2(least: number, c: number): number {
  return Math.ceil(least / -c);
}

/** Least and most of a sum of multiples of known ranges. */
function rangeOf(index: Index, extents: Extents): readonly [number, number] | undefined {
  switch (index.kind) {
    case 'constant':
      return [index.value, index.value];
    case 'variable': {
      const extent = extents.get(index.name);
      return extent === undefined ? undefined : [0, Math.max(0, extent - 1)];
    }
    case 'add': {
      const [a, b] = [rangeOf(index.a, extents), rangeOf(index.b, extents)];
      return a && b && [a[0] + b[0], a[1] + b[1]];
    }
    case 'multiply': {
      const [a, b] = [rangeOf(index.a, extents), rangeOf(index.b, extents)];
      if (a === undefined || b === undefined) return undefined;
      const corners = [a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]];
      return [Math.min(...corners), Math.max(...corners)];
    }
    default:
      return undefined;
  }
}

type Visit = (condition: IndexCondition, extents: Extents) => void;

function visitConditions(
  body: readonly Stmt[],
  variable: string,
  extents: Extents,
  visit: Visit,
): void {
  const index = (of: Index, within: Extents): void => {
    visitIndexConditions(of, (condition) => {
      if (mentions(condition.a, variable) || mentions(condition.b, variable))
        visit(condition, within);
    });
  };
  const expr = (of: Expr): void => {
    if (of.kind === 'compareIndex') {
      const { a, b } = of.condition;
      if (mentions(a, variable) || mentions(b, variable)) visit(of.condition, extents);
    }
    for (const part of indicesOf(of)) index(part, extents);
    operandsOf(of).forEach(expr);
  };
  for (const stmt of body) {
    for (const part of stmtIndices(stmt)) index(part, extents);
    expressionsOf(stmt).forEach(expr);
    const inner =
      stmt.kind === 'for' && stmt.extent.kind === 'constant'
        ? new Map(extents).set(stmt.variable, stmt.extent.value)
        : extents;
    for (const part of bodiesOf(stmt)) visitConditions(part, variable, inner, visit);
  }
}

function visitIndexConditions(index: Index, visit: (condition: IndexCondition) => void): void {
  switch (index.kind) {
    case 'constant':
    case 'variable':
    case 'size':
      return;
    case 'choose':
      visit(index.condition);
      for (const part of [index.condition.a, index.condition.b, index.then, index.otherwise]) {
        visitIndexConditions(part, visit);
      }
      return;
    case 'min':
    case 'max':
      visit(atMost(index.a, index.b));
      break;
    default:
  }
  visitIndexConditions(index.a, visit);
  visitIndexConditions(index.b, visit);
}
