/**
 * From a lowered program to a fast one for a target. The result means the same (sums may be reassociated), keeps the
 * names and the order of arguments, and reads constants in the layouts that it lists. Every nest of the root, and every
 * stage inside of a staged loop, is scheduled by itself; one that no schedule fits stays as lowering made it.
 */
import { unprovenAccesses, unprovenIn } from '../loop/bounds.ts';
import type { Layout } from '../loop/layout.ts';
import type { LoopProgram } from '../loop/ir.ts';
import { factsAfter, rootFacts, simplifyProgram } from '../loop/simplify.ts';
import { assertProgram } from '../loop/verify.ts';
import { channelLayout } from './channelBlock.ts';
import { matchDivisions } from './divisions.ts';
import { gatherColumns } from './columnsApart.ts';
import { fuseNests } from './fuseNests.ts';
import { scheduleGpu } from './gpu/scheduleGpu.ts';
import { markIndependent, onlyRootParallel } from './independent.ts';
import { nameExtents } from './nameExtents.ts';
import { nestAt } from './nest.ts';
import { rowCycles, scheduleRows, scheduleTotal } from './rows.ts';
import type { NestNote, ScheduledProgram, ScheduleRequest } from './schedule.ts';
import { packableLocals } from './packableLocals.ts';
import { planNest } from './planNest.ts';
import { isStage, nestLoops, onOneThread } from './stagedNests.ts';
import { stageNests } from './stageNests.ts';
import type { TileContext, TilePlan } from './tilePlan.ts';
import { turnOperand } from './turnOperand.ts';
import { visitStores } from './transform/independence.ts';
import { Refused, rewriteLoop, unlessRefused } from './transform/place.ts';
import { relayout } from './transform/relayout.ts';
import { hoistInvariant } from './transform/hoistInvariant.ts';
import { shareCommon } from './transform/shareCommon.ts';
import { tile } from './transform/tile.ts';
import type { TileRequest } from './transform/tile.ts';
import { chooseBlocking } from './winograd/choose.ts';
import type { WinogradProgram } from './winograd/winograd.ts';
import { throughWinograd } from './winograd/winograd.ts';

export function scheduleProgram(program: LoopProgram, request: ScheduleRequest): ScheduledProgram {
  if (request.target.language === 'opencl') return scheduleGpu(program, request);
  const named = nameExtents(simplifyProgram(program));
  // Loops cut where indices divide them: what a branch around says of the whole index may be lost to proofs.
  const marked = markIndependent(provenNests(named, matchDivisions(named)));
  const logical = fuseNests(marked, new Set(request.layouts.keys()));
  const { target, constants, blocking = (conv) => chooseBlocking(conv, target) } = request;
  const staged = throughWinograd(logical, constants, blocking);
  const fast = staged.filters.size === 0 ? undefined : schedulePrepared(staged, request);
  const scheduled = fast ?? schedulePrepared({ ...NOT_STAGED, program: logical }, request);
  if (scheduled !== undefined) return scheduled;
  const whole = simplifyProgram(program);
  const plain = relayout(whole, withLocals(whole, request));
  const nests: readonly NestNote[] = [{ kind: 'generic', refused: 'no proofs' }];
  return { program: plain, packed: new Map(), nests };
}

const NOT_STAGED = { staged: new Set<string>(), filters: new Map() } as const;

/** `undefined` where not all accesses are proven. */
function schedulePrepared(
  { program, staged, filters }: WinogradProgram,
  request: ScheduleRequest,
): ScheduledProgram | undefined {
  const relaid = relayout(program, withLocals(program, request));
  const gathered = gatherColumns(relaid, request.target);
  const rows = stageNests(gathered.program, request.target);
  const blocked = { program: rows.program, staged: new Set([...gathered.staged, ...rows.staged]) };
  const plain = { program: relaid, staged: NOT_STAGED.staged };
  for (const tried of blocked.staged.size > 0 ? [blocked, plain] : [plain]) {
    const all = new Set([...staged, ...tried.staged]);
    const prepared = prepare(tried.program, request, all);
    for (const careful of [false, true]) {
      const scheduled = scheduleNests(prepared, request, careful);
      if (unprovenAccesses(scheduled.program).length === 0) return { ...scheduled, filters };
    }
  }
  return undefined;
}

