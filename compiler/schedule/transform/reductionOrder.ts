/**
 * Order and steps of the reduction loops inside a tile.
 */
import type { Index } from '../../loop/indexExpr.ts';
import { add, constant, floorDiv, mod, multiply, variable, ZERO } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { loop as loopOf } from '../../loop/ir.ts';
import { simplifyIndex } from '../../loop/simplifyIndex.ts';
import { onlyAccumulates } from './accumulation.ts';
import { insideOf, Refused } from './place.ts';
import type { Loop, Place } from './place.ts';
import { perfectNest } from './reorder.ts';
import { copyBody } from './rewrite.ts';

export interface ReductionLevel {
  /** Of a reduction loop in the nest's body. */
  readonly variable: string;
  /**
   * Goes on in steps of this many; a later level of the same variable runs inside one step. For layouts that
   * divide the axis. Default 1: the innermost level of the variable.
   */
  readonly step?: number;
  /** Written out. */
  readonly unroll?: boolean;
}

/**
 * The reduction nests of a body with their loops in the given order, outermost first; loops that are not named
 * stay inside. Reassociates. Refuses where a loop does more than accumulate, or is not found.
 */
export function orderReductions(
  body: readonly Stmt[],
  levels: readonly ReductionLevel[],
  place: Place,
): readonly Stmt[] {
  if (levels.length === 0) return body;
  const wanted = new Set(levels.map(({ variable: name }) => name));
  let found = 0;
  const result = body.flatMap((stmt): readonly Stmt[] => {
    if (stmt.kind !== 'for') return [stmt];
    const nest = perfectNest(stmt, place);
    const mine = nest.loops.filter((loop) => wanted.has(loop.variable));
    if (mine.length === 0) return [stmt];
    found += mine.length;
    const own = levels.filter(({ variable: name }) => mine.some((loop) => loop.variable === name));
    return ordered(nest.loops, nest.body, own, place);
  });
  if (found !== wanted.size) throw new Refused('a reduction loop is not in the body, or twice');
  return result;
}

interface Range {
  readonly base: Index;
  readonly extent: Index;
}

function ordered(
  loops: readonly Loop[],
  body: readonly Stmt[],
  wanted: readonly ReductionLevel[],
  place: Place,
): readonly Stmt[] {
  if (!onlyAccumulates(body)) {
    throw new Refused(`the loop over ${loops[0]!.variable} does more than accumulate`);
  }
  // Loops whose extent depends on another cannot move out of it.
  if (loops.some(({ extent }) => extent.kind !== 'constant' && mentionsAny(extent, loops))) {
    throw new Refused('the extent of a reduction loop depends on another');
  }
  const finished = wanted.filter(({ step = 1 }) => step === 1).map(({ variable: name }) => name);
  const rest = loops.filter(({ variable: name }) => !finished.includes(name));
  const levels = [...wanted, ...rest.map(({ variable: name }) => ({ variable: name }))];
  const ranges = new Map(
    loops.map(({ variable: name, extent }): [string, Range] => [name, { base: ZERO, extent }]),
  );
  return place.names.replacing([...loops], () => build(levels, ranges, body, place));
}

function mentionsAny(extent: Index, loops: readonly Loop[]): boolean {
  return loops.some(({ variable: name }) => JSON.stringify(extent).includes(`"${name}"`));
}

function build(
  levels: readonly ReductionLevel[],
  ranges: ReadonlyMap<string, Range>,
  body: readonly Stmt[],
  place: Place,
): readonly Stmt[] {
  const [level, ...rest] = levels;
  const { names } = place;
  if (level === undefined) {
    const indices = new Map([...ranges].map(([name, { base }]) => [name, base]));
    return copyBody(body, names, { indices });
  }
  const { variable: name, step = 1, unroll = false } = level;
  const { base, extent } = ranges.get(name)!;
  const inner = (range: Range, at: Place): readonly Stmt[] =>
    build(rest, new Map(ranges).set(name, range), body, at);
  const count = simplifyIndex(floorDiv(extent, step), place.facts);
  const left = simplifyIndex(mod(extent, step), place.facts);
  const result: Stmt[] = [];
  if (count.kind === 'constant' && count.value === 1) {
    result.push(...inner({ base, extent: constant(step) }, place));
  } else if (count.kind !== 'constant' || count.value > 1) {
    const own = names.fresh(name);
    const at = add(base, multiply(variable(own), step));
    const loop = loopOf(own, count, [], unroll ? 'unrolled' : 'serial') as Loop;
    const range = { base: at, extent: constant(step) };
    result.push({ ...loop, body: inner(range, insideOf(loop, place)) });
  }
  if (left.kind !== 'constant' || left.value > 0) {
    const start = simplifyIndex(add(base, multiply(count, step)), place.facts);
    result.push(...inner({ base: start, extent: left }, place));
  }
  return result;
}
