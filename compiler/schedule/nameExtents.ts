/**
 * Extents that are computed from sizes (a minimum of a size and a limit) become names at the top of the program: tiles
 * divide them, and proofs about a name with a range are short where those about its formula are not found.
 */
import type { Index } from '../loop/indexExpr.ts';
import { multiply, variable, visitNames } from '../loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../loop/ir.ts';
import { printIndex } from '../loop/print.ts';
import { Names } from './transform/names.ts';

export function nameExtents(program: LoopProgram): LoopProgram {
  const names = new Map<string, string>();
  const bound: Stmt[] = [];
  const taken = Names.of(program);
  const nameOf = (extent: Index): Index => {
    // Rows of every item: the number of items is what is computed.
    if (extent.kind === 'multiply' && extent.b.kind === 'constant') {
      return multiply(nameOf(extent.a), extent.b.value);
    }
    if (!isComputed(extent)) return extent;
    const key = printIndex(extent);
    let name = names.get(key);
    if (name === undefined) {
      name = taken.fresh('extent');
      names.set(key, name);
      bound.push({ kind: 'letIndex', name, value: extent });
    }
    return variable(name);
  };
  const rewrite = (stmts: readonly Stmt[]): readonly Stmt[] =>
    stmts.map((stmt) => {
      switch (stmt.kind) {
        case 'for':
          return { ...stmt, extent: nameOf(stmt.extent), body: rewrite(stmt.body) };
        case 'if':
          return { ...stmt, then: rewrite(stmt.then), otherwise: rewrite(stmt.otherwise) };
        case 'while':
          return { ...stmt, body: rewrite(stmt.body) };
        default:
          return stmt;
      }
    });
  const body = rewrite(program.body);
  return bound.length === 0 ? program : { ...program, body: [...bound, ...body] };
}

/** Over sizes alone, and more than one of them or a number. */
function isComputed(extent: Index): boolean {
  if (extent.kind !== 'min' && extent.kind !== 'max' && extent.kind !== 'choose') return false;
  let onlySizes = true;
  visitNames(extent, (kind) => {
    if (kind === 'variable') onlySizes = false;
  });
  return onlySizes;
}
