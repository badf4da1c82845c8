/**
 * Simplifies a whole loop program under the facts of its loops and branches: indices in normal form, decided
 * conditions and selects resolved, loops of one iteration unwrapped, empty loops and branches gone. Keeps the
 * meaning exactly; run after lowering and after every schedule.
 */
import type { Expr } from './expr.ts';
import {
  binary,
  broadcast,
  cast,
  compare,
  lane,
  literal,
  load,
  pack,
  reduceLanes,
  select,
  unary,
} from './expr.ts';
import { Facts } from './facts.ts';
import type { Index } from './indexExpr.ts';
import { constant } from './indexExpr.ts';
import type { LoopProgram, SizeParameter, Stmt } from './ir.ts';
import { mentionsIndex } from './mentions.ts';
import { cornerOf } from './corner.ts';
import type { Polynomial } from './polynomial.ts';
import { constantOf, polyConstant } from './polynomial.ts';
import {
  assuming,
  decide,
  insideLoop,
  isAtMost,
  normalForm,
  simplifyIndex,
} from './simplifyIndex.ts';

export function simplifyProgram(program: LoopProgram): LoopProgram {
  return { ...program, body: simplifyBody(program.body, rootFacts(program)) };
}

/** What a program promises about its sizes. */
export function rootFacts(program: LoopProgram): Facts {
  return sizeFacts(program.sizes);
}

export function sizeFacts(sizes: readonly SizeParameter[]): Facts {
  const least = new Map(sizes.map(({ name, atLeast }) => [name, atLeast]));
  const free = Facts.of(least);
  const largest = new Map<string, Polynomial>();
  for (const { name, atMost } of sizes) {
    const form = atMost && normalForm(atMost, free);
    if (form !== undefined) largest.set(name, form);
  }
  return Facts.of(least, largest);
}

export function simplifyBody(body: readonly Stmt[], outer: Facts): readonly Stmt[] {
  let facts = outer;
  const result: Stmt[] = [];
  for (const stmt of body) {
    result.push(...simplifyStmt(stmt, facts));
    facts = factsAfter(stmt, facts);
  }
  return result;
}

/** Facts for the statements after one: names it binds. */
export function factsAfter(stmt: Stmt, facts: Facts): Facts {
  if (stmt.kind !== 'letIndex' && stmt.kind !== 'checkedIndex') return facts;
  const form = normalForm(stmt.kind === 'letIndex' ? stmt.value : stmt.extent, facts);
  if (form === undefined) return facts;
  if (stmt.kind === 'checkedIndex') return facts.within(stmt.name, form);
  if (isShort(form)) return facts.equals(stmt.name, form);
  const range = constantRange(form, facts);
  return range ? facts.bound(stmt.name, ...range) : facts.named(stmt.name, form);
}

/**
 * Of one division by a constant, as collapsed loops have them, or of one minimum with a constant, as sizes with a limit
 * have: proofs need the range of such an index and nothing of how it was made.
 */
function constantRange(
  form: Polynomial,
  facts: Facts,
): readonly [min: Polynomial, max: Polynomial] | undefined {
  const [term] = form.terms;
  const [atom] = term?.atoms ?? [];
  if (form.terms.length !== 1 || term?.coefficient !== 1 || term.atoms.length !== 1)
    return undefined;
  if (atom?.kind !== 'call' || atom.fn === 'max') return undefined;
  if (atom.fn === 'min') {
    const limit = constantOf(atom.a) ?? constantOf(atom.b);
    return proven(cornerOf(facts, form, 'min'), limit, form, facts);
  }
  const divisor = constantOf(atom.b);
  if (divisor === undefined || divisor < 1) return undefined;
  const isMod = atom.fn === 'mod';
  const least = isMod ? 0 : cornerOf(facts, form, 'min');
  const most = isMod ? divisor - 1 : cornerOf(facts, form, 'max');
  return proven(least, most, form, facts);
}

function proven(
  least: number | undefined,
  most: number | undefined,
  form: Polynomial,
  facts: Facts,
): readonly [min: Polynomial, max: Polynomial] | undefined {
  if (least === undefined || most === undefined) return undefined;
  const [min, max] = [polyConstant(least), polyConstant(most)];
  return isAtMost(min, form, facts) && isAtMost(form, max, facts) ? [min, max] : undefined;
}

/** A sum of multiples: as cheap as the name for it. */
function isShort({ terms }: Polynomial): boolean {
  return terms.every(({ atoms }) =>
    atoms.every(({ kind }) => kind !== 'call' && kind !== 'choose'),
  );
}

/** Facts in the two branches of an `if`. */
export function branchFacts(
  condition: Expr,
  facts: Facts,
): readonly [then: Facts, otherwise: Facts] {
  if (condition.kind === 'compareIndex') {
    const { condition: index } = condition;
    return [assuming(facts, index), assuming(facts, index, false)];
  }
  if (condition.kind === 'binary' && condition.op === 'and') {
    const [first] = branchFacts(condition.a, facts);
    return [branchFacts(condition.b, first)[0], facts];
  }
  return [facts, facts];
}

