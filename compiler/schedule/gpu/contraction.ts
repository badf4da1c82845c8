/**
 * Sums of products as two operands: what one point accumulates is a product of factors, some of which vary with one
 * set of output axes (rows), the others with another (columns), both with the reduction. Matrix products have it
 * so, and convolutions: pixels on one side, output channels on the other. Padding guards belong to the operand
 * whose axes they mention: there a factor is zero where its guard does not hold.
 */
import type { Expr } from '../../loop/expr.ts';
import { indicesOf, operandsOf } from '../../loop/expr.ts';
import type { IndexCondition } from '../../loop/indexExpr.ts';
import { visitNames } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import type { ScalarType } from '../../loop/scalarType.ts';
import { strideOf } from '../affine.ts';
import type { Nest } from '../nest.ts';
import { accumulationOf } from '../transform/accumulation.ts';
import { conjuncts, pushIntoBranches } from '../transform/guards.ts';
import type { Loop, Place } from '../transform/place.ts';
import { insideOf, Refused } from '../transform/place.ts';
import { perfectNest } from '../transform/reorder.ts';
import { withIndicesInline } from './inlineIndices.ts';
import { outputLoops } from './outputLoops.ts';

/** One side: a matrix over its axes and the reduction, computed from memory element by element. */
export interface Operand {
  /** Output loops that it alone varies with, outermost first. */
  readonly axes: readonly Loop[];
  readonly factors: readonly Expr[];
  readonly guards: readonly IndexCondition[];
}

export interface Contraction {
  /** Output loops that both operands vary with, or neither. */
  readonly batch: readonly Loop[];
  readonly rows: Operand;
  /** Holds the axis along which neighbours of the output are neighbours in memory. */
  readonly columns: Operand;
  readonly depth: readonly Loop[];
  /** Values that factors and what follows the sum may read: bindings, in order. */
  readonly bindings: readonly Stmt[];
  /** The sum: its variable, type and start. */
  readonly sum: { readonly name: string; readonly type: ScalarType; readonly initial: Expr };
  /** What a point does but the sum: bindings and stores. */
  readonly point: readonly Stmt[];
}

/** Refuses nests that are no single sum of such products. */
export function contractionOf(loop: Loop, nest: Nest, place: Place): Contraction {
  const { loops, body: original } = outputLoops(loop, place, nest.axes.length);
  const body = withIndicesInline(pushIntoBranches(original));
  const at = body.findIndex(({ kind }) => kind === 'for');
  const reduction = body[at];
  if (reduction?.kind !== 'for') throw new Refused('there is no reduction');
  const { loops: depth, body: inner } = perfectNest(
    reduction,
    loops.reduce((outer, own) => insideOf(own, outer), place),
  );
  const before = body.slice(0, at);
  const after = body.slice(at + 1);
  expectStraight(before);
  expectStraight(after);
  const { step, name, guards, bindings } = stepOf(inner);
  const declared = before.find((stmt) => stmt.kind === 'variable' && stmt.name === name);
  if (declared?.kind !== 'variable') throw new Refused(`${name} is declared elsewhere`);
  const point = [...before.filter((stmt) => stmt !== declared), ...after];
  const all = [...before.filter((stmt) => stmt !== declared && isBinding(stmt)), ...bindings];
  const sides = new Sides(loops, all);
  for (const factor of factorsOf(step, all)) sides.addFactor(factor);
  for (const guard of guards) sides.addGuard(guard);
  const [rows, columns] = oriented(sides.operands(), nest);
  return {
    batch: loops.filter((own) => !rows.axes.includes(own) && !columns.axes.includes(own)),
    rows,
    columns,
    depth,
    bindings: all,
    sum: { name, type: declared.initial.type, initial: declared.initial },
    point,
  };
}

function isBinding({ kind }: Stmt): boolean {
  return kind === 'let';
}

function expectStraight(body: readonly Stmt[]): void {
  for (const { kind } of body) {
    if (!['let', 'variable', 'store', 'comment'].includes(kind)) {
      throw new Refused(`a ${kind} beside the sum`);
    }
  }
}

interface Step {
  readonly name: string;
  readonly step: Expr;
  readonly guards: readonly IndexCondition[];
  readonly bindings: readonly Stmt[];
}

/** Bindings, perhaps under conditions on indices, and at last the one accumulation. */
function stepOf(body: readonly Stmt[]): Step {
  const bindings: Stmt[] = [];
  const guards: IndexCondition[] = [];
  let current = body;
  for (;;) {
    const last = current.at(-1);
    const others = current.slice(0, -1).filter(({ kind }) => kind !== 'comment');
    if (!others.every(isBinding)) throw new Refused('the reduction does more than accumulate');
    bindings.push(...others);
    if (last?.kind === 'if' && last.otherwise.length === 0) {
      const parts = conjuncts(last.condition);
      if (parts === undefined) throw new Refused('a condition on data in the reduction');
      guards.push(...parts);
      current = last.then;
      continue;
    }
    const found = last && accumulationOf(last);
    if (found?.op !== 'add') throw new Refused('the reduction is no sum');
    return { name: found.name, step: found.step, guards, bindings };
  }
}

