/**
 * Nests that pass a large tensor to the next one go on in blocks instead, through scratch that stays in a cache: the
 * scores of attention are computed, normalised and multiplied for a few rows at a time.
 */
import type { Buffer } from '../loop/expr.ts';
import type { LoopProgram, Stmt } from '../loop/ir.ts';
import { storageBytes } from '../loop/scalarType.ts';
import { factsAfter, rootFacts } from '../loop/simplify.ts';
import type { Target } from '../target/target.ts';
import type { Axis, Nest } from './nest.ts';
import { analyseNest, dependsOn, nestAt } from './nest.ts';
import { planNest } from './planNest.ts';
import { visitLoads, visitStores } from './transform/independence.ts';
import { Names } from './transform/names.ts';
import type { Loop, Place } from './transform/place.ts';
import { rootPlace, unlessRefused } from './transform/place.ts';
import { openStage, pullIntoStage } from './transform/stage.ts';
import { turnOperand } from './turnOperand.ts';

/** Part of the second cache that smaller tensors stay in anyway. */
const LEAST_SHARE = 1 / 2;
/** Rows of a block: register tiles need several, so that long rows may take a part of the second cache. */
const FEW_ROWS = 8;
const LEAST_ROWS = 4;
/** Blocks that are tried for one nest. */
const MOST_TRIED = 24;

export interface Staged {
  readonly program: LoopProgram;
  /** Variables of the loops over blocks: see `stagedNests`. */
  readonly staged: ReadonlySet<string>;
}

/** @param program with the layouts of its values applied, nests marked where they are independent */
export function stageNests(program: LoopProgram, target: Target): Staged {
  const staged = new Set<string>();
  let current = program;
  for (const stmt of program.body) {
    if (stmt.kind !== 'for') continue;
    const found = stageOf(current, stmt.variable, target);
    if (found === undefined) continue;
    staged.add(found.stage.variable);
    current = found.program;
  }
  return { program: current, staged };
}

interface Stage {
  readonly program: LoopProgram;
  readonly stage: Loop;
  readonly bytes: number;
}

/** With the nest as a stage that holds what fills its operand; `undefined` where that is not legal or gains nothing. */
function stageOf(program: LoopProgram, variable: string, target: Target): Stage | undefined {
  const reader = rootLoop(program, variable);
  if (reader === undefined) return undefined;
  const rows = fillingOf(program, reader).find(({ nest }) => nest.kind === 'rows');
  if (rows === undefined || rows.bytes < target.cache[1] * LEAST_SHARE) return undefined;
  const nest = nestAt(program, variable);
  if (nest.kind !== 'contraction') return undefined;
  const turned = withTurns(program, rows.nest, target);
  return bestBlocks(turned, nest, rows.buffer, target);
}

function rootLoop({ body }: LoopProgram, variable: string): Loop | undefined {
  return body.find((stmt): stmt is Loop => stmt.kind === 'for' && stmt.variable === variable);
}

interface Filling {
  readonly buffer: Buffer;
  readonly nest: Nest;
  readonly bytes: number;
}

/**
 * Nests that fill memory which the loop alone reads, where nothing in between keeps the filling from going on later:
 * blocks of the loop and of the filling run side by side.
 */
function fillingOf(program: LoopProgram, reader: Loop): readonly Filling[] {
  const { body } = program;
  const { facts } = rootPlace(program);
  const read = loadedBy([reader]);
  const written = storedBy([reader]);
  const found: Filling[] = [];
  for (const local of body) {
    if (local.kind !== 'local' || !read.has(local.buffer)) continue;
    const { buffer } = local;
    const users = body.filter(
      (stmt) => loadedBy([stmt]).has(buffer) || storedBy([stmt]).has(buffer),
    );
    const [filling] = users;
    if (users.length !== 2 || users[1] !== reader || filling?.kind !== 'for') continue;
    const needed = loadedBy([filling]);
    const between = body.slice(body.indexOf(filling) + 1, body.indexOf(reader));
    const changes = storedBy(between);
    // What ends the run (a check) stays where it is.
    const plain = between.every(({ kind }) => ['for', 'local', 'comment'].includes(kind));
    const meets = [...needed].some((other) => changes.has(other) || written.has(other));
    if (!plain || meets || needed.has(buffer) || written.has(buffer)) continue;
    found.push({ buffer, nest: analyseNest(filling, facts), bytes: bytesOf(buffer) });
  }
  return found;
}

