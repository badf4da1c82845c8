/**
 * Transposed copies of operands: where the vectors of a product run across the rows of a value that is no constant
 * (K in attention), the kernel copies it first, once for all tiles, with the vector axis innermost.
 */
import type { Buffer, Expr } from '../loop/expr.ts';
import { load } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { constant, substitute, variable, visitNames } from '../loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../loop/ir.ts';
import { localBuffer, loop, store } from '../loop/ir.ts';
import { rootFacts } from '../loop/simplify.ts';
import { insideLoop, isWithin } from '../loop/simplifyIndex.ts';
import type { Access, Axis, Nest } from './nest.ts';
import { dependsOn } from './nest.ts';
import { Names } from './transform/names.ts';
import { rewriteLoop } from './transform/place.ts';
import { mapBody } from './transform/rewrite.ts';

export interface Turn {
  readonly access: Access;
  /** Variable of the vector axis. */
  readonly columns: string;
}

/** Elements that a copy may have. */
const MOST_ELEMENTS = 2 ** 24;

/** Whether the access is of loops of the nest alone, unconditional, and many times of each element. */
export function canTurn(access: Access, nest: Nest, columns: Axis): boolean {
  if (nest.kind !== 'contraction') return false;
  const loops = [...nest.axes, ...nest.inner];
  if (loops.some(({ extent }) => extent === undefined)) return false;
  const known = new Set(loops.map((axis) => axis.variable));
  let own = true;
  for (const index of access.indices) {
    visitNames(index, (kind, name) => {
      own &&= kind === 'variable' && known.has(name);
    });
  }
  const { buffer } = access;
  const written = nest.accesses.some((other) => other.kind === 'store' && other.buffer === buffer);
  // A window reads elements again and again: its copy would hold every one of them as often.
  const slides = access.indices.some(
    (index) =>
      loops.filter(({ variable: name }) => dependsOn({ indices: [index] }, name)).length > 2,
  );
  const elements = turnedElements(access, nest);
  const size = buffer.shape.reduce((n, dim) => n * (dim.kind === 'constant' ? dim.value : 1), 1);
  if (!own || written || slides || elements > MOST_ELEMENTS || elements > 2 * size) return false;
  return dependsOn(access, columns.variable) && isSafe(access, loops);
}

export function turnedElements(access: Access, nest: Nest): number {
  return axesOf(access, nest).reduce((product, { extent }) => product * (extent ?? 1), 1);
}

/** In range for all iterations, conditions aside. */
function isSafe({ buffer, indices }: Access, loops: readonly Axis[]): boolean {
  const none = { name: '', sizes: [], inputs: [], outputs: [], body: [] };
  const facts = loops.reduce(
    (at, { variable: name, extent }) => insideLoop(at, name, constant(extent!)),
    rootFacts(none),
  );
  return indices.every((index, axis) => isWithin(index, buffer.shape[axis]!, facts));
}

function axesOf(access: Access, nest: Nest): readonly Axis[] {
  return [...nest.axes, ...nest.inner].filter(({ variable: name }) => dependsOn(access, name));
}

/** The program with the copy in front of the nest, and the nest reading it. Also the copy's loop variable. */
export function turnOperand(
  program: LoopProgram,
  nest: Nest,
  { access, columns }: Turn,
): { readonly program: LoopProgram; readonly copy: string } {
  const names = Names.of(program);
  const axes = [...axesOf(access, nest)].sort(
    (a, b) => Number(a.variable === columns) - Number(b.variable === columns),
  );
  const extents = axes.map(({ extent }) => constant(extent!));
  const { storage, name } = access.buffer;
  const turned = localBuffer(names.fresh(`${name}_turned`), storage, extents);
  const own = new Map(axes.map(({ variable: of }) => [of, names.fresh(`${of}t`)]));
  const at = (index: Index): Index =>
    substitute(index, (of) => (own.has(of) ? variable(own.get(of)!) : undefined));
  const value = load(access.buffer, access.indices.map(at));
  const place = axes.map(({ variable: of }) => variable(own.get(of)!));
  const fill = axes.reduceRight<Stmt>(
    (body, { variable: of }, i) => loop(own.get(of)!, extents[i]!, [body], 'parallel'),
    store(turned, place, value),
  );
  const indices = axes.map(({ variable: of }) => variable(of));
  const reading = (expr: Extract<Expr, { readonly kind: 'load' }>): Expr =>
    isSame(expr, access) ? load(turned, indices) : expr;
  const result = rewriteLoop(program, nest.loop.variable, (old) => [
    { kind: 'local', buffer: turned },
    fill,
    ...mapBody([old], { load: reading }),
  ]);
  return { program: result, copy: own.get(axes[0]!.variable)! };
}

function isSame(
  expr: { readonly buffer: Buffer; readonly indices: readonly Index[] },
  access: Access,
): boolean {
  return (
    expr.buffer === access.buffer && JSON.stringify(expr.indices) === JSON.stringify(access.indices)
  );
}
