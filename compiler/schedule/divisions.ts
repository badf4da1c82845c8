/**
 * Loops are cut so that indices need no div and mod: a loop over rows of heads becomes two, over heads and over
 * columns. Reshapes, transposes and strided scatters leave such indices behind; without them accesses are linear
 * in every loop, which is what vectors and tiles need.
 */
import type { Index } from '../loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../loop/ir.ts';
import type { Expr } from '../loop/expr.ts';
import { indicesOf, operandsOf } from '../loop/expr.ts';
import { stmtIndices } from '../loop/mentions.ts';
import { rewriteLoop, unlessRefused } from './transform/place.ts';
import { splitLoop } from './transform/splitLoop.ts';

/** Cuts in one program. */
const MOST_CUTS = 12;

/** @param within statements of the root to look at; default: all. */
export function matchDivisions(
  program: LoopProgram,
  within: (stmt: Stmt) => boolean = () => true,
): LoopProgram {
  let current = program;
  const refused = new Set<string>();
  for (let cut = 0; cut < MOST_CUTS; cut++) {
    const found = smallestDivision(current.body.filter(within), refused);
    if (found === undefined) return current;
    const next = unlessRefused(() =>
      rewriteLoop(current, found.variable, (loop, place) => splitLoop(loop, found.divisor, place)),
    );
    if (next === undefined) refused.add(found.variable);
    else current = next;
  }
  return current;
}

interface Division {
  readonly variable: string;
  readonly divisor: number;
}

/**
 * A variable that is divided by what its extent is a multiple of, and not all of it; the smallest such divisor. A batch
 * that only a run knows times rows of each item is such an extent.
 */
function smallestDivision(
  body: readonly Stmt[],
  refused: ReadonlySet<string>,
): Division | undefined {
  const extents = new Map<string, Index>();
  let best: Division | undefined;
  const visitIndex = (index: Index): void => {
    if (index.kind === 'floorDiv' || index.kind === 'mod') {
      const divisor = index.b.kind === 'constant' ? index.b.value : 0;
      for (const { name, factor } of linearParts(index.a)) {
        const extent = extents.get(name);
        const step = factor !== 0 && divisor % factor === 0 ? divisor / factor : 0;
        if (extent === undefined || step < 2 || refused.has(name)) continue;
        if (extent.kind === 'constant' && step >= extent.value) continue;
        if (constantFactor(extent) % step !== 0) continue;
        if (best === undefined || step < best.divisor) best = { variable: name, divisor: step };
      }
    }
    for (const part of partsOf(index)) visitIndex(part);
  };
  const visitExpr = (expr: Expr): void => {
    indicesOf(expr).forEach(visitIndex);
    operandsOf(expr).forEach(visitExpr);
  };
  const visit = (stmts: readonly Stmt[]): void => {
    for (const stmt of stmts) {
      if (stmt.kind === 'for') extents.set(stmt.variable, stmt.extent);
      stmtIndices(stmt).forEach(visitIndex);
      expressionsOf(stmt).forEach(visitExpr);
      bodiesOf(stmt).forEach(visit);
    }
  };
  visit(body);
  return best;
}

/** What every value of an extent is a multiple of. */
function constantFactor(extent: Index): number {
  if (extent.kind === 'constant') return extent.value;
  if (extent.kind !== 'multiply') return 1;
  return constantFactor(extent.a) * constantFactor(extent.b);
}

function partsOf(index: Index): readonly Index[] {
  switch (index.kind) {
    case 'constant':
    case 'variable':
    case 'size':
      return [];
    case 'choose':
      return [index.condition.a, index.condition.b, index.then, index.otherwise];
    default:
      return [index.a, index.b];
  }
}

/** Variables that are added up in an index, with their factors. */
function linearParts(index: Index): readonly { readonly name: string; readonly factor: number }[] {
  if (index.kind === 'variable') return [{ name: index.name, factor: 1 }];
  if (index.kind === 'add') return [...linearParts(index.a), ...linearParts(index.b)];
  if (index.kind !== 'multiply') return [];
  const [value, factor] = index.b.kind === 'constant' ? [index.a, index.b.value] : [index.b, 0];
  return linearParts(value).map((part) => ({ ...part, factor: part.factor * factor }));
}
