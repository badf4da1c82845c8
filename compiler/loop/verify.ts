/**
 * What is legal in a loop program, as named checks. Runs between passes, so that an internal error names the
 * pass that broke the program. Bounds of accesses are not judged here: see `bounds.ts`.
 */
import type { Buffer, Expr } from './expr.ts';
import { accepts, BINARY_OPS, indicesOf, operandsOf, UNARY_OPS } from './expr.ts';
import type { Index } from './indexExpr.ts';
import { isConstant, visitNames } from './indexExpr.ts';
import type { LoopProgram, Stmt } from './ir.ts';
import { expressionsOf } from './ir.ts';
import { printBuffer, printExpr, printIndex } from './print.ts';
import { isInteger, registerType } from './scalarType.ts';
import type { ScalarType } from './scalarType.ts';

type Binding =
  | { readonly kind: 'index' }
  | { readonly kind: 'scalar' | 'mutable'; readonly type: ScalarType; readonly lanes: number }
  | { readonly kind: 'buffer'; readonly buffer: Buffer; readonly writable: boolean };

/** Violations as sentences, each starting with the name of its check; empty when the program is sound. */
export function verifyProgram(program: LoopProgram): readonly string[] {
  return new Verifier(program).run();
}

/** Throws an internal error naming `pass` when the program is not sound. */
export function assertProgram(program: LoopProgram, pass: string): void {
  const [problem] = verifyProgram(program);
  if (problem !== undefined) throw new Error(`after ${pass}, ${program.name}: ${problem}`);
}

class Verifier {
  private readonly problems: string[] = [];
  /** Names in scope. */
  private readonly scope = new Map<string, Binding>();
  /** Every name ever bound. */
  private readonly names = new Set<string>();
  private readonly sizes: ReadonlySet<string>;

  constructor(private readonly program: LoopProgram) {
    this.sizes = new Set(program.sizes.map(({ name }) => name));
  }

  run(): readonly string[] {
    const { inputs, outputs, sizes, body } = this.program;
    for (const { name, atLeast, atMost } of sizes) {
      this.claim(name);
      if (atMost !== undefined) this.checkIndex(atMost);
      if (!(atLeast >= 0)) this.report('sizes are not negative', name);
    }
    for (const buffer of [...inputs, ...outputs]) {
      if (buffer.space !== 'global') this.report('arguments are global', printBuffer(buffer));
      this.bindBuffer(buffer, outputs.includes(buffer));
    }
    for (const { buffer } of this.program.counts ?? []) {
      const single = buffer.shape.length === 1 && isConstant(buffer.shape[0]!, 1);
      if (!outputs.includes(buffer) || buffer.storage !== 'i64' || !single) {
        this.report('sizes found out are i64[1] outputs', printBuffer(buffer));
      }
    }
    this.checkBody(body);
    return this.problems;
  }

  private checkBody(body: readonly Stmt[], bind: readonly string[] = []): void {
    const before = [...this.scope.keys()];
    for (const name of bind) this.bind(name, { kind: 'index' });
    for (const stmt of body) this.checkStmt(stmt);
    const visible = new Set(before);
    for (const name of [...this.scope.keys()]) if (!visible.has(name)) this.scope.delete(name);
  }

  private checkStmt(stmt: Stmt): void {
    for (const expr of expressionsOf(stmt)) this.checkExpr(expr);
    switch (stmt.kind) {
      case 'for':
        this.checkIndex(stmt.extent);
        if (stmt.mode === 'unrolled' && stmt.extent.kind !== 'constant') {
          this.report('unrolled loops have constant extents', stmt.variable);
        }
        this.checkBody(stmt.body, [stmt.variable]);
        return;
      case 'let':
        this.bind(stmt.name, { kind: 'scalar', type: stmt.value.type, lanes: stmt.value.lanes });
        return;
      case 'letIndex':
        this.checkIndex(stmt.value);
        this.bind(stmt.name, { kind: 'index' });
        return;
      case 'checkedIndex':
        this.checkIndex(stmt.extent);
        if (!isInteger(stmt.value.type) || stmt.value.lanes !== 1) {
          this.report('checked indices are integers', stmt.name);
        }
        this.bind(stmt.name, { kind: 'index' });
        return;
      case 'variable': {
        const { type, lanes } = stmt.initial;
        this.bind(stmt.name, { kind: 'mutable', type, lanes });
        return;
      }
      case 'assign':
        this.checkAssign(stmt.name, stmt.value);
        return;
      case 'local':
        if (stmt.buffer.space === 'global') {
          this.report('scratch is local', printBuffer(stmt.buffer));
        }
        this.bindBuffer(stmt.buffer, true);
        return;
      case 'store':
        this.checkStore(stmt.buffer, stmt.indices, stmt.value);
        return;
      case 'if':
        this.checkCondition(stmt.condition);
        this.checkBody(stmt.then);
        this.checkBody(stmt.otherwise);
        return;
      case 'while':
        this.checkCondition(stmt.condition);
        this.checkBody(stmt.body);
        return;
      case 'check':
        this.checkCondition(stmt.condition);
        return;
      case 'comment':
        return;
    }
  }

