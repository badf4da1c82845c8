/**
 * What one root-level loop nest does: its output loops, its reduction loops, every load and store with the loops
 * around it, arithmetic per point, and its kind. Schedules decide by this; nothing is changed here.
 */
import type { Buffer, Expr } from '../loop/expr.ts';
import { operandsOf } from '../loop/expr.ts';
import type { Facts } from '../loop/facts.ts';
import type { Index } from '../loop/indexExpr.ts';
import { visitNames } from '../loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../loop/ir.ts';
import { stmtIndices } from '../loop/mentions.ts';
import { branchFacts, factsAfter } from '../loop/simplify.ts';
import { insideLoop } from '../loop/simplifyIndex.ts';
import { indicesOf } from '../loop/expr.ts';
import { positionOf } from './affine.ts';
import type { Loop, Place } from './transform/place.ts';
import { rewriteLoop } from './transform/place.ts';

export interface Axis {
  readonly variable: string;
  /** `undefined` where only a run knows it. */
  readonly extent: number | undefined;
}

export interface Access {
  readonly kind: 'load' | 'store';
  readonly buffer: Buffer;
  readonly indices: readonly Index[];
  /** See `positionOf`. */
  readonly position: Index | undefined;
  /** Loops around it inside the point, outermost first. */
  readonly inner: readonly Axis[];
  readonly facts: Facts;
}

export interface Nest {
  readonly loop: Loop;
  /** Loops that hold nothing but bindings and the next loop, outermost first. */
  readonly axes: readonly Axis[];
  /** The body of the innermost of them. */
  readonly point: readonly Stmt[];
  /** Inside all axes. */
  readonly facts: Facts;
  /** All loops inside the point. */
  readonly inner: readonly Axis[];
  readonly accesses: readonly Access[];
  /** Arithmetic operations of the whole nest, functions counted as 10; `undefined` for unknown extents. */
  readonly work: number | undefined;
  readonly kind: NestKind;
}

/**
 * pointwise: no inner loop; contraction: sums of products whose factors miss different axes (products of matrices,
 * dense convolutions); window: reductions where each output reads its own window (depthwise, pooling, whole
 * planes); rows: loops one after the other over one row (softmax, normalisation); total: a reduction to variables
 * that live around the nest; generic: everything else.
 */
export type NestKind = 'pointwise' | 'contraction' | 'window' | 'rows' | 'total' | 'generic';

export function analyseNest(loop: Loop, outer: Facts): Nest {
  const axes: Axis[] = [];
  const bindings: Stmt[] = [];
  let facts = outer;
  let body: readonly Stmt[] = [loop];
  for (;;) {
    const last = body.at(-1);
    const before = body.slice(0, -1);
    if (last?.kind !== 'for' || !before.every(isBinding)) break;
    // A row's statistics stand between: then this is where points begin.
    for (const stmt of before) facts = factsAfter(stmt, facts);
    bindings.push(...before);
    if (before.some(({ kind }) => kind === 'variable')) break;
    axes.push(axisOf(last));
    facts = insideLoop(facts, last.variable, last.extent);
    body = last.body;
  }
  const walk = new Walk();
  walk.body(bindings, facts, []);
  walk.body(body, facts, []);
  const count = productOf(axes);
  return {
    loop,
    axes,
    point: body,
    facts,
    inner: walk.loops,
    accesses: walk.accesses,
    work: count === undefined || walk.work === undefined ? undefined : count * walk.work,
    kind: kindOf(body, axes, walk),
  };
}

/** Variables of the loops that stand at the root: the nests. */
export function rootLoops({ body }: LoopProgram): readonly string[] {
  return body.flatMap((stmt) => (stmt.kind === 'for' ? [stmt.variable] : []));
}

/** The nest of a root loop. */
export function nestAt(program: LoopProgram, variable: string): Nest {
  let found: Nest | undefined;
  rewriteLoop(program, variable, (loop: Loop, { facts }: Place) => {
    found = analyseNest(loop, facts);
    return [loop];
  });
  return found!;
}

/** Product of extents. */
export function productOf(axes: readonly Axis[]): number | undefined {
  return axes.reduce<number | undefined>(
    (product, { extent }) =>
      product === undefined || extent === undefined ? undefined : product * extent,
    1,
  );
}

export function axisOf({ variable, extent }: Loop): Axis {
  return { variable, extent: extent.kind === 'constant' ? extent.value : undefined };
}

/** Whether the indices of an access mention a name. */
export function dependsOn({ indices }: Pick<Access, 'indices'>, name: string): boolean {
  let found = false;
  for (const index of indices) {
    visitNames(index, (_, other) => {
      found ||= other === name;
    });
  }
  return found;
}

function isBinding(stmt: Stmt): boolean {
  return stmt.kind === 'let' || stmt.kind === 'letIndex' || stmt.kind === 'checkedIndex';
}

