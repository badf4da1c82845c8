/**
 * Defines what a loop program means: runs it statement by statement, slowly and obviously. f32 results are
 * rounded after every operation, integers wrap, 64-bit integers are BigInt. Every access is checked against
 * its buffer, scratch is poisoned until written, and steps are counted, so a wrong program throws instead of
 * giving numbers. Emitters may contract `a * b + c` and evaluate math functions within a few ulp.
 */
import type { Scalar } from './arithmetic.ts';
import { applyBinary, applyCast, applyCompare, applyUnary } from './arithmetic.ts';
import type { Buffer, Expr } from './expr.ts';
import type { Index } from './indexExpr.ts';
import { evaluateIndex, holds } from './indexExpr.ts';
import type { LoopProgram, Stmt } from './ir.ts';
import type { Cells } from './memory.ts';
import { allocate } from './memory.ts';

/** A violated `check` or `checkedIndex`: the model's fault, told with the operator's id. */
export class RunError extends Error {
  constructor(
    readonly operator: string,
    message: string,
  ) {
    super(message);
    this.name = 'RunError';
  }
}

/** The run took more statements than allowed. */
export class StepLimitError extends Error {}

export interface RunOptions {
  /** Statements executed at most; default 1e9. */
  readonly maxSteps?: number;
}

type Value = Scalar | readonly Scalar[];

interface Memory {
  readonly cells: Cells;
  readonly dims: readonly number[];
  readonly count: number;
}

/**
 * Runs a program in place on its argument buffers (inputs, then outputs, in order). Throws RunError where the
 * data violates a check, RangeError on an access outside a buffer, which is a compiler error.
 */
export function interpret(
  program: LoopProgram,
  sizes: ReadonlyMap<string, number>,
  memory: ReadonlyMap<string, Cells>,
  options: RunOptions = {},
): void {
  new Interpreter(program, sizes, memory, options.maxSteps ?? 1e9).run();
}

/** Elements of a buffer under given sizes; throws RangeError when that is no exact integer. */
export function shapeOf(
  shape: readonly Index[],
  sizes: ReadonlyMap<string, number>,
): readonly number[] {
  return shape.map((dim) => {
    const value = evaluateIndex(dim, unbound, (name) => sizes.get(name) ?? unbound(name));
    if (value < 0) throw new RangeError(`a buffer has the size ${value}`);
    return value;
  });
}

function unbound(name: string): never {
  throw new Error(`${name} has no value`);
}

class Interpreter {
  private readonly indices = new Map<string, number>();
  private readonly scalars = new Map<string, Value>();
  private readonly memories = new Map<string, Memory>();
  private steps = 0;
  private readonly variableOf = (name: string): number => this.indices.get(name) ?? unbound(name);
  private readonly sizeOf = (name: string): number => this.sizes.get(name) ?? unbound(name);

  constructor(
    private readonly program: LoopProgram,
    private readonly sizes: ReadonlyMap<string, number>,
    memory: ReadonlyMap<string, Cells>,
    private readonly maxSteps: number,
  ) {
    for (const { name, atLeast, atMost } of program.sizes) {
      if (!(this.sizeOf(name) >= atLeast)) throw new RangeError(`${name} is below ${atLeast}`);
      if (atMost !== undefined && this.sizeOf(name) > this.index(atMost)) {
        throw new RangeError(`${name} is above its bound`);
      }
    }
    for (const buffer of [...program.inputs, ...program.outputs]) {
      const cells = memory.get(buffer.name) ?? unbound(buffer.name);
      const dims = this.dimsOf(buffer);
      const count = dims.reduce((product, dim) => product * dim, 1);
      if (cells.length !== count || cells.storage !== buffer.storage) {
        throw new RangeError(`${buffer.name} holds ${cells.length} elements instead of ${count}`);
      }
      this.memories.set(buffer.name, { cells, dims, count });
    }
  }

  run(): void {
    this.runBody(this.program.body);
  }

  private runBody(body: readonly Stmt[]): void {
    for (const stmt of body) this.runStmt(stmt);
  }