  private checkAssign(name: string, value: Expr): void {
    const target = this.scope.get(name);
    if (target?.kind !== 'mutable') {
      this.report('only variables are assigned', name);
    } else if (target.type !== value.type || target.lanes !== value.lanes) {
      this.report('assignments keep the type', `${name} = ${printExpr(value)}`);
    }
  }

  private checkStore(buffer: Buffer, indices: readonly Index[], value: Expr): void {
    const binding = this.checkAccess(buffer, indices);
    if (binding?.writable === false) this.report('inputs are not written', buffer.name);
    if (value.type !== registerType(buffer.storage)) {
      this.report('stores fit the buffer', `${buffer.name} = ${printExpr(value)}`);
    }
    this.checkLanes(buffer, value.lanes);
  }

  private checkCondition({ type, lanes }: Expr): void {
    if (type !== 'bool' || lanes !== 1) this.report('conditions are bool', `${type}x${lanes}`);
  }

  private checkExpr(expr: Expr): void {
    for (const operand of operandsOf(expr)) this.checkExpr(operand);
    if (expr.kind !== 'load') for (const index of indicesOf(expr)) this.checkIndex(index);
    switch (expr.kind) {
      case 'read': {
        const binding = this.scope.get(expr.name);
        if (binding?.kind !== 'scalar' && binding?.kind !== 'mutable') {
          this.report('names are bound before use', expr.name);
        } else if (binding.type !== expr.type || binding.lanes !== expr.lanes) {
          this.report('reads have the type of their name', expr.name);
        }
        return;
      }
      case 'load':
        this.checkAccess(expr.buffer, expr.indices);
        this.checkLanes(expr.buffer, expr.lanes);
        if (expr.type !== registerType(expr.buffer.storage)) {
          this.report('loads have the type of the buffer', expr.buffer.name);
        }
        return;
      case 'unary':
        if (!accepts(UNARY_OPS[expr.op], expr.a.type)) this.report('operands fit', printExpr(expr));
        return;
      case 'binary':
        if (expr.a.type !== expr.b.type || !accepts(BINARY_OPS[expr.op], expr.a.type)) {
          this.report('operands fit', printExpr(expr));
        }
        return;
      default:
        return;
    }
  }

  private checkAccess(buffer: Buffer, indices: readonly Index[]) {
    for (const index of indices) this.checkIndex(index);
    const binding = this.scope.get(buffer.name);
    if (binding?.kind !== 'buffer' || binding.buffer !== buffer) {
      this.report('buffers are declared', buffer.name);
      return undefined;
    }
    if (indices.length !== buffer.shape.length) {
      this.report('accesses have the rank of the buffer', buffer.name);
    }
    return binding;
  }

  private checkLanes(buffer: Buffer, lanes: number): void {
    const whole = lanes === buffer.lanes;
    const adjacent = buffer.lanes === 1 && buffer.shape.length > 0;
    if (!whole && !adjacent) this.report('lanes fit the buffer', `${buffer.name}:${lanes}`);
  }

  private checkIndex(index: Index): void {
    visitNames(index, (kind, name) => {
      const known = kind === 'size' ? this.sizes.has(name) : this.scope.get(name)?.kind === 'index';
      if (!known) this.report('names are bound before use', `${name} in ${printIndex(index)}`);
    });
  }

  private bindBuffer(buffer: Buffer, writable: boolean): void {
    for (const dim of buffer.shape) this.checkIndex(dim);
    if (buffer.lanes < 1 || !Number.isInteger(buffer.lanes)) {
      this.report('lanes are positive', buffer.name);
    }
    this.bind(buffer.name, { kind: 'buffer', buffer, writable });
  }

  private bind(name: string, binding: Binding): void {
    this.claim(name);
    this.scope.set(name, binding);
  }

  private claim(name: string): void {
    if (this.names.has(name)) this.report('names are unique', name);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) this.report('names are identifiers', name);
    this.names.add(name);
  }

  private report(check: string, where: string): void {
    if (this.problems.length < 100) this.problems.push(`not true that ${check}: ${where}`);
  }
}
