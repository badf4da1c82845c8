/**
 * Conditions around accumulations, as padding leaves them in convolutions and pools: the guarded value and its
 * use become one branch, parts of the condition move out of loops that do not change them, and conditions on a
 * loop's variable become its bounds.
 */
import type { Expr } from '../../loop/expr.ts';
import { binary, compareIndex } from '../../loop/expr.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Index, IndexCondition } from '../../loop/indexExpr.ts';
import {
  add,
  floorDiv,
  max,
  min,
  multiply,
  substitute,
  subtract,
  variable,
  ZERO,
} from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf, branch, expressionsOf, loop as loopOf } from '../../loop/ir.ts';
import { unprovenIn } from '../../loop/bounds.ts';
import { branchFacts, factsAfter, simplifyBody } from '../../loop/simplify.ts';
import { assuming, insideLoop, simplifyIndex } from '../../loop/simplifyIndex.ts';
import { gathered, linearIn, mentions } from './affine.ts';
import { accumulationOf, reads } from './accumulation.ts';
import type { Loop, Place } from './place.ts';
import { insideOf, Refused } from './place.ts';
import { boundBy } from './names.ts';
import { mapBody, mapExpr, mapStmt } from './rewrite.ts';
import { isSafe } from './safety.ts';

// -------------------------------------------------------------------- values into branches

/**
 * `t = initial; if (c) { …; t = e } acc = f(t)` becomes `if (c) { …; acc = f(e) } else { acc = f(initial) }`, and what
 * changes nothing goes. Exact: adding +0 is only dropped for sums that start with +0 and are never -0.
 */
export function pushIntoBranches(
  body: readonly Stmt[],
  positive: ReadonlySet<string> = new Set(),
): readonly Stmt[] {
  const sums = new Set(positive);
  for (const stmt of body) if (startsAtZero(stmt)) sums.add(stmt.name);
  const result: Stmt[] = [];
  for (let at = 0; at < body.length; at++) {
    const pushed = pushed3(body, at, sums);
    if (pushed !== undefined) {
      result.push(pushed);
      at += 2;
    } else {
      result.push(mapStmt(body[at]!, {}, (inner) => pushIntoBranches(inner, sums)));
    }
  }
  return result;
}

type Variable = Extract<Stmt, { readonly kind: 'variable' }>;

function startsAtZero(stmt: Stmt): stmt is Variable {
  if (stmt.kind !== 'variable') return false;
  const { initial } = stmt;
  return initial.kind === 'literal' && (Object.is(initial.value, 0) || initial.value === 0n);
}

/** The branch in place of the three statements at `at`. */
function pushed3(body: readonly Stmt[], at: number, sums: ReadonlySet<string>): Stmt | undefined {
  const [chosen, guard, use] = body.slice(at, at + 3);
  if (chosen?.kind !== 'variable' || guard?.kind !== 'if' || use?.kind !== 'assign')
    return undefined;
  const { name } = chosen;
  if (countReads([use], name) !== 1 || countReads(body.slice(at + 1), name) !== 1) return undefined;
  const side = (part: readonly Stmt[]): readonly Stmt[] | undefined => {
    const last = part.at(-1);
    const value = last?.kind === 'assign' && last.name === name ? last.value : chosen.initial;
    const before = value === chosen.initial ? part : part.slice(0, -1);
    if (assigns(before, name)) return undefined;
    const step = mapExpr(use.value, { read: (of) => (of.name === name ? value : of) });
    return isUnchanged(use.name, step, sums) ? before : [...before, { ...use, value: step }];
  };
  const [then, otherwise] = [side(guard.then), side(guard.otherwise)];
  return then && otherwise && branch(guard.condition, then, otherwise);
}

function isUnchanged(name: string, value: Expr, sums: ReadonlySet<string>): boolean {
  if (value.kind === 'read') return value.name === name;
  const accumulation = accumulationOf({ kind: 'assign', name, value });
  if (accumulation?.op !== 'add' || accumulation.step.kind !== 'literal') return false;
  const { value: step } = accumulation.step;
  return Object.is(step, -0) || step === 0n || (Object.is(step, 0) && sums.has(name));
}