  private runStmt(stmt: Stmt): void {
    if (++this.steps > this.maxSteps) {
      throw new StepLimitError(`${this.program.name} ran ${this.maxSteps} steps without an end`);
    }
    switch (stmt.kind) {
      case 'for': {
        const extent = this.index(stmt.extent);
        for (let i = 0; i < extent; i++) {
          this.indices.set(stmt.variable, i);
          this.runBody(stmt.body);
        }
        return;
      }
      case 'let':
      case 'assign':
        this.scalars.set(stmt.name, this.evaluate(stmt.value));
        return;
      case 'variable':
        this.scalars.set(stmt.name, this.evaluate(stmt.initial));
        return;
      case 'letIndex':
        this.indices.set(stmt.name, this.index(stmt.value));
        return;
      case 'checkedIndex': {
        const value = this.evaluate(stmt.value) as Scalar;
        const extent = this.index(stmt.extent);
        if (!(value >= 0 && value < extent)) {
          throw new RunError(stmt.operator, `index ${value} is outside of 0 to ${extent - 1}`);
        }
        this.indices.set(stmt.name, Number(value));
        return;
      }
      case 'local': {
        const dims = this.dimsOf(stmt.buffer);
        const count = dims.reduce((product, dim) => product * dim, 1);
        const cells = allocate(stmt.buffer.storage, count * stmt.buffer.lanes, 'poisoned');
        this.memories.set(stmt.buffer.name, { cells, dims, count });
        return;
      }
      case 'store': {
        const { buffer, indices, value } = stmt;
        const stored = this.evaluate(value);
        const { cells, at } = this.locate(buffer, indices, value.lanes);
        if (Array.isArray(stored)) stored.forEach((element, i) => cells.set(at + i, element));
        else cells.set(at, stored as Scalar);
        return;
      }
      case 'if':
        this.runBody(this.evaluate(stmt.condition) ? stmt.then : stmt.otherwise);
        return;
      case 'while':
        while (this.evaluate(stmt.condition)) {
          if (++this.steps > this.maxSteps) throw new StepLimitError(this.program.name);
          this.runBody(stmt.body);
        }
        return;
      case 'check':
        if (!this.evaluate(stmt.condition)) throw new RunError(stmt.operator, stmt.message);
        return;
      case 'comment':
        return;
    }
  }

  private evaluate(expr: Expr): Value {
    switch (expr.kind) {
      case 'literal':
        return expr.value;
      case 'read':
        return this.scalars.get(expr.name) ?? unbound(expr.name);
      case 'load': {
        const { cells, at } = this.locate(expr.buffer, expr.indices, expr.lanes);
        if (expr.lanes === 1) return cells.get(at);
        return Array.from({ length: expr.lanes }, (_, i) => cells.get(at + i));
      }
      case 'indexValue':
        return BigInt(this.index(expr.index));
      case 'compareIndex': {
        const { op, a, b } = expr.condition;
        return holds(op, this.index(a), this.index(b)) ? 1 : 0;
      }
      case 'unary':
        return perLane((a) => applyUnary(expr.op, expr.a.type, a), this.evaluate(expr.a));
      case 'binary':
        return perLane(
          (a, b) => applyBinary(expr.op, expr.type, a, b),
          this.evaluate(expr.a),
          this.evaluate(expr.b),
        );
      case 'compare':
        return perLane(
          (a, b) => applyCompare(expr.op, a, b),
          this.evaluate(expr.a),
          this.evaluate(expr.b),
        );
      case 'select':
        return perLane(
          (condition, then, otherwise) => (condition ? then : otherwise),
          this.evaluate(expr.condition),
          this.evaluate(expr.then),
          this.evaluate(expr.otherwise),
        );
      case 'cast':
        return perLane((a) => applyCast(expr.a.type, expr.type, a), this.evaluate(expr.a));
      case 'broadcast': {
        const value = this.evaluate(expr.a) as Scalar;
        return new Array<Scalar>(expr.lanes).fill(value);
      }
      case 'lane':
        return (this.evaluate(expr.a) as readonly Scalar[])[expr.lane]!;
      case 'pack':
        return expr.elements.map((element) => this.evaluate(element) as Scalar);
      case 'reduceLanes': {
        const value = this.evaluate(expr.a);
        const lanes = Array.isArray(value) ? (value as readonly Scalar[]) : [value as Scalar];
        return lanes.reduce((a, b) => applyBinary(expr.op, expr.type, a, b));
      }
    }
  }

  private locate(buffer: Buffer, indices: readonly Index[], lanes: number) {
    const { cells, dims } = this.memories.get(buffer.name) ?? unbound(buffer.name);
    let at = 0;
    indices.forEach((part, axis) => {
      const position = this.index(part);
      const reach = axis === indices.length - 1 ? lanes / buffer.lanes : 1;
      if (position < 0 || position + reach > dims[axis]!) {
        throw new RangeError(
          `${this.program.name}: ${buffer.name}[${indices.map((i) => this.index(i)).join(', ')}] is outside of [${dims.join(', ')}]`,
        );
      }
      at = at * dims[axis]! + position;
    });
    return { cells, at: at * buffer.lanes };
  }

  private index(index: Index): number {
    return evaluateIndex(index, this.variableOf, this.sizeOf);
  }

  private dimsOf({ shape }: Buffer): readonly number[] {
    return shape.map((dim) => {
      const value = this.index(dim);
      if (value < 0) throw new RangeError(`a buffer has the size ${value}`);
      return value;
    });
  }
}

function perLane(of: (...operands: Scalar[]) => Scalar, ...operands: readonly Value[]): Value {
  const vector = operands.find((operand) => Array.isArray(operand)) as
    readonly Scalar[] | undefined;
  if (vector === undefined) return of(...(operands as Scalar[]));
  return vector.map((_, i) => of(...operands.map((operand) => (operand as readonly Scalar[])[i]!)));
}
