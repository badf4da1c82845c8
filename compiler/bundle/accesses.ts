/**
 * Where a kernel reads one buffer and writes another: every access of a phase with the loops around it, its place in
 * program order, and its address as a sum of multiples of loop variables.
 */
import type { Phase } from '../emit/kernel.ts';
import type { Expr } from '../loop/expr.ts';
import { operandsOf } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { constant, substitute } from '../loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../loop/ir.ts';
import { expressionsOf } from '../loop/ir.ts';
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
  const empty = { path: [], names: new Map(), largest: new Map() };
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
    const step = { statement, branch, loop: { variable, extent: most ?? 1 } };
    this.body(body, { ...context, largest }, [...context.path, step]);
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
    if (stmt.kind !== 'letIndex') return context;
    const value = substitute(stmt.value, (name) => context.names.get(name));
    return { ...context, names: new Map(context.names).set(stmt.name, value) };
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

  private addressOf(indices: readonly Index[], { names }: Context): Affine | undefined {
    let sum: Affine | undefined = { coefficients: new Map(), constant: 0 };
    indices.forEach((index, axis) => {
      const part = affineOf(substitute(index, (name) => names.get(name)));
      sum = sum && part && plus(sum, scaled(part, this.strides[axis]!));
    });
    return sum;
  }
}

function affineOf(index: Index): Affine | undefined {
  switch (index.kind) {
    case 'constant':
      return { coefficients: new Map(), constant: index.value };
    case 'variable':
      return { coefficients: new Map([[index.name, 1]]), constant: 0 };
    case 'add': {
      const [a, b] = [affineOf(index.a), affineOf(index.b)];
      return a && b && plus(a, b);
    }
    case 'multiply': {
      const [a, b] = [affineOf(index.a), affineOf(index.b)];
      if (a === undefined || b === undefined) return undefined;
      if (b.coefficients.size === 0) return scaled(a, b.constant);
      return a.coefficients.size === 0 ? scaled(b, a.constant) : undefined;
    }
    default:
      return undefined;
  }
}

function plus(a: Affine, b: Affine): Affine {
  const coefficients = new Map(a.coefficients);
  for (const [name, c] of b.coefficients) coefficients.set(name, (coefficients.get(name) ?? 0) + c);
  return { coefficients, constant: a.constant + b.constant };
}

function scaled({ coefficients, constant: base }: Affine, factor: number): Affine {
  return {
    coefficients: new Map([...coefficients].map(([name, c]) => [name, c * factor])),
    constant: base * factor,
  };
}
