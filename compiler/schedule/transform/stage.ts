/**
 * Stages: a nest is done block by block, and what it reads of memory that an earlier nest fills is filled block by
 * block as well, into scratch that stays in a cache. `openStage` cuts the reader into blocks, `pullIntoStage` brings one
 * filling nest inside; pulling goes on from reader to reader, so that chains of nests become one stage.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { load } from '../../loop/expr.ts';
import type { Index } from '../../loop/indexExpr.ts';
import {
  add,
  constant,
  floorDiv,
  mod,
  multiply,
  product,
  subtract,
  variable,
  visitNames,
  ZERO,
} from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf, loop as loopOf } from '../../loop/ir.ts';
import { factsAfter, simplifyBody } from '../../loop/simplify.ts';
import { isWithin } from '../../loop/simplifyIndex.ts';
import type { Stretch } from './footprint.ts';
import { footprintOf } from './footprint.ts';
import { visitLoads, visitStores } from './independence.ts';
import type { Loop, Place } from './place.ts';
import { insideOf, Refused } from './place.ts';
import { expectIndependentLoops, nested, perfectNest } from './reorder.ts';
import { copyBody, mapStmt } from './rewrite.ts';

/**
 * One parallel loop over blocks, and the nest inside for one block.
 *
 * @param blocks iterations of a block by loop variable, outermost first: divisors of the extents. Loops without an
 *   entry stay whole.
 * @param depth how many loops the nest has
 */
export function openStage(
  nest: Loop,
  blocks: ReadonlyMap<string, number>,
  depth: number,
  place: Place,
): Loop {
  const { loops, body } = perfectNest(nest, place, depth);
  if (loops.length < depth) throw new Refused('the loops are not perfectly nested');
  expectIndependentLoops(loops, body, place);
  const { names, facts } = place;
  return names.replacing([nest], () => {
    const stage = names.fresh(`${nest.variable}s`);
    const indices = new Map<string, Index>();
    const cut = [...blocks].map(([name, size]) => {
      const extent = loops.find((loop) => loop.variable === name)?.extent;
      if (extent?.kind !== 'constant' || extent.value % size !== 0) {
        throw new Refused(`blocks of ${size} do not divide ${name}`);
      }
      return { name, size, count: extent.value / size };
    });
    const header: Stmt[] = [];
    const inner: Loop[] = [];
    const starts = new Map<string, Index>();
    cut.forEach(({ name, size, count }, at) => {
      const after = product(cut.slice(at + 1).map((other) => constant(other.count)));
      const quotient = floorDiv(variable(stage), after);
      const value = at === 0 ? quotient : mod(quotient, count);
      const own = names.fresh(name);
      header.push({ kind: 'letIndex', name: own, value });
      starts.set(name, multiply(variable(own), size));
    });
    for (const { variable: name, extent } of loops) {
      const size = blocks.get(name);
      const start = starts.get(name) ?? ZERO;
      if (size === 1) {
        indices.set(name, start);
        continue;
      }
      const own = names.fresh(`${name}i`);
      indices.set(name, add(start, variable(own)));
      const length = size === undefined ? extent : constant(size);
      inner.push(loopOf(own, length, [], 'parallel') as Loop);
    }
    if (inner.length === 0) throw new Refused('nothing is left inside of a block');
    const copied = nested(inner, copyBody(body, names, { indices }));
    const count = constant(cut.reduce((all, each) => all * each.count, 1));
    return simplified(loopOf(stage, count, [...header, ...copied], 'parallel'), { facts, names });
  });
}

export interface Pulled {
  readonly stage: Loop;
  readonly scratch: Buffer;
  /** Times that an element is computed, on average. */
  readonly repeated: number;
}

/**
 * The stage with the nest that fills `buffer` inside: for the part that one block reads, into scratch. The nest is
 * gone from where it was, so nothing else may read the buffer.
 *
 * @param depth how many loops the filling nest has
 */
export function pullIntoStage(
  stage: Loop,
  filling: Loop,
  depth: number,
  buffer: Buffer,
  place: Place,
): Pulled {
  const extents = buffer.shape.map((dim) => {
    if (dim.kind !== 'constant') throw new Refused(`the shape of ${buffer.name} is not constant`);
    return dim.value;
  });
  const { loops, body } = perfectNest(filling, place, depth);
  if (loops.length < depth) throw new Refused('the loops are not perfectly nested');
  expectIndependentLoops(loops, body, place);
  const stored = onlyStore(body, buffer);
  const split = stage.body.findIndex(({ kind }) => kind !== 'letIndex');
  const [header, rest] = [stage.body.slice(0, split), stage.body.slice(split)];
  const outer = new Set([stage.variable]);
  let { facts } = insideOf(stage, place);
  for (const stmt of header) {
    if (stmt.kind === 'letIndex') outer.add(stmt.name);
    facts = factsAfter(stmt, facts);
  }
  const stretches = footprintOf(rest, buffer, outer, facts);
  if (stretches === undefined) throw new Refused(`the stage does not read ${buffer.name}`);
  const { names } = place;
  const scratch: Buffer = {
    ...buffer,
    name: names.fresh(buffer.name),
    shape: stretches.map(({ length }) => constant(length)),
  };
  const inside = { facts, names };
  const fill = names.replacing([filling], () =>
    filled({ loops, body, stored, stretches, extents, buffer, scratch }, inside),
  );
  const moved = readFrom(rest, buffer, scratch, stretches);
  const whole = [...header, { kind: 'local', buffer: scratch } as const, ...fill, ...moved];
  const elements = (parts: readonly number[]): number => parts.reduce((a, b) => a * b, 1);
  const times = stage.extent.kind === 'constant' ? stage.extent.value : Infinity;
  return {
    stage: simplified({ ...stage, body: whole }, place),
    scratch,
    repeated: (times * elements(stretches.map(({ length }) => length))) / elements(extents),
  };
}