/** @param careful every nest is proven by itself, and stays as it was where that fails. */
function scheduleNests(
  { program, packed, plans }: Prepared,
  { target }: ScheduleRequest,
  careful: boolean,
): ScheduledProgram {
  const context: TileContext = { target, constants: new Set(), filled: new Set() };
  const notes: NestNote[] = [];
  let current = program;
  for (const { variable, plan } of plans) {
    const scheduled = careful
      ? provenNest(current, variable, plan, context)
      : scheduleNest(current, variable, plan, context);
    current = scheduled.program;
    notes.push(scheduled.note);
  }
  const body = onlyRootParallel(hoistInvariant(shareCommon(current.body)));
  const result = { ...current, body };
  assertProgram(result, 'scheduling');
  return { program: result, packed, nests: notes };
}

/** Several loops as one have indices by div and mod, which proofs do not always see through. */
function provenNest(
  program: LoopProgram,
  variable: string,
  plan: TilePlan | undefined,
  context: TileContext,
): ScheduledNest {
  for (const mostParallel of [Infinity, 1]) {
    const scheduled = scheduleNest(program, variable, limited(plan, mostParallel), context);
    if (isProven(program, scheduled.program)) return scheduled;
  }
  return { program, note: { kind: nestAt(program, variable).kind, refused: 'no proofs' } };
}

/** Nests of `changed`, or those of `program` where the change is not proven. */
function provenNests(program: LoopProgram, changed: LoopProgram): LoopProgram {
  if (changed === program || isProven(program, changed)) return changed;
  if (changed.body.length !== program.body.length) return program;
  const body = changed.body.map((stmt, at) => {
    const nest = { ...program, body: [...program.body] };
    nest.body[at] = stmt;
    return isProven(program, nest) ? stmt : program.body[at]!;
  });
  return { ...changed, body };
}

/** Whether all accesses of the root's statements that a program does not share with another are proven. */
function isProven(before: LoopProgram, after: LoopProgram): boolean {
  const same = new Set(before.body);
  let facts = rootFacts(after);
  return after.body.every((stmt) => {
    const proven = same.has(stmt) || unprovenIn([stmt], facts).length === 0;
    facts = factsAfter(stmt, facts);
    return proven;
  });
}

function limited(plan: TilePlan | undefined, mostParallel: number): TilePlan | undefined {
  if (plan === undefined) return undefined;
  const parallel = Math.min(plan.request.parallel ?? 0, mostParallel);
  return { ...plan, request: { ...plan.request, parallel } };
}

interface PlannedNest {
  readonly variable: string;
  readonly plan: TilePlan | undefined;
}

interface Prepared {
  readonly program: LoopProgram;
  readonly packed: ReadonlyMap<string, Layout>;
  readonly plans: readonly PlannedNest[];
}

/**
 * Plans for all nests, and the program with its constants packed and operands copied as they want. Memory that a nest
 * fills for one product is packed like a constant, so its reader is planned first.
 */
