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
import { markIndependent, onlyRootParallel } from '../independent.ts';
import { nameExtents } from '../nameExtents.ts';
import type { Nest } from '../nest.ts';
import { nestAt, rootLoops } from '../nest.ts';
import type { NestNote, ScheduledProgram, ScheduleRequest } from '../schedule.ts';
import type { Loop, Place } from '../transform/place.ts';
import { Refused, rewriteLoop } from '../transform/place.ts';
import { shareCommon } from '../transform/shareCommon.ts';
import type { GpuDevice } from './device.ts';
import { gpuOf } from './device.ts';
import { schedulePerItem } from './perItem.ts';
import { scheduleProduct } from './product.ts';

export function scheduleGpu(program: LoopProgram, request: ScheduleRequest): ScheduledProgram {
  const device = gpuOf(request.target);
  const named = nameExtents(simplifyProgram(program));
  let current = markIndependent(provenNests(named, matchDivisions(named)));
  const packed = new Map<string, Layout>();
  const nests: NestNote[] = [];
  for (const variable of rootLoops(current)) {
    const scheduled = scheduleNest(current, variable, device);
    current = scheduled.program;
    nests.push(scheduled.note);
  }
  const body = shareCommon(onlyRootParallel(current.body));
  const result = { ...current, body };
  assertProgram(result, 'scheduling for a GPU');
  return { program: result, packed, nests };
}

type Schedule = (loop: Loop, nest: Nest, place: Place, device: GpuDevice) => readonly Stmt[];

/** In the order in which they are tried. */
function schedulesOf(nest: Nest): readonly Schedule[] {
  if (nest.kind === 'generic' || nest.kind === 'total') return [];
  if (nest.kind === 'contraction') return [scheduleProduct, schedulePerItem];
  return [schedulePerItem];
}

interface ScheduledNest {
  readonly program: LoopProgram;
  readonly note: NestNote;
}

function scheduleNest(program: LoopProgram, variable: string, device: GpuDevice): ScheduledNest {
  const nest = nestAt(program, variable);
  const { kind } = nest;
  let reason = 'no schedule for its statements';
  for (const schedule of schedulesOf(nest)) {
    try {
      const scheduled = rewriteLoop(program, variable, (loop, place) => {
        const result = schedule(loop, nest, place, device);
        const [unproven] = unprovenIn(result, place.facts);
        if (unproven !== undefined) throw new Refused(`no proof that ${unproven} is in range`);
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
