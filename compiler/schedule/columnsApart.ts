/**
 * Columns that a product stores apart: split into heads whose width no vector divides, its result would leave the
 * registers element by element. Such a product is computed with its columns side by side, some rows at a time, into
 * scratch that stays in the first cache, and copied from there head by head.
 */
import { load } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import {
  add,
  constant,
  floorDiv,
  mod,
  multiply,
  substitute,
  variable,
  visitNames,
} from '../loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../loop/ir.ts';
import { localBuffer, loop as loopOf, store } from '../loop/ir.ts';
import { storageBytes } from '../loop/scalarType.ts';
import { simplifyBody } from '../loop/simplify.ts';
import type { Target } from '../target/target.ts';
import { strideOf } from './affine.ts';
import type { Access, Axis, Nest } from './nest.ts';
import { nestAt, productOf } from './nest.ts';
import type { Staged } from './stageNests.ts';
import type { Loop, Place } from './transform/place.ts';
import { Refused, rewriteLoop, unlessRefused } from './transform/place.ts';
import { expectIndependentLoops, nested, perfectNest } from './transform/reorder.ts';
import { copyBody, mapStmt } from './transform/rewrite.ts';
import { openStage, pullIntoStage } from './transform/stage.ts';

/** Rows of a block: register tiles need several. */
const LEAST_ROWS = 4;

/** @param program with the layouts of its values applied, nests marked where they are independent */
export function gatherColumns(program: LoopProgram, target: Target): Staged {
  const staged = new Set<string>();
  let current = program;
  for (const stmt of program.body) {
    if (stmt.kind !== 'for') continue;
    const split = splitOf(nestAt(current, stmt.variable), target);
    if (split === undefined) continue;
    current =
      unlessRefused(() =>
        rewriteLoop(current, stmt.variable, (nest, place) => {
          const stage = sideBySide(nest, split, place);
          staged.add(stage.variable);
          return [stage];
        }),
      ) ?? current;
  }
  return { program: current, staged };
}

interface Split {
  readonly stored: Access;
  /** Side by side in every operand: column `heads * columns.extent + columns`. */
  readonly heads: Required<Axis>;
  readonly columns: Required<Axis>;
  readonly others: readonly Axis[];
  /** Of `others`: what is cut into blocks, and how large they are. */
  readonly rows: string;
  readonly block: number;
}

function splitOf(nest: Nest, target: Target): Split | undefined {
  const { axes, accesses, kind } = nest;
  const [stored, ...more] = accesses.filter((access) => access.kind === 'store');
  if (kind !== 'contraction' || stored === undefined || more.length > 0) return undefined;
  const names = new Set(axes.map((axis) => axis.variable));
  if (!stored.indices.every((index) => mentionsOnly(index, names))) return undefined;
  const bytes = storageBytes(stored.buffer.storage);
  const lanes = target.vectorBytes / bytes;
  for (const columns of axes) {
    if (columns.extent === undefined || columns.extent % lanes === 0) continue;
    if (strideIn(stored, columns) !== 1) continue;
    const heads = axes.find((axis) => axis !== columns && areSideBySide(nest, axis, columns));
    if (heads?.extent === undefined || strideIn(stored, heads) === columns.extent) continue;
    const others = axes.filter((axis) => axis !== columns && axis !== heads);
    const [rows] = [...others].sort((a, b) => (b.extent ?? 0) - (a.extent ?? 0));
    if (productOf(others) === undefined || rows?.extent === undefined) continue;
    const most = target.cache[0] / 2 / (heads.extent * columns.extent * bytes);
    const block = largestDivisor(rows.extent, Math.min(most, rows.extent - 1));
    if (block < LEAST_ROWS) continue;
    const known = (axis: Axis): Required<Axis> => axis as Required<Axis>;
    return {
      stored,
      heads: known(heads),
      columns: known(columns),
      others,
      rows: rows.variable,
      block,
    };
  }
  return undefined;
}

