/**
 * One output, or a vector of neighbours, per work item: element by element, data movement, pools, depthwise
 * convolutions, and whatever else has many independent points. The points are numbered in memory order, so that
 * neighbouring items touch neighbouring elements.
 */
import type { Index } from '../../loop/indexExpr.ts';
import {
  add,
  ceilDiv,
  constant,
  floorDiv,
  less,
  multiply,
  product,
  variable,
} from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { polyConstant } from '../../loop/polynomial.ts';
import { registerType, SCALAR_TYPES } from '../../loop/scalarType.ts';
import { simplifyBody } from '../../loop/simplify.ts';
import type { Nest } from '../nest.ts';
import { laneShape } from '../operands.ts';
import { jam } from '../transform/jam.ts';
import { liftFromBranches } from '../transform/guards.ts';
import type { Loop, Place } from '../transform/place.ts';
import { Refused, unlessRefused } from '../transform/place.ts';
import { copyBody } from '../transform/rewrite.ts';
import type { GpuDevice } from './device.ts';
import { outputLoops } from './outputLoops.ts';
import { scaled, Writer } from './writer.ts';

/** Elements of 4 bytes that one access moves. */
const LANES = 4;
/** Inner loops of at most this many iterations in all are written out. */
const MOST_UNROLLED = 32;

/** Statements in place of the nest. Refuses dependent loops. */
export function schedulePerItem(
  loop: Loop,
  nest: Nest,
  place: Place,
  device: GpuDevice,
): readonly Stmt[] {
  const lanes = lanesOf(nest);
  const vector =
    lanes > 1 ? unlessRefused(() => perItem(loop, nest, lanes, place, device)) : undefined;
  return vector ?? perItem(loop, nest, 1, place, device);
}

/** Vectors where every access runs along them or is the same for all of their lanes. */
function lanesOf(nest: Nest): number {
  const last = nest.axes.at(-1);
  if (nest.kind !== 'pointwise' || last?.extent === undefined || last.extent % LANES !== 0)
    return 1;
  const fits = nest.accesses.every((access) => {
    const bits = SCALAR_TYPES[registerType(access.buffer.storage)].bits;
    const shape = laneShape(access, last, LANES, new Set());
    return bits === 32 && (shape === 'vector' || (shape === 'scalar' && access.kind === 'load'));
  });
  return fits ? LANES : 1;
}

function perItem(
  loop: Loop,
  nest: Nest,
  lanes: number,
  place: Place,
  device: GpuDevice,
): readonly Stmt[] {
  const { loops, body } = outputLoops(loop, place, nest.axes.length);
  const along = loops.at(-1)!.extent;
  // Where not all loops are independent, the last one is not the axis that vectors were chosen for.
  if (lanes > 1 && !(along.kind === 'constant' && along.value % lanes === 0)) {
    throw new Refused('rows that no vectors fill');
  }
  const parts = loops.map(({ variable: name, extent }, at) => ({
    variable: name,
    extent: at === loops.length - 1 ? floorDiv(extent, lanes) : extent,
  }));
  return place.names.replacing([loop], () => {
    const writer = new Writer(place);
    const count = writer.simplify(product(parts.map(({ extent }) => extent)));
    const items = groupSizeFor(count, device);
    writer.groups([ceilDiv(count, items)], (group, [at]) => {
      group.loop('item', constant(items), 'item', (item, own) => {
        const flat = scaled(at!, items, own);
        // Before the condition, which would prove the limit away: a name with a range is what proofs can divide.
        const place = item.clamped('at', flat, count);
        item.when([less(flat, count)], (inside) => {
          const indices = new Map(inside.decoded(place, parts));
          writePoint(inside, unrolled(body), indices, loops.at(-1)!.variable, lanes);
        });
      });
    });
    return writer.body;
  });
}

function writePoint(
  writer: Writer,
  body: readonly Stmt[],
  indices: Map<string, Index>,
  along: string,
  lanes: number,
): void {
  if (lanes === 1) {
    writer.copy(body, { indices });
    return;
  }
  const lane = 'item.lane';
  indices.set(along, add(multiply(indices.get(along)!, lanes), variable(lane)));
  const facts = writer.facts.within(lane, polyConstant(lanes));
  const inside = { facts, names: writer.names };
  const copied = copyBody(body, writer.names, { indices });
  const ready = writer.names.replacing(copied, () =>
    liftFromBranches(simplifyBody(copied, facts), facts),
  );
  const wide = writer.names.replacing(ready, () =>
    jam(ready, [], { variable: lane, lanes }, inside),
  );
  for (const stmt of wide) writer.emit(stmt);
}

/** Fewer items where there would be too few groups to keep the device busy. */
export function groupSizeFor(count: Index, { groupSize, computeUnits }: GpuDevice): number {
  if (count.kind !== 'constant') return groupSize;
  let items = groupSize;
  while (items > 64 && count.value < items * computeUnits * 2) items /= 2;
  return items;
}

/** Short inner loops (windows) written out by the emitter. */
function unrolled(body: readonly Stmt[], budget = MOST_UNROLLED): readonly Stmt[] {
  return body.map((stmt): Stmt => {
    if (stmt.kind === 'if') {
      return {
        ...stmt,
        then: unrolled(stmt.then, budget),
        otherwise: unrolled(stmt.otherwise, budget),
      };
    }
    if (stmt.kind !== 'for') return stmt;
    const { extent } = stmt;
    const left = extent.kind === 'constant' ? Math.floor(budget / extent.value) : 0;
    const short = left >= iterationsIn(stmt.body);
    return {
      ...stmt,
      mode: short ? 'unrolled' : 'serial',
      body: unrolled(stmt.body, short ? left : budget),
    };
  });
}

/** Of the loops inside, multiplied along the deepest path; Infinity for unknown extents. */
function iterationsIn(body: readonly Stmt[]): number {
  return body.reduce((most, stmt) => {
    if (stmt.kind === 'while') return Infinity;
    if (stmt.kind === 'if')
      return Math.max(most, iterationsIn(stmt.then), iterationsIn(stmt.otherwise));
    if (stmt.kind !== 'for') return most;
    const own = stmt.extent.kind === 'constant' ? stmt.extent.value : Infinity;
    return Math.max(most, own * iterationsIn(stmt.body));
  }, 1);
}
