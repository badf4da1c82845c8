// Whether a program scheduled for a GPU is one: it means what the lowered program means, every access is proven, and
// its groups and items have the shape that emitters rely on.
import { expect } from 'vitest';
import type { Buffer, Expr } from '../../../../compiler/loop/expr.ts';
import { operandsOf } from '../../../../compiler/loop/expr.ts';
import type { LoopProgram, Stmt } from '../../../../compiler/loop/ir.ts';
import { bodiesOf, expressionsOf } from '../../../../compiler/loop/ir.ts';
import type { Layout } from '../../../../compiler/loop/layout.ts';
import type { NestNote } from '../../../../compiler/schedule/schedule.ts';
import { scheduleGpu } from '../../../../compiler/schedule/gpu/scheduleGpu.ts';
import type { Target } from '../../../../compiler/target/target.ts';
import { TARGETS } from '../../../../compiler/target/target.ts';
import type { Comparison } from '../transform/equality.ts';
import { expectSame } from '../transform/equality.ts';

/** Small, so that small shapes fill several groups and leave tails. */
export const GPU: Target = { ...TARGETS.opencl, name: 'small', computeUnits: 16, groupSize: 64 };

export interface Judged {
  readonly program: LoopProgram;
  readonly nests: readonly NestNote[];
  readonly packed: ReadonlyMap<string, Layout>;
}

/** Schedules, compares on the interpreter, checks the shape. Constants: all inputs but the first. */
export function expectScheduled(
  program: LoopProgram,
  target: Target = GPU,
  comparison: Comparison = { tolerance: 1e-5 },
): Judged {
  const constants = new Set(program.inputs.slice(1).map(({ name }) => name));
  const scheduled = scheduleGpu(program, { target, constants, layouts: new Map() });
  expectSame(program, scheduled.program, { ...comparison, layouts: scheduled.packed });
  expect(problemsOf(scheduled.program)).toEqual([]);
  return scheduled;
}

/** Breaches of the contract between schedules and the emitters of GPU programs. */
export function problemsOf(program: LoopProgram): readonly string[] {
  const problems: string[] = [];
  for (const stmt of program.body) checkRoot(stmt, problems);
  return problems;
}

function checkRoot(stmt: Stmt, problems: string[]): void {
  if (stmt.kind !== 'for' || stmt.mode !== 'group') {
    if (modesIn([stmt]).some((mode) => mode === 'group' || mode === 'item')) {
      problems.push('groups stand at the root, items inside of them');
    }
    return;
  }
  let body: readonly Stmt[] = [stmt];
  let depth = 0;
  for (;;) {
    const [only] = body;
    if (only?.kind !== 'for' || only.mode !== 'group') break;
    if (body.length > 1) problems.push('groups are perfectly nested');
    body = only.body;
    depth++;
  }
  if (depth > 3) problems.push(`${depth} levels of groups`);
  if (modesIn(body).includes('group')) problems.push('groups are outermost');
  const extents = new Set<string>();
  checkGroup(body, problems, extents);
  if (extents.size !== 1) problems.push(`item nests of ${[...extents].join(' and ')}`);
  checkItemBuffers(body, problems);
}

function checkGroup(body: readonly Stmt[], problems: string[], extents: Set<string>): void {
  for (const stmt of body) {
    if (stmt.kind === 'store') problems.push('a store outside of items');
    if (stmt.kind !== 'for') {
      for (const inner of bodiesOf(stmt)) checkGroup(inner, problems, extents);
      continue;
    }
    if (stmt.mode === 'serial') {
      checkGroup(stmt.body, problems, extents);
      continue;
    }
    if (stmt.mode !== 'item') problems.push(`a ${stmt.mode} loop in a group`);
    const sizes: string[] = [];
    let inner: readonly Stmt[] = [stmt];
    for (;;) {
      const [only] = inner;
      if (only?.kind !== 'for' || only.mode !== 'item') break;
      if (only.extent.kind !== 'constant') problems.push('items are constant in number');
      else sizes.push(`${only.extent.value}`);
      inner = only.body;
    }
    if (modesIn(inner).some((mode) => mode !== 'serial' && mode !== 'unrolled')) {
      problems.push('an item runs serial loops');
    }
    extents.add(sizes.join('x'));
    checkAssigned(inner, problems);
  }
}

/** An item's assignments are its own: the other items do not see them. */
function checkAssigned(body: readonly Stmt[], problems: string[], declared: string[] = []): void {
  const own = [...declared];
  for (const stmt of body) {
    if (stmt.kind === 'variable') own.push(stmt.name);
    if (stmt.kind === 'assign' && !own.includes(stmt.name)) {
      problems.push(`${stmt.name} of all items is assigned by one`);
    }
    for (const inner of bodiesOf(stmt)) checkAssigned(inner, problems, own);
  }
}

/** Memory of items is only touched by their own. */
function checkItemBuffers(body: readonly Stmt[], problems: string[]): void {
  const visit = (stmts: readonly Stmt[], items: readonly string[]): void => {
    const access = ({ space, name }: Buffer, indices: readonly unknown[]): void => {
      if (space !== 'item') return;
      const own = items.every(
        (item, at) =>
          JSON.stringify(indices[at]) === JSON.stringify({ kind: 'variable', name: item }),
      );
      if (!own || items.length === 0) problems.push(`${name} of one item is touched by others`);
    };
    const expr = (of: Expr): void => {
      if (of.kind === 'load') access(of.buffer, of.indices);
      operandsOf(of).forEach(expr);
    };
    for (const stmt of stmts) {
      expressionsOf(stmt).forEach(expr);
      if (stmt.kind === 'store') access(stmt.buffer, stmt.indices);
      const inside = stmt.kind === 'for' && stmt.mode === 'item';
      for (const inner of bodiesOf(stmt))
        visit(inner, inside ? [...items, (stmt as { variable: string }).variable] : items);
    }
  };
  visit(body, []);
}

function modesIn(body: readonly Stmt[]): readonly string[] {
  return body.flatMap((stmt) => [
    ...(stmt.kind === 'for' ? [stmt.mode] : []),
    ...bodiesOf(stmt).flatMap(modesIn),
  ]);
}
