/**
 * What a stretch of the root binds and later statements read, once a work-group of its own runs the stretch: values pass
 * through memory, indices are made again from them.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { indexValue, load, read } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { constant, substitute, variable, ZERO } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { localBuffer, store } from '../../loop/ir.ts';
import type { ScalarType } from '../../loop/scalarType.ts';
import { boundBy } from '../transform/names.ts';
import type { Place } from '../transform/place.ts';
import { Refused } from '../transform/place.ts';
import { mapBody } from '../transform/rewrite.ts';
import { assigns, mentionsName } from './totals.ts';

export class StretchResults {
  readonly memory: Buffer[] = [];
  readonly stores: Stmt[] = [];
  readonly after: readonly Stmt[];

  constructor(part: readonly Stmt[], rest: readonly Stmt[], { names }: Place) {
    const loads = new Map<string, Buffer>();
    const indices = new Map<string, Index>();
    const again: Stmt[] = [];
    const index = (of: Index): Index => substitute(of, (name) => indices.get(name));
    const keep = (name: string, type: ScalarType, value: Expr): Buffer => {
      const buffer = localBuffer(names.fresh(`${name}Found`), type, [constant(1)]);
      this.memory.push(buffer);
      this.stores.push(store(buffer, [ZERO], value));
      return buffer;
    };
    for (const stmt of part) {
      const name = boundBy(stmt);
      if (name === undefined || stmt.kind === 'for' || !mentionsName(rest, name)) continue;
      if (assigns(rest, name)) throw new Refused(`${name} changes later`);
      if (stmt.kind === 'let' || stmt.kind === 'variable') {
        const { type, lanes } = stmt.kind === 'let' ? stmt.value : stmt.initial;
        if (lanes !== 1) throw new Refused(`${name} is a vector`);
        loads.set(name, keep(name, type, read(name, type)));
      } else if (stmt.kind === 'checkedIndex') {
        const own = keep(name, 'i64', indexValue(variable(name)));
        const copy = names.fresh(name);
        const extent = index(stmt.extent);
        again.push({ ...stmt, name: copy, value: load(own, [ZERO]), extent });
        indices.set(name, variable(copy));
      } else if (stmt.kind === 'letIndex') {
        const copy = names.fresh(name);
        again.push({ ...stmt, name: copy, value: index(stmt.value) });
        indices.set(name, variable(copy));
      }
    }
    const renamed = mapBody(rest, {
      index,
      read: (expr) => {
        const buffer = loads.get(expr.name);
        return buffer ? load(buffer, [ZERO]) : expr;
      },
    });
    this.after = [...again, ...(loads.size + indices.size === 0 ? rest : renamed)];
  }
}
