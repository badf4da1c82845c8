/**
 * Layouts of buffers applied to a program: buffers get their physical shape, every access its physical index.
 */
import type { Buffer } from '../../loop/expr.ts';
import { load } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import type { Layout } from '../../loop/layout.ts';
import { physicalIndex, physicalShape } from '../../loop/layout.ts';
import type { LoopProgram, Stmt } from '../../loop/ir.ts';
import { rootFacts, simplifyProgram } from '../../loop/simplify.ts';
import { simplifyIndex } from '../../loop/simplifyIndex.ts';
import { Refused } from './place.ts';
import { mapStmt } from './rewrite.ts';

/**
 * Buffers without an entry stay as they are. The result is simplified; values do not change. Refuses layouts
 * that do not fit the buffer, and buffers that are accessed as vectors already.
 */
export function relayout(program: LoopProgram, layouts: ReadonlyMap<string, Layout>): LoopProgram {
  if (layouts.size === 0) return program;
  const pass = new Relayout(program, layouts);
  return simplifyProgram({
    ...program,
    inputs: program.inputs.map((buffer) => pass.buffer(buffer)),
    outputs: program.outputs.map((buffer) => pass.buffer(buffer)),
    body: pass.body(program.body),
  });
}

class Relayout {
  private readonly changed = new Map<string, Buffer>();

  constructor(
    private readonly program: LoopProgram,
    private readonly layouts: ReadonlyMap<string, Layout>,
  ) {}

  buffer(buffer: Buffer): Buffer {
    const layout = this.layouts.get(buffer.name);
    if (layout === undefined) return buffer;
    let changed = this.changed.get(buffer.name);
    if (changed === undefined) {
      expectFits(layout, buffer);
      const facts = rootFacts(this.program);
      const shape = physicalShape(layout, buffer.shape).map((dim) => simplifyIndex(dim, facts));
      changed = { ...buffer, shape };
      this.changed.set(buffer.name, changed);
    }
    return changed;
  }

  body(body: readonly Stmt[]): readonly Stmt[] {
    return body.map((stmt) => this.stmt(stmt));
  }

  private stmt(stmt: Stmt): Stmt {
    const mapped = mapStmt(
      stmt,
      {
        buffer: (buffer) => this.buffer(buffer),
        load: ({ buffer, indices, lanes }) =>
          load(this.buffer(buffer), this.place(buffer, indices, lanes), lanes),
      },
      (inner) => this.body(inner),
    );
    if (stmt.kind !== 'store' || mapped.kind !== 'store') return mapped;
    return { ...mapped, indices: this.place(stmt.buffer, stmt.indices, stmt.value.lanes) };
  }

  private place(buffer: Buffer, indices: readonly Index[], lanes: number): readonly Index[] {
    const layout = this.layouts.get(buffer.name);
    if (layout === undefined) return indices;
    if (lanes !== 1) throw new Refused(`${buffer.name} is accessed as vectors already`);
    return physicalIndex(layout, indices);
  }
}

/** Every logical axis is covered exactly once: its quotient, and the remainders of each division. */
function expectFits(layout: Layout, { name, shape }: Buffer): void {
  shape.forEach((dim, axis) => {
    const parts = layout
      .filter((part) => part.axis === axis)
      .sort((a, b) => (a.divide ?? 1) - (b.divide ?? 1));
    let covered = 1;
    for (const { divide = 1, modulo } of parts) {
      if (divide !== covered) throw new Refused(`the layout of ${name} skips part of axis ${axis}`);
      covered = modulo === undefined ? Infinity : divide * modulo;
    }
    const whole = dim.kind === 'constant' && dim.value <= covered;
    if (!whole && covered !== Infinity) {
      throw new Refused(`the layout of ${name} is too small for axis ${axis}`);
    }
  });
  if (layout.some(({ axis }) => axis >= shape.length)) {
    throw new Refused(`the layout of ${name} has other axes`);
  }
}
