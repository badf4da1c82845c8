/**
 * Where a transform works: the facts that hold there and the names that are taken. Transforms are functions
 * from statements to statements; `rewriteLoop` applies one to the loop of a given variable inside a program.
 * A transform that is not legal (or not proven to be) throws `Refused`; nothing is changed then.
 */
import type { Facts } from '../../loop/facts.ts';
import type { LoopProgram, Stmt } from '../../loop/ir.ts';
import { bodiesOf } from '../../loop/ir.ts';
import { branchFacts, factsAfter, rootFacts } from '../../loop/simplify.ts';
import { insideLoop } from '../../loop/simplifyIndex.ts';
import { Names } from './names.ts';

export type Loop = Extract<Stmt, { readonly kind: 'for' }>;

/** Why a transform does not apply: for people who read schedules, not for users. */
export class Refused extends Error {
  constructor(readonly reason: string) {
    super(reason);
    this.name = 'Refused';
  }
}

/** The result, or `undefined` where a transform refuses. */
export function unlessRefused<T>(of: () => T): T | undefined {
  try {
    return of();
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

export interface Place {
  /** Of loops, branches and bound indices around the statements at hand. */
  readonly facts: Facts;
  /** Of the whole program. */
  readonly names: Names;
}

/** The place of a program's outermost statements. */
export function rootPlace(program: LoopProgram): Place {
  return { facts: rootFacts(program), names: Names.of(program) };
}

/** The place inside a loop's body. */
export function insideOf({ variable, extent }: Loop, { facts, names }: Place): Place {
  return { facts: insideLoop(facts, variable, extent), names };
}

/** Replaces the loop over `variable`, wherever it stands. Refuses where the program has no such loop. */
export function rewriteLoop(
  program: LoopProgram,
  variable: string,
  rewrite: (loop: Loop, place: Place) => readonly Stmt[],
): LoopProgram {
  const place = rootPlace(program);
  const body = rewriteIn(program.body, variable, rewrite, place);
  if (body === undefined) throw new Refused(`no loop over ${variable}`);
  return { ...program, body };
}

/** As `rewriteLoop`, in a statement list; `undefined` where the loop is not in it. */
export function rewriteIn(
  body: readonly Stmt[],
  variable: string,
  rewrite: (loop: Loop, place: Place) => readonly Stmt[],
  { facts: outer, names }: Place,
): readonly Stmt[] | undefined {
  let facts = outer;
  for (const [at, stmt] of body.entries()) {
    const replaced = rewriteStmt(stmt, variable, rewrite, { facts, names });
    if (replaced !== undefined) return [...body.slice(0, at), ...replaced, ...body.slice(at + 1)];
    facts = factsAfter(stmt, facts);
  }
  return undefined;
}

function rewriteStmt(
  stmt: Stmt,
  variable: string,
  rewrite: (loop: Loop, place: Place) => readonly Stmt[],
  place: Place,
): readonly Stmt[] | undefined {
  if (bodiesOf(stmt).length === 0) return undefined;
  if (stmt.kind === 'for' && stmt.variable === variable) return rewrite(stmt, place);
  const inside = (body: readonly Stmt[], facts = place.facts): readonly Stmt[] | undefined =>
    rewriteIn(body, variable, rewrite, { ...place, facts });
  switch (stmt.kind) {
    case 'for': {
      const body = inside(stmt.body, insideOf(stmt, place).facts);
      return body && [{ ...stmt, body }];
    }
    case 'while': {
      const body = inside(stmt.body);
      return body && [{ ...stmt, body }];
    }
    case 'if': {
      const [whenTrue, whenFalse] = branchFacts(stmt.condition, place.facts);
      const then = inside(stmt.then, whenTrue);
      if (then !== undefined) return [{ ...stmt, then }];
      const otherwise = inside(stmt.otherwise, whenFalse);
      return otherwise && [{ ...stmt, otherwise }];
    }
    default:
      return undefined;
  }
}
