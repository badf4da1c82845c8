/**
 * Nests that walk the same rows one after the other become one where that keeps what the first stores on chip: the
 * exponentials of a softmax live for one row instead of in a tensor. Nests that are tiled stay apart, since
 * tiles want loops of their own.
 */
import { storageBytes } from '../loop/scalarType.ts';
import type { Buffer } from '../loop/expr.ts';
import type { LoopProgram, Stmt } from '../loop/ir.ts';
import { bodiesOf } from '../loop/ir.ts';
import type { Nest } from './nest.ts';
import { analyseNest, productOf } from './nest.ts';
import { isAlongRow } from './rows.ts';
import { ENOUGH_TILES, PARALLEL_WORK } from './tilePlan.ts';
import { fuseLoops } from './transform/fuseLoops.ts';
import { visitLoads, visitStores } from './transform/independence.ts';
import type { Loop } from './transform/place.ts';
import { rootPlace, unlessRefused } from './transform/place.ts';
import { shrinkLocals } from './transform/shrinkLocals.ts';

/** Of scratch: rows that stay in the first cache between their loops. */
const MOST_BYTES = 16 << 10;

/** @param fixed names of buffers whose layouts are chosen by others: their rows may not be rows in memory. */
export function fuseNests(program: LoopProgram, fixed: ReadonlySet<string>): LoopProgram {
  let current = program;
  for (let at = 0; at < current.body.length;) {
    const fused = fusedAt(current, at, fixed);
    if (fused === undefined) at++;
    else current = fused;
  }
  return current;
}

/** The program with the loop at `at` and the next one as one; `undefined` where that is not legal or gains nothing. */
function fusedAt(
  program: LoopProgram,
  at: number,
  fixed: ReadonlySet<string>,
): LoopProgram | undefined {
  const { body } = program;
  const first = body[at];
  const next = body.findIndex((stmt, i) => i > at && stmt.kind !== 'local');
  const second = body[next];
  if (first?.kind !== 'for' || second?.kind !== 'for') return undefined;
  const passed = passedBetween(first, second, body);
  if (passed.length === 0 || touches([first, second], fixed)) return undefined;
  const place = rootPlace(program);
  const nests = [first, second].map((loop) => analyseNest(loop, place.facts));
  if (!nests.every(walksRows)) return undefined;
  // Memory that the second one declares in between is declared before both.
  const between = body.slice(at + 1, next);
  const ordered = [...body.slice(0, at), ...between, first, ...body.slice(next)];
  const place1 = at + between.length;
  const fused = unlessRefused(() => fuseLoops(ordered, place1, place));
  if (fused === undefined) return undefined;
  const shrunk = shrinkLocals({ ...program, body: fused });
  const stays = shrunk.body.some(
    (stmt) => stmt.kind === 'local' && passed.some(({ name }) => name === stmt.buffer.name),
  );
  const loop = shrunk.body.find(
    (stmt): stmt is Loop => stmt.kind === 'for' && stmt.variable === first.variable,
  );
  if (stays || loop === undefined) return undefined;
  const nest = analyseNest(loop, place.facts);
  if (!walksRows(nest) || scratchOf([loop]) > MOST_BYTES) return undefined;
  // Windows that slide along what would be a row lose their own schedule: vectors of neighbouring windows.
  const slides = ({ kind, axes }: Nest): boolean =>
    kind === 'window' && axes.length > nest.axes.length;
  if (nests.some(slides)) return undefined;
  // Few long rows: several threads get their parts of the two nests, but not of the one.
  const isShort = nest.work !== undefined && nest.work < PARALLEL_WORK;
  const rows = productOf(nest.axes) ?? Infinity;
  return isShort || rows >= ENOUGH_TILES ? shrunk : undefined;
}

function walksRows(nest: Nest): boolean {
  const { kind } = nest;
  if (kind === 'contraction' || kind === 'generic' || kind === 'total') return false;
  return isAlongRow(nest);
}

/** Memory of the program's own that the first loop fills and the second one reads. */
function passedBetween(first: Loop, second: Loop, body: readonly Stmt[]): readonly Buffer[] {
  const stored = new Set<Buffer>();
  visitStores([first], ({ buffer }) => stored.add(buffer));
  const passed = new Set<Buffer>();
  visitLoads([second], (buffer) => {
    if (stored.has(buffer)) passed.add(buffer);
  });
  const locals = body.flatMap((stmt) => (stmt.kind === 'local' ? [stmt.buffer] : []));
  return locals.filter((buffer) => passed.has(buffer));
}

function touches(loops: readonly Loop[], names: ReadonlySet<string>): boolean {
  let found = false;
  visitLoads(loops, ({ name }) => {
    found ||= names.has(name);
  });
  visitStores(loops, ({ buffer }) => {
    found ||= names.has(buffer.name);
  });
  return found;
}

/** Bytes of locals anywhere inside. */
function scratchOf(body: readonly Stmt[]): number {
  let bytes = 0;
  for (const stmt of body) {
    if (stmt.kind === 'local') {
      bytes += stmt.buffer.shape.reduce(
        (size, dim) => size * (dim.kind === 'constant' ? dim.value : Infinity),
        storageBytes(stmt.buffer.storage),
      );
    }
    for (const inner of bodiesOf(stmt)) bytes += scratchOf(inner);
  }
  return bytes;
}