function prepare(
  program: LoopProgram,
  request: ScheduleRequest,
  staged: ReadonlySet<string>,
): Prepared {
  const packed = new Map<string, Layout>();
  const constants = new Set(request.constants);
  const own = packableLocals(program);
  const context: TileContext = {
    target: request.target,
    constants: new Set([...constants, ...own]),
    filled: own,
  };
  const free = new Set(context.constants);
  const plans: PlannedNest[] = [];
  let current = program;
  const planOf = (variable: string): TilePlan | undefined => {
    const plan = planNest(nestAt(current, variable), { ...context, constants: free });
    return isStage(current, variable) ? onOneThread(plan) : plan;
  };
  for (const variable of readersFirst(current, own, staged)) {
    const plan = planOf(variable);
    const packs = plan?.packs ?? new Map<string, Layout>();
    const relaid = unlessRefused(() => relayout(current, packs));
    if (relaid !== undefined) {
      current = fillingPanels(relaid, new Set([...packs.keys()].filter((name) => own.has(name))));
      for (const [name, layout] of packs) {
        if (constants.has(name)) packed.set(name, layout);
        free.delete(name);
      }
    }
    for (const turn of plan?.turns ?? []) {
      const turned = turnOperand(current, nestAt(current, variable), turn);
      current = turned.program;
      plans.push({ variable: turned.copy, plan: planOf(turned.copy) });
    }
    plans.push({ variable, plan });
  }
  const order = nestLoops(current, staged);
  plans.sort((a, b) => order.indexOf(a.variable) - order.indexOf(b.variable));
  return { program: current, packed, plans };
}

/** What fills packed memory walks panel by panel. */
function fillingPanels(program: LoopProgram, filled: ReadonlySet<string>): LoopProgram {
  if (filled.size === 0) return program;
  const cut = matchDivisions(program, (stmt) => {
    let fills = false;
    visitStores([stmt], ({ buffer }) => {
      fills ||= filled.has(buffer.name);
    });
    return fills;
  });
  return cut === program ? program : markIndependent(provenNests(program, cut));
}

/** Nests that read memory of the program's own, then the others, each in order. */
function readersFirst(
  program: LoopProgram,
  own: ReadonlySet<string>,
  staged: ReadonlySet<string>,
): readonly string[] {
  const reads = (variable: string): boolean =>
    nestAt(program, variable).accesses.some(
      ({ kind, buffer }) => kind === 'load' && own.has(buffer.name),
    );
  const all = nestLoops(program, staged);
  if (own.size === 0) return all;
  return [...all.filter(reads), ...all.filter((variable) => !reads(variable))];
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
  readonly note: NestNote;
}

function scheduleNest(
  program: LoopProgram,
  variable: string,
  plan: TilePlan | undefined,
  context: TileContext,
): ScheduledNest {
  const nest = nestAt(program, variable);
  const { kind } = nest;
  const refused = (reason: string): ScheduledNest => ({ program, note: { kind, refused: reason } });
  if (kind === 'generic') return refused('no schedule for its statements');
  if (kind === 'total') {
    const total = unlessRefused(() => scheduleTotal(program, nest, context));
    return total ? { program: total, note: { kind } } : refused('no plain reduction');
  }
  const along = plan?.packs.size === 0 ? rowCycles(nest, context) : undefined;
  if (kind === 'rows' || (along !== undefined && along < (plan?.cycles ?? Infinity))) {
    const rows = scheduleRows(program, nest, context);
    if (rows !== undefined) return { program: rows, note: { kind } };
  }
  if (plan === undefined) return refused('no axis for vectors');
  let reason = '';
  for (const request of attempts(plan.request)) {
    try {
      const tiled = rewriteLoop(program, variable, (loop, place) => tile(loop, request, place));
      return { program: tiled, note: { kind, request } };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      reason ||= error.reason;
    }
  }
  return refused(reason);
}

/** The request, and what is left of it where loops cannot be written out, reordered, or become vectors. */
function attempts(request: TileRequest): readonly TileRequest[] {
  const { axes, parallel } = request;
  const rolled = request.reductions?.map(({ unroll: _, ...level }) => level);
  const plain = axes.map(({ variable }) => ({ variable }));
  // One loop out of several has indices by div and mod: with symbolic extents nothing is proven of them.
  if ((parallel ?? 0) > 1) {
    const fewer = attempts({ ...request, parallel: 1 });
    return [request, ...(rolled ? [{ ...request, reductions: rolled }] : []), ...fewer];
  }
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