function simplifyStmt(stmt: Stmt, facts: Facts): readonly Stmt[] {
  const expr = (part: Expr): Expr => simplifyExpr(part, facts);
  const index = (part: Index): Index => simplifyIndex(part, facts);
  switch (stmt.kind) {
    case 'for': {
      const extent = index(stmt.extent);
      if (extent.kind === 'constant' && extent.value <= 0) return [];
      if (extent.kind === 'constant' && extent.value === 1) {
        const name = { kind: 'letIndex', name: stmt.variable, value: constant(0) } as const;
        const inner = simplifyBody(stmt.body, factsAfter(name, facts));
        // Only expressions too complex to simplify still refer to the name.
        return mentionsIndex(inner, stmt.variable) ? [name, ...inner] : inner;
      }
      const body = simplifyBody(stmt.body, insideLoop(facts, stmt.variable, extent));
      return body.length === 0 ? [] : [{ ...stmt, extent, body }];
    }
    case 'let':
    case 'assign':
      return [{ ...stmt, value: expr(stmt.value) }];
    case 'variable':
      return [{ ...stmt, initial: expr(stmt.initial) }];
    case 'letIndex':
      return [{ ...stmt, value: index(stmt.value) }];
    case 'checkedIndex':
      return [{ ...stmt, value: expr(stmt.value), extent: index(stmt.extent) }];
    case 'store':
      return [{ ...stmt, indices: stmt.indices.map(index), value: expr(stmt.value) }];
    case 'if': {
      const condition = expr(stmt.condition);
      const decided = literalOf(condition);
      const [whenTrue, whenFalse] = branchFacts(condition, facts);
      // A decided branch may bind names that its neighbours bind again only in other scopes: names are unique.
      if (decided !== undefined) {
        return decided ? simplifyBody(stmt.then, facts) : simplifyBody(stmt.otherwise, facts);
      }
      const then = simplifyBody(stmt.then, whenTrue);
      const otherwise = simplifyBody(stmt.otherwise, whenFalse);
      return then.length + otherwise.length === 0 ? [] : [{ ...stmt, condition, then, otherwise }];
    }
    case 'while': {
      const condition = expr(stmt.condition);
      if (literalOf(condition) === false) return [];
      return [{ ...stmt, condition, body: simplifyBody(stmt.body, facts) }];
    }
    case 'check': {
      const condition = expr(stmt.condition);
      return literalOf(condition) === true ? [] : [{ ...stmt, condition }];
    }
    case 'local':
    case 'comment':
      return [stmt];
  }
}

export function simplifyExpr(expr: Expr, facts: Facts): Expr {
  const part = (of: Expr): Expr => simplifyExpr(of, facts);
  switch (expr.kind) {
    case 'literal':
    case 'read':
      return expr;
    case 'load':
      return load(
        expr.buffer,
        expr.indices.map((index) => simplifyIndex(index, facts)),
        expr.lanes,
      );
    case 'indexValue': {
      const index = simplifyIndex(expr.index, facts);
      return index.kind === 'constant' ? literal('i64', index.value) : { ...expr, index };
    }
    case 'compareIndex': {
      const { op, a, b } = expr.condition;
      const decided = decide(expr.condition, facts);
      if (decided !== undefined) return literal('bool', Number(decided));
      return {
        ...expr,
        condition: { op, a: simplifyIndex(a, facts), b: simplifyIndex(b, facts) },
      };
    }
    case 'unary':
      return simplifyUnary(expr.op, part(expr.a));
    case 'binary':
      return simplifyBinary(expr.op, part(expr.a), part(expr.b));
    case 'compare':
      return compare(expr.op, part(expr.a), part(expr.b));
    case 'select': {
      const condition = part(expr.condition);
      const decided = literalOf(condition);
      if (decided !== undefined && condition.lanes === 1) {
        return part(decided ? expr.then : expr.otherwise);
      }
      return select(condition, part(expr.then), part(expr.otherwise));
    }
    case 'cast':
      return cast(expr.type, part(expr.a));
    case 'broadcast':
      return broadcast(part(expr.a), expr.lanes);
    case 'lane':
      return lane(part(expr.a), expr.lane);
    case 'pack':
      return pack(expr.elements.map(part));
    case 'reduceLanes':
      return reduceLanes(expr.op, part(expr.a));
  }
}

function simplifyUnary(op: Parameters<typeof unary>[0], a: Expr): Expr {
  const known = literalOf(a);
  return op === 'not' && known !== undefined ? literal('bool', known ? 0 : 1) : unary(op, a);
}

function simplifyBinary(op: Parameters<typeof binary>[0], a: Expr, b: Expr): Expr {
  const [x, y] = [literalOf(a), literalOf(b)];
  if (op === 'and' && (x !== undefined || y !== undefined)) {
    return x === false || y === false ? literal('bool', 0) : x === true ? b : a;
  }
  if (op === 'or' && (x !== undefined || y !== undefined)) {
    return x === true || y === true ? literal('bool', 1) : x === false ? b : a;
  }
  return binary(op, a, b);
}

/** The truth of a bool literal. */
function literalOf(expr: Expr): boolean | undefined {
  return expr.kind === 'literal' && expr.type === 'bool' ? expr.value !== 0 : undefined;
}