/** Of a product, through the names of its parts. */
function factorsOf(expr: Expr, bindings: readonly Stmt[]): readonly Expr[] {
  if (expr.kind === 'binary' && expr.op === 'mul') {
    return [...factorsOf(expr.a, bindings), ...factorsOf(expr.b, bindings)];
  }
  if (expr.kind === 'read') {
    const bound = bindings.find((stmt) => stmt.kind === 'let' && stmt.name === expr.name);
    if (bound?.kind === 'let' && bound.value.kind === 'binary' && bound.value.op === 'mul') {
      return factorsOf(bound.value, bindings);
    }
  }
  return [expr];
}

interface Side {
  readonly axes: Set<Loop>;
  readonly factors: Expr[];
  readonly guards: IndexCondition[];
}

/** Sorts factors and guards by the output axes that they vary with. */
class Sides {
  private readonly sides: Side[] = [];
  private readonly either: Expr[] = [];

  constructor(
    private readonly loops: readonly Loop[],
    private readonly bindings: readonly Stmt[],
  ) {}

  addFactor(factor: Expr): void {
    const axes = this.axesOf(namesOf(factor));
    if (axes.size === 0) {
      this.either.push(factor);
      return;
    }
    const own = this.sides.find((side) => includes(side.axes, axes) || includes(axes, side.axes));
    if (own !== undefined) {
      for (const axis of axes) own.axes.add(axis);
      own.factors.push(factor);
    } else {
      if (this.sides.length === 2) throw new Refused('three operands');
      this.sides.push({ axes, factors: [factor], guards: [] });
    }
  }

  addGuard(guard: IndexCondition): void {
    const names = new Set<string>();
    for (const index of [guard.a, guard.b]) visitNames(index, (_, name) => names.add(name));
    const axes = this.axesOf(names);
    const own = this.sides.find((side) => includes(side.axes, axes));
    if (own === undefined) throw new Refused('a condition on both operands');
    own.guards.push(guard);
  }

  operands(): readonly [Operand, Operand] {
    const [a, b] = this.sides;
    if (a === undefined || b === undefined) throw new Refused('there is one operand');
    const operand = (side: Side, other: Side, extra: readonly Expr[]): Operand => ({
      axes: this.loops.filter((loop) => side.axes.has(loop) && !other.axes.has(loop)),
      factors: [...side.factors, ...extra],
      guards: side.guards,
    });
    const pair = [operand(a, b, this.either), operand(b, a, [])] as const;
    if (pair.some(({ axes }) => axes.length === 0)) throw new Refused('one operand is a vector');
    return pair;
  }

  /** Output loops that names depend on, through bindings. */
  private axesOf(names: ReadonlySet<string>): Set<Loop> {
    const all = new Set(names);
    for (const stmt of [...this.bindings].reverse()) {
      if (stmt.kind === 'let' && all.has(stmt.name)) {
        for (const name of namesOf(stmt.value)) all.add(name);
      }
    }
    return new Set(this.loops.filter(({ variable }) => all.has(variable)));
  }
}

function namesOf(expr: Expr): Set<string> {
  const names = new Set<string>();
  const visit = (of: Expr): void => {
    if (of.kind === 'read') names.add(of.name);
    for (const index of indicesOf(of)) visitNames(index, (_, name) => names.add(name));
    operandsOf(of).forEach(visit);
  };
  visit(expr);
  return names;
}

function includes<T>(all: ReadonlySet<T>, some: ReadonlySet<T>): boolean {
  return [...some].every((one) => all.has(one));
}

/** Rows and columns; axes of each by their stride in the output, outermost first. */
function oriented(operands: readonly [Operand, Operand], nest: Nest): readonly [Operand, Operand] {
  const store = nest.accesses.find(({ kind }) => kind === 'store');
  const stride = ({ variable }: Loop): number => {
    const found = store && strideOf(store.position, variable, store.facts);
    return found === undefined || found === 'irregular' || found === 0 ? Infinity : Math.abs(found);
  };
  const [a, b] = operands.map((operand): Operand => ({
    ...operand,
    axes: [...operand.axes].sort((x, y) => order(stride(y), stride(x))),
  })) as [Operand, Operand];
  const least = ({ axes }: Operand): number => Math.min(...axes.map(stride));
  return least(b) <= least(a) ? [a, b] : [b, a];
}

function order(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