function assigns(body: readonly Stmt[], name: string): boolean {
  return body.some(
    (stmt) =>
      (stmt.kind === 'assign' && stmt.name === name) ||
      bodiesOf(stmt).some((inner) => assigns(inner, name)),
  );
}

function countReads(body: readonly Stmt[], name: string): number {
  const within = (expr: Expr): number => {
    let count = 0;
    mapExpr(expr, {
      read: (of) => {
        if (of.name === name) count++;
        return of;
      },
    });
    return count;
  };
  return body.reduce((sum, stmt) => {
    const own = expressionsOf(stmt).reduce((total, expr) => total + within(expr), 0);
    return sum + own + bodiesOf(stmt).reduce((total, inner) => total + countReads(inner, name), 0);
  }, 0);
}

// -------------------------------------------------------------------- conditions into bounds

/**
 * Loops whose body only runs under a condition on their variable run over the range where it holds: bounds
 * are computed before the loop. Conditions that mention one of `open` stay where they are. What is no such loop
 * comes back as it is; every access that was in range by the condition still is by the bounds, or the loop stays.
 */
export function boundReductions(
  body: readonly Stmt[],
  place: Place,
  open: readonly string[] = [],
): readonly Stmt[] {
  let { facts } = place;
  return body.flatMap((stmt) => {
    const result = boundStmt(stmt, { ...place, facts }, open);
    for (const part of result) facts = factsAfter(part, facts);
    return result;
  });
}

function boundStmt(stmt: Stmt, place: Place, open: readonly string[]): readonly Stmt[] {
  if (stmt.kind === 'if') {
    const [whenTrue, whenFalse] = branchFacts(stmt.condition, place.facts);
    const then = boundReductions(stmt.then, { ...place, facts: whenTrue }, open);
    const otherwise = boundReductions(stmt.otherwise, { ...place, facts: whenFalse }, open);
    return [{ ...stmt, then, otherwise }];
  }
  if (stmt.kind !== 'for') return [stmt];
  const inner = boundReductions(stmt.body, insideOf(stmt, place), open);
  const loop = { ...stmt, body: inner };
  const [guard] = inner;
  if (guard?.kind !== 'if' || inner.length !== 1 || guard.otherwise.length > 0) return [loop];
  const parts = conjuncts(guard.condition);
  if (parts === undefined) return [loop];
  const isOpen = (part: IndexCondition): boolean =>
    open.some((name) => conditionMentions(part, name));
  const own = parts.filter((part) => isOpen(part) || conditionMentions(part, stmt.variable));
  const outside = parts.filter((part) => !own.includes(part));
  const usable = own.filter((part) => !isOpen(part));
  const facts = outside.reduce((known, part) => assuming(known, part), place.facts);
  const bounded = bound(loop, guard.then, usable, own, { ...place, facts }) ?? [
    { ...loop, body: guarded(own, guard.then) },
  ];
  return guarded(outside, bounded);
}

function guarded(parts: readonly IndexCondition[], then: readonly Stmt[]): readonly Stmt[] {
  if (parts.length === 0) return then;
  const condition = parts.map(compareIndex).reduce((a, b) => binary('and', a, b));
  return [branch(condition, then)];
}

/** `undefined` where a part is no condition on indices. */
export function conjuncts(condition: Expr): readonly IndexCondition[] | undefined {
  if (condition.kind === 'compareIndex') return [condition.condition];
  if (condition.kind !== 'binary' || condition.op !== 'and') return undefined;
  const [a, b] = [conjuncts(condition.a), conjuncts(condition.b)];
  return a && b && [...a, ...b];
}

export function conditionMentions({ a, b }: IndexCondition, name: string): boolean {
  return mentions(a, name) || mentions(b, name);
}