function simplified(stage: Stmt, { facts }: Place): Loop {
  const [result] = simplifyBody([stage], facts);
  if (result?.kind !== 'for') throw new Refused('a single block');
  return result;
}

type Store = Extract<Stmt, { readonly kind: 'store' }>;

/** The one store of the nest; everything else it writes is its own. */
function onlyStore(body: readonly Stmt[], buffer: Buffer): Store {
  const own = new Set<Buffer>();
  const visit = (list: readonly Stmt[]): void => {
    for (const stmt of list) {
      if (stmt.kind === 'local') own.add(stmt.buffer);
      bodiesOf(stmt).forEach(visit);
    }
  };
  visit(body);
  const stores: Store[] = [];
  visitStores(body, (stmt) => own.has(stmt.buffer) || stores.push(stmt));
  const [only] = stores;
  if (stores.length !== 1 || only?.buffer !== buffer) throw new Refused('it fills something else');
  visitLoads(body, (read) => {
    if (read === buffer) throw new Refused(`it reads ${buffer.name}`);
  });
  return only;
}

interface Filling {
  readonly loops: readonly Loop[];
  readonly body: readonly Stmt[];
  readonly stored: Store;
  readonly stretches: readonly Stretch[];
  readonly extents: readonly number[];
  readonly buffer: Buffer;
  readonly scratch: Buffer;
}

/** The filling nest over the elements of the scratch. */
function filled(filling: Filling, { facts: outer, names }: Place): readonly Stmt[] {
  const { loops, body, stored, stretches, extents, buffer, scratch } = filling;
  const axes = new Map(loops.map((loop) => [loop.variable, loop]));
  const indices = new Map<string, Index>();
  const own: Loop[] = [];
  let facts = outer;
  const places = stored.indices.map((index, axis): Index | undefined => {
    const { start, length, isWhole } = stretches[axis]!;
    if (!mentionsAny(index, axes)) {
      // Another loop runs along it, or none.
      if (!isWhole && extents[axis]! > 1) throw new Refused(`axis ${axis} is filled as a whole`);
      return undefined;
    }
    if (index.kind !== 'variable' || indices.has(index.name)) {
      throw new Refused('it fills elements in another order');
    }
    let at: Index = ZERO;
    if (length > 1) {
      const { variable: name } = axes.get(index.name)!;
      const loop = loopOf(names.fresh(`${name}q`), constant(length), [], 'parallel') as Loop;
      own.push(loop);
      facts = insideOf(loop, { facts, names }).facts;
      at = variable(loop.variable);
    }
    indices.set(index.name, add(start, at));
    return at;
  });
  if (own.length === 0) throw new Refused('nothing is left to fill in a block');
  for (const [name, { extent }] of axes) {
    const value = indices.get(name);
    // Also refuses blocks that reach beyond the borders, as those of padded windows do.
    if (value === undefined || !isWithin(value, extent, facts)) {
      throw new Refused(`the elements of a block do not tell ${name}`);
    }
  }
  return nested(own, storedIn(copyBody(body, names, { indices }), buffer, scratch, places));
}

function mentionsAny(index: Index, wanted: ReadonlyMap<string, Loop>): boolean {
  let found = false;
  visitNames(index, (kind, name) => {
    found ||= kind === 'variable' && wanted.has(name);
  });
  return found;
}

/** @param places index in the scratch per axis; `undefined`: the one that stands there. */
function storedIn(
  body: readonly Stmt[],
  from: Buffer,
  to: Buffer,
  places: readonly (Index | undefined)[],
): readonly Stmt[] {
  return body.map((stmt) => {
    const same = mapStmt(stmt, {}, (inner) => storedIn(inner, from, to, places));
    if (same.kind !== 'store' || same.buffer !== from) return same;
    return { ...same, buffer: to, indices: same.indices.map((index, i) => places[i] ?? index) };
  });
}

function readFrom(
  body: readonly Stmt[],
  from: Buffer,
  to: Buffer,
  stretches: readonly Stretch[],
): readonly Stmt[] {
  const moved = (expr: Extract<Expr, { readonly kind: 'load' }>): Expr => {
    if (expr.buffer !== from) return expr;
    const indices = expr.indices.map((index, axis) => subtract(index, stretches[axis]!.start));
    return load(to, indices, expr.lanes);
  };
  return body.map((stmt) =>
    mapStmt(stmt, { load: moved }, (inner) => readFrom(inner, from, to, stretches)),
  );
}
