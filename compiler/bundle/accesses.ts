/**
 * Where a kernel reads one buffer and writes another: every access of a phase with the loops around it, its place in
 * program order, and its address as a sum of multiples of loop variables.
 */
import type { Phase } from '../emit/kernel.ts';
import type { Expr } from '../loop/expr.ts';
import { operandsOf } from '../loop/expr.ts';
import type { Facts } from '../loop/facts.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, constant, multiply, substitute, ZERO } from '../loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../loop/ir.ts';
import { expressionsOf } from '../loop/ir.ts';
import type { Polynomial } from '../loop/polynomial.ts';
import { factsAfter, rootFacts } from '../loop/simplify.ts';
import { insideLoop, normalForm } from '../loop/simplifyIndex.ts';
import { largestExtent } from '../lower/extents.ts';

/** coefficient · variable summed up, plus a constant. */
export interface Affine {
  readonly coefficients: ReadonlyMap<string, number>;
  readonly constant: number;
}

/** A step on the way from the root of the phase to an access. */
export interface PathStep {
  /** In its statement list; branches of one `if` and bodies of one loop have lists of their own. */
  readonly statement: number;
  /** Of the loop that the statement is. */
  readonly loop?: { readonly variable: string; readonly extent: number };
  /** Which list of the statement the way goes on in. */
  readonly branch: number;
}

export interface Access {
  readonly path: readonly PathStep[];
  /** `undefined`: not a sum, or decided by data. */
  readonly address: Affine | undefined;
  /** Adjacent elements. */
  readonly lanes: number;
}

export interface Accesses {
  readonly loads: readonly Access[];
  readonly stores: readonly Access[];
  /** Something cannot be followed: a `while`, a loop whose extent has no bound. */
  readonly opaque: boolean;
}

interface Context {
  readonly path: readonly PathStep[];
  /** What names stand for, and the largest value of loop variables. */
  readonly names: ReadonlyMap<string, Index>;
  readonly largest: ReadonlyMap<string, number>;
  readonly facts: Facts;
}

/** Loads of buffer `input` and stores to buffer `output` in a phase; `strides` of both. */
export function accessesOf(
  phase: Phase,
  program: LoopProgram,
  input: string,
  output: string,
  strides: readonly number[],
): Accesses {
  const walk = new AccessWalk(program, input, output, strides);
  const { parallel, before, body } = phase;
  const facts = rootFacts(program);
  const empty: Context = { path: [], names: new Map(), largest: new Map(), facts };
  const inside = walk.bindings(before, empty);
  if (parallel === undefined) walk.body(body, inside, []);
  else walk.loop(parallel.variable, parallel.extent, body, inside, 0);
  return walk;
}

class AccessWalk implements Accesses {
  readonly loads: Access[] = [];
  readonly stores: Access[] = [];
  opaque = false;
  private readonly bounds: ReadonlyMap<string, Index | undefined>;

  constructor(
    program: LoopProgram,
    private readonly input: string,
    private readonly output: string,
    private readonly strides: readonly number[],
  ) {
    this.bounds = new Map(program.sizes.map(({ name, atMost }) => [name, atMost]));
  }

  /** What every thread does first: other threads may be in their iterations already. */
  bindings(before: readonly Stmt[], context: Context): Context {
    let current = context;
    for (const stmt of before) {
      for (const expr of expressionsOf(stmt)) if (this.mentionsInput(expr)) this.opaque = true;
      current = this.bind(stmt, current);
    }
    return current;
  }

  body(body: readonly Stmt[], outer: Context, path: readonly PathStep[], branch = 0): void {
    let context: Context = { ...outer, path };
    body.forEach((stmt, statement) => {
      this.stmt(stmt, context, { statement, branch });
      context = this.bind(stmt, context);
    });
  }

  loop(
    variable: string,
    extent: Index,
    body: readonly Stmt[],
    context: Context,
    statement: number,
    branch = 0,
  ): void {
    const most = this.mostOf(extent, context);
    if (most === undefined) this.opaque = true;
    const largest = new Map(context.largest).set(variable, Math.max(0, (most ?? 1) - 1));
    const facts = insideLoop(context.facts, variable, extent);
    const step = { statement, branch, loop: { variable, extent: most ?? 1 } };
    this.body(body, { ...context, largest, facts }, [...context.path, step]);
  }

  private stmt(
    stmt: Stmt,
    context: Context,
    place: { readonly statement: number; readonly branch: number },
  ): void {
    const path = [...context.path, place];
    for (const expr of expressionsOf(stmt)) this.expr(expr, context, path);
    switch (stmt.kind) {
      case 'store':
        if (stmt.buffer.name === this.output) {
          const address = this.addressOf(stmt.indices, context);
          this.stores.push({ path, address, lanes: stmt.value.lanes });
        }
        return;
      case 'for':
        this.loop(stmt.variable, stmt.extent, stmt.body, context, place.statement, place.branch);
        return;
      case 'if':
        this.body(stmt.then, context, path, 1);
        this.body(stmt.otherwise, context, path, 2);
        return;
      case 'while':
        this.opaque = true;
        return;
      default:
        return;
    }
  }

  private expr(expr: Expr, context: Context, path: readonly PathStep[]): void {
    for (const operand of operandsOf(expr)) this.expr(operand, context, path);
    if (expr.kind !== 'load' || expr.buffer.name !== this.input) return;
    this.loads.push({ path, address: this.addressOf(expr.indices, context), lanes: expr.lanes });
  }

  private mentionsInput(expr: Expr): boolean {
    if (expr.kind === 'load' && expr.buffer.name === this.input) return true;
    return operandsOf(expr).some((operand) => this.mentionsInput(operand));
  }

  private bind(stmt: Stmt, context: Context): Context {
    const facts = factsAfter(stmt, context.facts);
    if (stmt.kind !== 'letIndex') return facts === context.facts ? context : { ...context, facts };
    const value = substitute(stmt.value, (name) => context.names.get(name));
    return { ...context, facts, names: new Map(context.names).set(stmt.name, value) };
  }

  private mostOf(index: Index, { names, largest }: Context): number | undefined {
    const plain = substitute(index, (name) => names.get(name));
    const most = largestExtent(plain, (kind, name) => {
      if (kind === 'size') return this.bounds.get(name);
      const bound = largest.get(name);
      return bound === undefined ? undefined : constant(bound);
    });
    return most?.kind === 'constant' ? most.value : undefined;
  }

  /** Quotient and remainder of a fused loop become one multiple of its variable. */
  private addressOf(indices: readonly Index[], { names, facts }: Context): Affine | undefined {
    const flat = indices.reduce<Index>((sum, index, axis) => {
      const plain = substitute(index, (name) => names.get(name));
      return add(sum, multiply(plain, this.strides[axis]!));
    }, ZERO);
    const form = normalForm(flat, facts);
    return form && affineOf(form);
  }
}

/** The polynomial as a sum over variables; `undefined` where it has products, divisions or sizes. */
function affineOf(form: Polynomial): Affine | undefined {
  const coefficients = new Map<string, number>();
  let base = 0;
  for (const { coefficient, atoms } of form.terms) {
    const [only] = atoms;
    if (only === undefined) base = coefficient;
    else if (atoms.length === 1 && only.kind === 'variable')
      coefficients.set(only.name, coefficient);
    else return undefined;
  }
  return { coefficients, constant: base };
}
