/**
 * Which register tiles can be C variables, one an element: those that are addressed by constants once unrolled
 * loops are written out. The others are arrays.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { operandsOf } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../../loop/ir.ts';
import { indexNames } from '../names.ts';

/** More variables than this help no compiler. */
const MOST_ELEMENTS = 256;

export function namedTiles(body: readonly Stmt[]): ReadonlySet<Buffer> {
  const tiles = new Set<Buffer>();
  const spoilt = new Set<Buffer>();
  /** Names that are constants in every copy of an unrolled body. */
  const constants = new Set<string>();
  const isFixed = (index: Index): boolean => indexNames(index).every((name) => constants.has(name));

  const access = (buffer: Buffer, indices: readonly Index[], lanes: number): void => {
    if (lanes !== buffer.lanes || !indices.every((index) => isFixed(index) && !hasSize(index))) {
      spoilt.add(buffer);
    }
  };
  const expression = (expr: Expr): void => {
    if (expr.kind === 'load') access(expr.buffer, expr.indices, expr.lanes);
    operandsOf(expr).forEach(expression);
  };
  const statement = (stmt: Stmt): void => {
    if (stmt.kind === 'for' && stmt.mode === 'unrolled') constants.add(stmt.variable);
    if (stmt.kind === 'letIndex' && isFixed(stmt.value) && !hasSize(stmt.value)) {
      constants.add(stmt.name);
    }
    if (stmt.kind === 'local' && isSmallTile(stmt.buffer)) tiles.add(stmt.buffer);
    if (stmt.kind === 'store') access(stmt.buffer, stmt.indices, stmt.value.lanes);
    expressionsOf(stmt).forEach(expression);
    for (const inner of bodiesOf(stmt)) inner.forEach(statement);
  };
  body.forEach(statement);
  return new Set([...tiles].filter((tile) => !spoilt.has(tile)));
}

/** Elements of a buffer of constant shape. */
export function constantCount(buffer: Buffer): number | undefined {
  let count = 1;
  for (const dim of buffer.shape) {
    if (dim.kind !== 'constant') return undefined;
    count *= dim.value;
  }
  return count;
}

function isSmallTile(buffer: Buffer): boolean {
  const count = constantCount(buffer);
  return buffer.space === 'register' && count !== undefined && count <= MOST_ELEMENTS;
}

function hasSize(index: Index): boolean {
  switch (index.kind) {
    case 'constant':
    case 'variable':
      return false;
    case 'size':
      return true;
    case 'choose':
      return [index.condition.a, index.condition.b, index.then, index.otherwise].some(hasSize);
    default:
      return hasSize(index.a) || hasSize(index.b);
  }
}