const FUNCTION_WORK = 10;
const CHEAP: ReadonlySet<string> = new Set([
  'neg',
  'abs',
  'not',
  'bitNot',
  'ceil',
  'floor',
  'round',
  'trunc',
]);

class Walk {
  readonly accesses: Access[] = [];
  readonly loops: Axis[] = [];
  /** Per point. */
  work: number | undefined = 0;
  /** A statement that no tile can hold. */
  strange = false;
  /** Variables of around the nest change. */
  carries = false;
  private readonly variables = new Set<string>();

  body(body: readonly Stmt[], outer: Facts, inner: readonly Axis[]): void {
    let facts = outer;
    for (const stmt of body) {
      this.stmt(stmt, facts, inner);
      facts = factsAfter(stmt, facts);
    }
  }

  private stmt(stmt: Stmt, facts: Facts, inner: readonly Axis[]): void {
    for (const expr of expressionsOf(stmt)) this.expr(expr, facts, inner);
    switch (stmt.kind) {
      case 'variable':
        this.variables.add(stmt.name);
        return;
      case 'assign':
        this.carries ||= !this.variables.has(stmt.name);
        return;
      case 'for': {
        const axis = axisOf(stmt);
        this.loops.push(axis);
        this.body(stmt.body, insideLoop(facts, stmt.variable, stmt.extent), [...inner, axis]);
        return;
      }
      case 'if': {
        const [then, otherwise] = branchFacts(stmt.condition, facts);
        this.body(stmt.then, then, inner);
        this.body(stmt.otherwise, otherwise, inner);
        return;
      }
      case 'store':
        this.access('store', stmt.buffer, stmt.indices, facts, inner);
        return;
      case 'local':
        // Scratch of one point: a row.
        this.strange ||= inner.length > 0;
        return;
      case 'while':
      case 'check':
      case 'checkedIndex':
        this.strange ||= stmt.kind !== 'checkedIndex' || inner.length > 0;
        for (const inside of bodiesOf(stmt)) this.body(inside, facts, inner);
        return;
      default:
        return;
    }
  }

  private expr(expr: Expr, facts: Facts, inner: readonly Axis[]): void {
    if (expr.kind === 'load') this.access('load', expr.buffer, expr.indices, facts, inner);
    if (expr.kind === 'binary' || expr.kind === 'select')
      this.count(expr.kind === 'binary' && expr.op === 'pow' ? FUNCTION_WORK : 1, inner);
    if (expr.kind === 'unary') this.count(CHEAP.has(expr.op) ? 1 : FUNCTION_WORK, inner);
    for (const operand of operandsOf(expr)) this.expr(operand, facts, inner);
  }

  private count(work: number, inner: readonly Axis[]): void {
    const times = productOf(inner);
    this.work =
      times === undefined || this.work === undefined ? undefined : this.work + work * times;
  }

  private access(
    kind: Access['kind'],
    buffer: Buffer,
    indices: readonly Index[],
    facts: Facts,
    inner: readonly Axis[],
  ): void {
    const position = positionOf(buffer, indices);
    this.accesses.push({ kind, buffer, indices, position, inner, facts });
  }
}

function kindOf(body: readonly Stmt[], axes: readonly Axis[], walk: Walk): NestKind {
  const { accesses, loops } = walk;
  if (walk.strange || axes.length === 0) return 'generic';
  if (walk.carries) return accesses.some(({ kind }) => kind === 'store') ? 'generic' : 'total';
  if (loops.length === 0) return 'pointwise';
  const stores = accesses.filter(({ kind }) => kind === 'store');
  if (stores.some(({ inner }) => inner.length > 0)) return 'rows';
  const nests = body.filter(({ kind }) => kind === 'for');
  if (nests.length !== 1) return nests.length > 1 ? 'rows' : 'generic';
  const loads = accesses.filter(({ kind, inner }) => kind === 'load' && inner.length > 0);
  const misses = loads.map((load) => missing(load, axes));
  const differ = misses.some((one) =>
    misses.some(
      (other) =>
        !one.every((axis) => other.includes(axis)) && !other.every((axis) => one.includes(axis)),
    ),
  );
  return differ ? 'contraction' : 'window';
}

/** Axes that an access does not depend on. */
export function missing(access: Access, axes: readonly Axis[]): readonly string[] {
  return axes
    .filter(({ variable }) => !dependsOn(access, variable))
    .map(({ variable }) => variable);
}

/** Names that a statement list's indices mention: for tests of dependence. */
export function mentionedIn(body: readonly Stmt[]): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (index: Index): void => visitNames(index, (_, name) => names.add(name));
  const walk = (expr: Expr): void => {
    indicesOf(expr).forEach(visit);
    operandsOf(expr).forEach(walk);
  };
  for (const stmt of body) {
    stmtIndices(stmt).forEach(visit);
    expressionsOf(stmt).forEach(walk);
    for (const inner of bodiesOf(stmt)) for (const name of mentionedIn(inner)) names.add(name);
  }
  return names;
}