/** The condition as polynomial >= 0, coefficient * variable + rest; `undefined` for equalities and others. */
export function inequality(
  { op, a, b }: IndexCondition,
  name: string,
  facts: Facts,
): { readonly coefficient: number; readonly rest: Index } | undefined {
  if (op === 'eq') return undefined;
  const slack = subtract(b, op === 'lt' ? add(a, 1) : a);
  return linearIn(simplifyIndex(slack, facts), name);
}

function bound(
  loop: Loop,
  body: readonly Stmt[],
  usable: readonly IndexCondition[],
  all: readonly IndexCondition[],
  place: Place,
): readonly Stmt[] | undefined {
  const { facts, names } = place;
  const inside = insideOf(loop, place).facts;
  const lows: Index[] = [];
  const highs: Index[] = [];
  const rest = all.filter((part) => !usable.includes(part));
  for (const part of usable) {
    const form = inequality(part, loop.variable, inside);
    if (form === undefined || form.coefficient === 0) {
      rest.push(part);
      continue;
    }
    const { coefficient: c, rest: r } = form;
    if (c > 0) lows.push(floorDiv(add(multiply(r, -1), c - 1), c));
    else highs.push(add(floorDiv(r, -c), 1));
  }
  if (lows.length + highs.length === 0) return undefined;
  const out: Stmt[] = [];
  const named = (hint: string, value: Index): Index => {
    const simple = simplifyIndex(value, facts);
    // Sums of multiples are as short as a name for them.
    if (gathered(simple) !== undefined) return simple;
    const name = names.fresh(`${loop.variable}${hint}`);
    out.push({ kind: 'letIndex', name, value: simple });
    return variable(name);
  };
  const low = named(
    'from',
    lows.reduce((a, b) => max(a, b), ZERO),
  );
  const high = highs.reduce((a, b) => min(a, b), loop.extent);
  const count = simplifyIndex(subtract(high, low), facts);
  const index = (of: Index): Index =>
    substitute(of, (name) => (name === loop.variable ? add(variable(name), low) : undefined));
  out.push(loopOf(loop.variable, count, mapBody(guarded(rest, body), { index }), loop.mode));
  const result = simplifyBody(out, facts);
  if (unprovenIn(result, facts).length > 0) return undefined;
  if (loop.mode === 'unrolled' && count.kind !== 'constant') {
    throw new Refused(`the extent of ${loop.variable} is not constant`);
  }
  return result;
}

// -------------------------------------------------------------------- values out of branches

/** Bindings that are safe without the condition stand before the branch: copies for several points share them. */
export function liftFromBranches(body: readonly Stmt[], outer: Facts): readonly Stmt[] {
  let facts = outer;
  return body.flatMap((stmt) => {
    const result = lifted(stmt, facts);
    for (const part of result) facts = factsAfter(part, facts);
    return result;
  });
}

function lifted(stmt: Stmt, facts: Facts): readonly Stmt[] {
  if (stmt.kind === 'for') {
    const inside = insideLoop(facts, stmt.variable, stmt.extent);
    return [{ ...stmt, body: liftFromBranches(stmt.body, inside) }];
  }
  if (stmt.kind !== 'if' || stmt.otherwise.length > 0) return [stmt];
  const out: Stmt[] = [];
  const kept: Stmt[] = [];
  const left = new Set<string>();
  for (const inner of stmt.then) {
    const free =
      inner.kind === 'let' &&
      isSafe(inner.value, facts) &&
      ![...left].some((name) => reads(inner.value, name));
    if (free) {
      out.push(inner);
      continue;
    }
    kept.push(inner);
    const name = inner.kind === 'assign' ? inner.name : boundBy(inner);
    if (name !== undefined) left.add(name);
    // Memory may change from here on, and indices bound here are not known outside.
    if (inner.kind !== 'let' && inner.kind !== 'assign') {
      kept.push(...stmt.then.slice(stmt.then.indexOf(inner) + 1));
      break;
    }
  }
  return [...out, { ...stmt, then: kept }];
}
