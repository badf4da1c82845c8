/**
 * Names of a program, so that copies of statements get new ones: a name is bound once in a program.
 */
import type { LoopProgram, Stmt } from '../../loop/ir.ts';
import { bodiesOf } from '../../loop/ir.ts';

export class Names {
  private readonly taken = new Set<string>();
  /** Next number to try per stem. */
  private readonly next = new Map<string, number>();

  static of(program: LoopProgram): Names {
    const names = new Names();
    for (const { name } of program.sizes) names.taken.add(name);
    for (const { name } of [...program.inputs, ...program.outputs]) names.taken.add(name);
    visitBound(program.body, (name) => names.taken.add(name));
    return names;
  }

  /** The same names, for statements that may be thrown away. */
  fork(): Names {
    const names = new Names();
    for (const name of this.taken) names.taken.add(name);
    for (const [stem, number] of this.next) names.next.set(stem, number);
    return names;
  }

  /** `wanted` itself where it is free, else with a number behind it. */
  fresh(wanted: string): string {
    let name = wanted;
    while (this.taken.has(name)) {
      const number = this.next.get(wanted) ?? 1;
      this.next.set(wanted, number + 1);
      name = `${wanted}_${number}`;
    }
    this.taken.add(name);
    return name;
  }

  /** Replaces statements: their copies may take over the names. Where `of` throws, the names stay taken. */
  replacing<T>(body: readonly Stmt[], of: () => T): T {
    const released: string[] = [];
    visitBound(body, (name) => {
      if (this.taken.delete(name)) released.push(name);
    });
    try {
      return of();
    } catch (error) {
      for (const name of released) this.taken.add(name);
      throw error;
    }
  }
}

/** The name that a statement binds for those after it, or for its own body (loop variables). */
export function boundBy(stmt: Stmt): string | undefined {
  switch (stmt.kind) {
    case 'for':
      return stmt.variable;
    case 'let':
    case 'letIndex':
    case 'checkedIndex':
    case 'variable':
      return stmt.name;
    case 'local':
      return stmt.buffer.name;
    default:
      return undefined;
  }
}

/** Every name that is bound in the statements, at any depth. */
export function visitBound(body: readonly Stmt[], visit: (name: string) => void): void {
  for (const stmt of body) {
    const name = boundBy(stmt);
    if (name !== undefined) visit(name);
    for (const inner of bodiesOf(stmt)) visitBound(inner, visit);
  }
}