function loadedBy(body: readonly Stmt[]): ReadonlySet<Buffer> {
  const found = new Set<Buffer>();
  visitLoads(body, (buffer) => found.add(buffer));
  return found;
}

function storedBy(body: readonly Stmt[]): ReadonlySet<Buffer> {
  const found = new Set<Buffer>();
  visitStores(body, ({ buffer }) => found.add(buffer));
  return found;
}

/** Infinity where a run decides. */
function bytesOf({ shape, storage }: Buffer): number {
  return shape.reduce(
    (bytes, dim) => bytes * (dim.kind === 'constant' ? dim.value : Infinity),
    storageBytes(storage),
  );
}

/** Transposed copies that the products in front of the rows want are made once, in front of all blocks. */
function withTurns(program: LoopProgram, rows: Nest, target: Target): LoopProgram {
  let current = program;
  for (const { nest } of fillingOf(program, rows.loop)) {
    if (nest.kind !== 'contraction') continue;
    const plan = planNest(nest, { target, constants: new Set(), filled: new Set() });
    for (const turn of plan?.turns ?? []) {
      current = turnOperand(current, nestAt(current, nest.loop.variable), turn).program;
    }
  }
  return current;
}

/**
 * Axes that every operand has (heads) go one by one, then the rows in the largest blocks whose scratch fits into the
 * first cache.
 */
function bestBlocks(
  program: LoopProgram,
  nest: Nest,
  buffer: Buffer,
  target: Target,
): Stage | undefined {
  const loads = nest.accesses.filter(({ kind, inner }) => kind === 'load' && inner.length > 0);
  const own = loads.filter((load) => load.buffer === buffer);
  const has = ({ variable }: Axis, every: typeof loads): boolean =>
    every.every((load) => dependsOn(load, variable));
  const batch = nest.axes.filter((axis) => has(axis, loads) && axis.extent !== undefined);
  const [rows, ...more] = nest.axes.filter((axis) => has(axis, own) && !batch.includes(axis));
  if (rows?.extent === undefined || more.length > 0) return undefined;
  const blocks = new Map(batch.map(({ variable }) => [variable, 1]));
  const [first, second] = target.cache;
  let tried = 0;
  for (let size = rows.extent; size >= LEAST_ROWS && tried < MOST_TRIED; size--) {
    if (rows.extent % size !== 0 || size === rows.extent) continue;
    tried++;
    blocks.set(rows.variable, size);
    const stage = unlessRefused(() => stageWith(program, nest, blocks));
    const most = size <= FEW_ROWS ? second / 4 : first / 2;
    if (stage !== undefined && stage.bytes <= most) return stage;
  }
  return undefined;
}

/** Pulls what fills memory of the stage inside, as long as that repeats nothing. Throws Refused. */
function stageWith(
  program: LoopProgram,
  nest: Nest,
  blocks: ReadonlyMap<string, number>,
): Stage | undefined {
  const names = Names.of(program);
  const placeIn = ({ body }: LoopProgram, stmt: Stmt): Place => {
    const before = body.slice(0, body.indexOf(stmt));
    const facts = before.reduce((known, each) => factsAfter(each, known), rootFacts(program));
    return { facts, names };
  };
  const reader = rootLoop(program, nest.loop.variable)!;
  let stage = openStage(reader, blocks, nest.axes.length, placeIn(program, reader));
  let body = program.body.map((stmt): Stmt => (stmt === reader ? stage : stmt));
  let bytes = 0;
  for (;;) {
    const inside = { ...program, body };
    const place = placeIn(inside, stage);
    let pulled: ReturnType<typeof pullIntoStage> | undefined;
    for (const { buffer, nest: filling } of fillingOf(inside, stage)) {
      if (filling.kind !== 'rows' && filling.kind !== 'contraction') continue;
      const { loop, axes } = filling;
      const next = unlessRefused(() => pullIntoStage(stage, loop, axes.length, buffer, place));
      // What several blocks read is filled for all of them.
      if (next === undefined || next.repeated > 1) continue;
      pulled = next;
      body = body
        .filter((stmt) => stmt !== loop && !(stmt.kind === 'local' && stmt.buffer === buffer))
        .map((stmt): Stmt => (stmt === stage ? next.stage : stmt));
      break;
    }
    if (pulled === undefined) break;
    stage = pulled.stage;
    bytes += bytesOf(pulled.scratch);
  }
  return bytes === 0 ? undefined : { program: { ...program, body }, stage, bytes };
}
