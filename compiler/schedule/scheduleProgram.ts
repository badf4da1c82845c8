/**
 * From a lowered program to a fast one for a target. The result means the same (sums may be reassociated), keeps the
 * names and the order of arguments, and reads constants in the layouts that it lists. Every nest of the root is
 * scheduled by itself; one that no schedule fits stays as lowering made it.
 */
import type { Layout } from '../loop/layout.ts';
import type { LoopProgram } from '../loop/ir.ts';
import { simplifyProgram } from '../loop/simplify.ts';
import { assertProgram } from '../loop/verify.ts';
import { channelLayout } from './channelBlock.ts';
import { matchDivisions } from './divisions.ts';
import { markIndependent, onlyRootParallel } from './independent.ts';
import { nestAt, rootLoops } from './nest.ts';
import { rowCycles, scheduleRows, scheduleTotal } from './rows.ts';
import type { NestNote, ScheduledProgram, ScheduleRequest } from './schedule.ts';
import { planNest } from './planNest.ts';
import type { TileContext } from './tilePlan.ts';
import { Refused, rewriteLoop, unlessRefused } from './transform/place.ts';
import { relayout } from './transform/relayout.ts';
import { hoistInvariant } from './transform/hoistInvariant.ts';
import { shareCommon } from './transform/shareCommon.ts';
import { tile } from './transform/tile.ts';
import type { TileRequest } from './transform/tile.ts';

export function scheduleProgram(program: LoopProgram, request: ScheduleRequest): ScheduledProgram {
  const packed = new Map<string, Layout>();
  const unpacked = new Set(request.constants);
  const notes: NestNote[] = [];
  const logical = markIndependent(matchDivisions(simplifyProgram(program)));
  let current = relayout(logical, withLocals(logical, request));
  for (const variable of rootLoops(current)) {
    const context: TileContext = { target: request.target, constants: unpacked };
    const scheduled = scheduleNest(current, variable, context);
    notes.push(scheduled.note);
    current = scheduled.program;
    for (const [name, layout] of scheduled.packs) {
      packed.set(name, layout);
      unpacked.delete(name);
    }
  }
  const body = onlyRootParallel(hoistInvariant(shareCommon(current.body)));
  const result = simplifyProgram({ ...current, body });
  assertProgram(result, 'scheduling');
  return { program: result, packed, nests: notes };
}

/** Memory of the program's own follows its neighbours. */
function withLocals(
  { body }: LoopProgram,
  { layouts, target }: ScheduleRequest,
): ReadonlyMap<string, Layout> {
  if (layouts.size === 0) return layouts;
  const all = new Map(layouts);
  for (const stmt of body) {
    const layout = stmt.kind === 'local' ? channelLayout(stmt.buffer, target) : undefined;
    if (stmt.kind === 'local' && layout !== undefined) all.set(stmt.buffer.name, layout);
  }
  return all;
}

interface ScheduledNest {
  readonly program: LoopProgram;
  readonly packs: ReadonlyMap<string, Layout>;
  readonly note: NestNote;
}

function scheduleNest(program: LoopProgram, variable: string, context: TileContext): ScheduledNest {
  const nest = nestAt(program, variable);
  const { kind } = nest;
  const none = new Map<string, Layout>();
  const refused = (reason: string): ScheduledNest => ({
    program,
    packs: none,
    note: { kind, refused: reason },
  });
  if (kind === 'generic') return refused('no schedule for its statements');
  if (kind === 'total') {
    const total = unlessRefused(() => scheduleTotal(program, nest, context));
    return total ? { program: total, packs: none, note: { kind } } : refused('no plain reduction');
  }
  const plan = planNest(nest, context);
  const along = rowCycles(nest, context);
  if (kind === 'rows' || (along !== undefined && along < (plan?.cycles ?? Infinity))) {
    const rows = scheduleRows(program, nest, context);
    if (rows !== undefined) return { program: rows, packs: none, note: { kind } };
  }
  if (plan === undefined) return refused('no axis for vectors');
  const packed = unlessRefused(() => relayout(program, plan.packs));
  let reason = '';
  for (const request of attempts(plan.request)) {
    for (const [from, packs] of [[packed, plan.packs] as const, [program, none] as const]) {
      try {
        if (from === undefined) continue;
        const tiled = rewriteLoop(from, variable, (loop, place) => tile(loop, request, place));
        return { program: tiled, packs, note: { kind, request } };
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        reason ||= error.reason;
      }
    }
  }
  return refused(reason);
}

/** The request, and what is left of it where loops cannot be written out, reordered, or become vectors. */
function attempts(request: TileRequest): readonly TileRequest[] {
  const { axes, parallel } = request;
  const rolled = request.reductions?.map(({ unroll: _, ...level }) => level);
  const plain = axes.map(({ variable }) => ({ variable }));
  return [
    request,
    ...(rolled
      ? [
          { ...request, reductions: rolled },
          { axes, parallel },
        ]
      : []),
    { axes: plain, parallel },
  ];
}
