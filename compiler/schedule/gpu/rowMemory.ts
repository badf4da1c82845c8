/**
 * Memory that a group keeps for each of its rows: what the rows store for themselves, and partial results. Refuses rows
 * that are too long for it.
 */
import type { Buffer } from '../../loop/expr.ts';
import { load } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { constant } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf } from '../../loop/ir.ts';
import { storageBytes } from '../../loop/scalarType.ts';
import { visitLoads } from '../transform/independence.ts';
import type { Names } from '../transform/names.ts';
import { Refused } from '../transform/place.ts';
import { mapBody } from '../transform/rewrite.ts';
import type { GpuDevice } from './device.ts';

export class RowMemory {
  /** The group's own, by the name that the row has for it. */
  private readonly shared = new Map<string, Buffer>();
  private bytes = 0;

  constructor(
    private readonly rows: number,
    private readonly device: GpuDevice,
    private readonly names: Names,
  ) {}

  /** @param shape for one row. */
  of(hint: string, storage: Buffer['storage'], shape: readonly Index[]): Buffer {
    const elements = shape.reduce(
      (size, dim) => size * (dim.kind === 'constant' ? dim.value : Infinity),
      this.rows,
    );
    this.bytes += elements * storageBytes(storage);
    if (this.bytes > this.device.localBytes) throw new Refused('rows too long for group memory');
    const name = this.names.fresh(hint);
    return { name, storage, shape: [constant(this.rows), ...shape], lanes: 1, space: 'group' };
  }

  /** In place of a local of the row, for all items of the row. */
  share(buffer: Buffer): Buffer {
    if (buffer.space !== 'local' || buffer.lanes !== 1) throw new Refused('a register tile');
    const own = this.of(buffer.name, buffer.storage, buffer.shape);
    this.shared.set(buffer.name, own);
    return own;
  }

  /** A value of the whole row is read again later: memory that the row's parts write may have changed by then. */
  expectUnread(stmt: Stmt): void {
    visitLoads([stmt], ({ name }) => {
      if (this.shared.has(name)) throw new Refused(`a value of ${name}, which the row writes`);
    });
  }

  /** Statements of a row with the group's memory in place of the row's locals. */
  moved(body: readonly Stmt[], row: Index): readonly Stmt[] {
    if (this.shared.size === 0) return body;
    return this.stores(
      mapBody(body, {
        load: (expr) => {
          const own = this.shared.get(expr.buffer.name);
          return own ? load(own, [row, ...expr.indices], expr.lanes) : expr;
        },
      }),
      row,
    );
  }

  private stores(body: readonly Stmt[], row: Index): readonly Stmt[] {
    return body.map((stmt): Stmt => {
      if (stmt.kind === 'store') {
        const own = this.shared.get(stmt.buffer.name);
        return own ? { ...stmt, buffer: own, indices: [row, ...stmt.indices] } : stmt;
      }
      if (stmt.kind === 'if') {
        const [then, otherwise] = [stmt.then, stmt.otherwise].map((own) => this.stores(own, row));
        return { ...stmt, then: then!, otherwise: otherwise! };
      }
      const [inner] = bodiesOf(stmt);
      if (inner === undefined) return stmt;
      return { ...stmt, body: this.stores(inner, row) } as Stmt;
    });
  }
}
