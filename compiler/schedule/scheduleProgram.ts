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
import { nestAt, rootLoops } from './nest.ts';
import { scheduleRows } from './rows.ts';
import type { ScheduledProgram, ScheduleRequest } from './schedule.ts';
import { planNest } from './planNest.ts';
import type { TileContext } from './tilePlan.ts';
import { rewriteLoop, unlessRefused } from './transform/place.ts';
import { relayout } from './transform/relayout.ts';
import { hoistInvariant, shareCommon } from './transform/shareCommon.ts';
import { tile } from './transform/tile.ts';

export function scheduleProgram(program: LoopProgram, request: ScheduleRequest): ScheduledProgram {
  const packed = new Map<string, Layout>();
  const unpacked = new Set(request.constants);
  const logical = matchDivisions(simplifyProgram(program));
  let current = relayout(logical, withLocals(logical, request));
  for (const variable of rootLoops(current)) {
    const context: TileContext = { target: request.target, constants: unpacked };
    const scheduled = scheduleNest(current, variable, context);
    if (scheduled === undefined) continue;
    current = scheduled.program;
    for (const [name, layout] of scheduled.packs) {
      packed.set(name, layout);
      unpacked.delete(name);
    }
  }
  const body = hoistInvariant(shareCommon(current.body));
  const result = simplifyProgram({ ...current, body });
  assertProgram(result, 'scheduling');
  return { program: result, packed };
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
}

function scheduleNest(
  program: LoopProgram,
  variable: string,
  context: TileContext,
): ScheduledNest | undefined {
  const nest = nestAt(program, variable);
  if (nest.kind === 'generic') return undefined;
  if (nest.kind === 'rows') {
    const rows = scheduleRows(program, nest, context);
    if (rows !== undefined) return { program: rows, packs: new Map() };
  }
  const plan = planNest(nest, context);
  if (plan === undefined) return undefined;
  const run = (from: LoopProgram): LoopProgram | undefined =>
    unlessRefused(() =>
      rewriteLoop(from, variable, (loop, place) => tile(loop, plan.request, place)),
    );
  const packedProgram = unlessRefused(() => relayout(program, plan.packs));
  const tiled = packedProgram && run(packedProgram);
  if (tiled !== undefined) return { program: tiled, packs: plan.packs };
  const plain = run(program);
  return plain && { program: plain, packs: new Map() };
}
