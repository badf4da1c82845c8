/**
 * From a lowered program to one for GPUs: every nest of the root becomes work-groups and items, by the first schedule
 * that fits and whose accesses are all proven; what fits none runs as one item per iteration of its parallel loop,
 * or serially. The result means the same (sums are reassociated) and keeps the names and the order of arguments.
 */
import { unprovenIn } from '../../loop/bounds.ts';
import type { Layout } from '../../loop/layout.ts';
import type { LoopProgram, Stmt } from '../../loop/ir.ts';
import { factsAfter, rootFacts, simplifyProgram } from '../../loop/simplify.ts';
import { assertProgram } from '../../loop/verify.ts';
import { matchDivisions } from '../divisions.ts';
import { fuseNests } from '../fuseNests.ts';
import { markIndependent, onlyRootParallel } from '../independent.ts';
import { nameExtents } from '../nameExtents.ts';
import type { Nest } from '../nest.ts';
import { nestAt, productOf, rootLoops } from '../nest.ts';
import type { NestNote, ScheduledProgram, ScheduleRequest } from '../schedule.ts';
import type { Loop, Place } from '../transform/place.ts';
import { Refused, rewriteLoop } from '../transform/place.ts';
import { relayout } from '../transform/relayout.ts';
import { shareCommon } from '../transform/shareCommon.ts';
import type { GpuDevice } from './device.ts';
import { gpuOf } from './device.ts';
import { expectGroupsFit } from './groupMemory.ts';
import { rowPacks } from './packs.ts';
import { schedulePerItem } from './perItem.ts';
import { productPacks, scheduleProduct } from './product.ts';
import { scheduleRowGroups } from './rows.ts';
import { longestRow, runsAlongRows } from './rowShape.ts';
import { scheduleTogether } from './together.ts';
import { scheduleTotals } from './totals.ts';

export function scheduleGpu(program: LoopProgram, request: ScheduleRequest): ScheduledProgram {
  const device = gpuOf(request.target);
  const named = nameExtents(simplifyProgram(program));
  const marked = markIndependent(provenNests(named, matchDivisions(named)));
  const placed = relayout(marked, request.layouts);
  const fused = fuseNests(placed, new Set(request.layouts.keys()));
  const { program: relaid, packed } = withPacks(fused, request, device);
  let current = scheduleTotals(relaid, device);
  const nests: NestNote[] = [];
  for (const variable of loopsLeft(current)) {
    const scheduled = scheduleNest(current, variable, device);
    current = scheduled.program;
    nests.push(scheduled.note);
  }
  current = scheduleTogether(current, device);
  const body = shareCommon(onlyRootParallel(current.body));
  const result = { ...current, body };
  assertProgram(result, 'scheduling for a GPU');
  return { program: result, packed, nests };
}

/** Constants in the layouts that the products of the program want. */
function withPacks(
  program: LoopProgram,
  request: ScheduleRequest,
  device: GpuDevice,
): { readonly program: LoopProgram; readonly packed: ReadonlyMap<string, Layout> } {
  const packed = new Map<string, Layout>();
  for (const variable of rootLoops(program)) {
    const free = new Set([...request.constants].filter((name) => !packed.has(name)));
    rewriteLoop(program, variable, (loop, place) => {
      const nest = nestAt(program, variable);
      const packs =
        nest.kind === 'contraction'
          ? productPacks(loop, nest, place, device, free)
          : nest.kind === 'window' && inGroups(nest, device)
            ? rowPacks(nest, free)
            : new Map<string, Layout>();
      for (const [name, layout] of packs) packed.set(name, layout);
      return [loop];
    });
  }
  return { program: relayout(program, packed), packed };
}

/** Variables of the root's loops that are no groups yet. */
function loopsLeft({ body }: LoopProgram): readonly string[] {
  return body.flatMap((stmt) =>
    stmt.kind === 'for' && stmt.mode !== 'group' ? [stmt.variable] : [],
  );
}

type Schedule = (loop: Loop, nest: Nest, place: Place, device: GpuDevice) => readonly Stmt[];

/** In the order in which they are tried. */
function schedulesOf(nest: Nest, device: GpuDevice): readonly Schedule[] {
  switch (nest.kind) {
    case 'total':
      return [];
    case 'generic':
      return [schedulePerItem];
    case 'contraction':
      return [scheduleProduct, schedulePerItem];
    case 'rows':
      return [scheduleRowGroups, schedulePerItem];
    case 'window':
      return inGroups(nest, device) ? [scheduleRowGroups, schedulePerItem] : [schedulePerItem];
    case 'pointwise':
      return [schedulePerItem];
  }
}

/** Long reductions along memory, or of too few outputs for an item each. */
function inGroups(nest: Nest, { computeUnits, groupSize }: GpuDevice): boolean {
  const outputs = productOf(nest.axes);
  const few = outputs !== undefined && outputs < computeUnits * groupSize;
  return longestRow(nest) >= 32 && (few || runsAlongRows(nest));
}

interface ScheduledNest {
  readonly program: LoopProgram;
  readonly note: NestNote;
}

function scheduleNest(program: LoopProgram, variable: string, device: GpuDevice): ScheduledNest {
  const nest = nestAt(program, variable);
  const { kind } = nest;
  let reason = 'no schedule for its statements';
  for (const schedule of schedulesOf(nest, device)) {
    try {
      const scheduled = rewriteLoop(program, variable, (loop, place) => {
        const result = schedule(loop, nest, place, device);
        const [unproven] = unprovenIn(result, place.facts);
        if (unproven !== undefined) throw new Refused(`no proof that ${unproven} is in range`);
        expectGroupsFit(result, device);
        return result;
      });
      return { program: scheduled, note: { kind } };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      reason = error.reason;
    }
  }
  return { program, note: { kind, refused: reason } };
}

/** Nests of `changed`, or those of `program` where the change lost a proof. */
function provenNests(program: LoopProgram, changed: LoopProgram): LoopProgram {
  if (changed.body.length !== program.body.length) return program;
  let facts = rootFacts(program);
  const body = changed.body.map((stmt, at) => {
    const before = program.body[at]!;
    const kept = stmt === before || unprovenIn([stmt], facts).length === 0 ? stmt : before;
    facts = factsAfter(kept, facts);
    return kept;
  });
  return { ...changed, body };
}
