/**
 * Order of nested loops. Bindings between the loops move into the innermost body first: they are made again for
 * every inner iteration, until `hoistInvariant` takes out what is worth it.
 */
import type { Expr } from '../../loop/expr.ts';
import { operandsOf } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { constant, floorDiv, mod, product, variable, visitNames } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { loop as loopOf } from '../../loop/ir.ts';
import { simplifyBody } from '../../loop/simplify.ts';
import { decide, simplifyIndex } from '../../loop/simplifyIndex.ts';
import { onlyAccumulates } from './accumulation.ts';
import { dependenceOf, visitStores } from './independence.ts';
import type { Loop, Place } from './place.ts';
import { insideOf, Refused } from './place.ts';

/** Loops directly inside each other, outermost first, and what they run. */
export interface PerfectNest {
  readonly loops: readonly Loop[];
  readonly body: readonly Stmt[];
}

/** As many loops as can be made perfectly nested, at most `most`. */
export function perfectNest(nest: Loop, place: Place, most = Infinity): PerfectNest {
  const loops = [nest];
  const written = new Set<string>();
  visitStores([nest], ({ buffer }) => written.add(buffer.name));
  let body = nest.body;
  let at = insideOf(nest, place);
  while (loops.length < most) {
    const inner = body.at(-1);
    if (inner?.kind !== 'for') break;
    const between = body.slice(0, -1);
    const runs = decide({ op: 'lt', a: constant(0), b: inner.extent }, at.facts) === true;
    if (!between.every((stmt) => canSink(stmt, written, runs))) break;
    if (between.some((stmt) => bindsNameIn(stmt, inner.extent))) break;
    loops.push(inner);
    body = [...between, ...inner.body];
    at = insideOf(inner, at);
  }
  return { loops, body };
}

/** A binding gives the same value in every inner iteration; a check must be made once at least. */
function canSink(stmt: Stmt, written: ReadonlySet<string>, runs: boolean): boolean {
  switch (stmt.kind) {
    case 'let':
      return !loadsFrom(stmt.value, written);
    case 'letIndex':
    case 'comment':
      return true;
    case 'checkedIndex':
      return runs && !loadsFrom(stmt.value, written);
    default:
      return false;
  }
}

function loadsFrom(expr: Expr, written: ReadonlySet<string>): boolean {
  if (expr.kind === 'load' && written.has(expr.buffer.name)) return true;
  return operandsOf(expr).some((operand) => loadsFrom(operand, written));
}

function bindsNameIn(stmt: Stmt, extent: Index): boolean {
  if (stmt.kind !== 'letIndex' && stmt.kind !== 'checkedIndex') return false;
  let found = false;
  visitNames(extent, (_, name) => {
    if (name === stmt.name) found = true;
  });
  return found;
}

/** Loops around a body, outermost first. */
export function nested(loops: readonly Loop[], body: readonly Stmt[]): readonly Stmt[] {
  return loops.reduceRight<readonly Stmt[]>(
    (inner, { variable: name, extent, mode }) => [loopOf(name, extent, inner, mode)],
    body,
  );
}

/**
 * The nest with its loops in the given order (variables, outermost first; loops that are not named stay inside).
 * Either all loops that change places are independent, or the body only accumulates: a reassociation, exact
 * for integers, minimum and maximum.
 */
export function reorder(nest: Loop, order: readonly string[], place: Place): Loop {
  const { loops, body } = perfectNest(nest, place);
  const named = order.map((name) => {
    const found = loops.find((loop) => loop.variable === name);
    if (found === undefined) throw new Refused(`no loop over ${name} in the nest`);
    return found;
  });
  if (new Set(order).size !== order.length) throw new Refused('a loop is named twice');
  const result = [...named, ...loops.filter((loop) => !named.includes(loop))];
  result.forEach((loop, at) => {
    visitNames(loop.extent, (_, name) => {
      if (result.slice(at).some((later) => later.variable === name)) {
        throw new Refused(`the extent of ${loop.variable} depends on ${name}`);
      }
    });
  });
  if (result.some((loop, at) => loop !== loops[at]) && !onlyAccumulates(body)) {
    expectIndependentLoops(loops, body, place);
  }
  const [first] = nested(result, body);
  return first as Loop;
}

/** Every loop of a perfect nest on its own, the others inside it. */
export function expectIndependentLoops(
  loops: readonly Loop[],
  body: readonly Stmt[],
  outer: Place,
): void {
  let place = outer;
  loops.forEach((loop, at) => {
    const [whole] = nested(loops.slice(at), body);
    const reason = dependenceOf(whole as Loop, place);
    if (reason !== undefined) throw new Refused(`${loop.variable}: ${reason}`);
    place = insideOf(loop, place);
  });
}

/** The outermost `count` loops as one over the product of their extents; indices by div and mod. */
export function collapse(nest: Loop, count: number, place: Place): Loop {
  const { facts, names } = place;
  const { loops, body } = perfectNest(nest, place, count);
  if (loops.length < count) throw new Refused(`only ${loops.length} loops are perfectly nested`);
  loops.forEach(({ extent }, at) => {
    visitNames(extent, (_, name) => {
      if (loops.slice(0, at).some((loop) => loop.variable === name)) {
        throw new Refused(`the extent of a loop depends on ${name}`);
      }
    });
  });
  const total = simplifyIndex(product(loops.map(({ extent }) => extent)), facts);
  const all = names.fresh(`${nest.variable}x`);
  const indices = loops.map(({ variable: name, extent }, at): Stmt => {
    const inner = product(loops.slice(at + 1).map((loop) => loop.extent));
    const quotient = floorDiv(variable(all), inner);
    return { kind: 'letIndex', name, value: at === 0 ? quotient : mod(quotient, extent) };
  });
  const parallel = loops.every(({ mode }, at) => at > 0 || mode === 'parallel');
  const mode = parallel ? nest.mode : 'serial';
  const [result] = simplifyBody([loopOf(all, total, [...indices, ...body], mode)], facts);
  if (result?.kind !== 'for') throw new Refused('there is nothing to run');
  return result;
}