/** Whether all operands hold the two axes as one, and the product has it as an axis of its own. */
function areSideBySide({ accesses }: Nest, heads: Axis, columns: Axis): boolean {
  let isColumn = false;
  for (const access of accesses) {
    if (access.kind === 'store') continue;
    const [outer, inner] = [strideIn(access, heads), strideIn(access, columns)];
    if (outer === 'irregular' || inner === 'irregular') return false;
    if (outer !== inner * columns.extent!) return false;
    isColumn ||= inner !== 0 && access.inner.length > 0;
  }
  return isColumn;
}

function strideIn({ position, facts }: Access, { variable: name }: Axis): number | 'irregular' {
  return strideOf(position, name, facts);
}

function mentionsOnly(index: Index, names: ReadonlySet<string>): boolean {
  let only = true;
  visitNames(index, (_, name) => {
    only &&= names.has(name);
  });
  return only;
}

function largestDivisor(of: number, most: number): number {
  for (let divisor = Math.floor(most); divisor > 0; divisor--) {
    if (of % divisor === 0) return divisor;
  }
  return 0;
}

/** Blocks of rows: the product into scratch, and what copies it to its places. Throws Refused. */
function sideBySide(nest: Loop, split: Split, place: Place): Loop {
  const { stored, heads, columns, others, rows, block } = split;
  const depth = others.length + 2;
  const { loops, body } = perfectNest(nest, place, depth);
  if (loops.length < depth) throw new Refused('the loops are not perfectly nested');
  expectIndependentLoops(loops, body, place);
  const { names, facts } = place;
  return names.replacing([nest], () => {
    const width = columns.extent!;
    const scratch = localBuffer(names.fresh(`${stored.buffer.name}_rows`), stored.buffer.storage, [
      ...others.map(({ extent }) => constant(extent!)),
      constant(heads.extent! * width),
    ]);

    const own = new Map(others.map(({ variable: name }) => [name, names.fresh(name)]));
    const column = names.fresh(columns.variable);
    const at: readonly Index[] = [...own.values(), column].map(variable);
    const indices = new Map<string, Index>([
      ...[...own].map(([name, fresh]): [string, Index] => [name, variable(fresh)]),
      [heads.variable, floorDiv(variable(column), width)],
      [columns.variable, mod(variable(column), width)],
    ]);
    const fill = loopsOver(
      [...others.map((axis) => ({ ...axis, variable: own.get(axis.variable)! }))],
      { variable: column, extent: heads.extent! * width },
      storedAs(copyBody(body, names, { indices }), stored, (value) => store(scratch, at, value)),
    );
    const [product] = simplifyBody([fill], facts);

    const axes = new Map(loops.map((loop) => [loop.variable, names.fresh(loop.variable)]));
    const renamed = (index: Index): Index =>
      substitute(index, (name) => (axes.has(name) ? variable(axes.get(name)!) : undefined));
    const from = [
      ...others.map((axis) => renamed(variable(axis.variable))),
      add(multiply(renamed(variable(heads.variable)), width), renamed(variable(columns.variable))),
    ];
    const [copy] = nested(
      loops.map((loop) => ({ ...loop, variable: axes.get(loop.variable)! })),
      [store(stored.buffer, stored.indices.map(renamed), load(scratch, from))],
    );

    const blocks = new Map(
      others.map(({ variable: name }) => [axes.get(name)!, name === rows ? block : 1]),
    );
    const stage = openStage(copy as Loop, blocks, depth, place);
    return pullIntoStage(stage, product as Loop, others.length + 1, scratch, place).stage;
  });
}

function loopsOver(outer: readonly Axis[], last: Axis, body: readonly Stmt[]): Stmt {
  const [result] = [...outer, last].reduceRight<readonly Stmt[]>(
    (inner, { variable: name, extent }) => [loopOf(name, constant(extent!), inner, 'parallel')],
    body,
  );
  return result!;
}

/** The one store of a nest as another one. */
function storedAs(
  body: readonly Stmt[],
  { buffer }: Access,
  as: (value: Extract<Stmt, { readonly kind: 'store' }>['value']) => Stmt,
): readonly Stmt[] {
  return body.map((stmt) =>
    stmt.kind === 'store' && stmt.buffer === buffer
      ? as(stmt.value)
      : mapStmt(stmt, {}, (inner) => storedAs(inner, { buffer } as Access, as)),
  );
}
