/**
 * Whether the memory that a kernel of work-groups declares exists: what a group shares is limited by the device, and an
 * item keeps a few KiB; groups have no scratch for more.
 */
import type { Buffer } from '../../loop/expr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { bodiesOf } from '../../loop/ir.ts';
import { storageBytes } from '../../loop/scalarType.ts';
import { ITEM_BYTES } from '../../target/itemMemory.ts';
import { Refused } from '../transform/place.ts';
import type { GpuDevice } from './device.ts';

/** Of the group's memory, what emitters use themselves. */
const RESERVED = 16;

/** Refuses work-groups among the statements of the root whose memory is more than there is. */
export function expectGroupsFit(body: readonly Stmt[], { localBytes }: GpuDevice): void {
  for (const stmt of body) {
    if (stmt.kind !== 'for' || stmt.mode !== 'group') continue;
    const shared = localsIn(stmt.body)
      .filter(({ space }) => space === 'group')
      .reduce((sum, buffer) => sum + bytesOf(buffer, 0), 0);
    if (shared > localBytes - RESERVED) throw new Refused(`${shared} bytes of group memory`);
    expectItemsFit(stmt.body);
  }
}

/** Refuses statements whose own memory is more than an item may keep. */
export function expectItemsFit(body: readonly Stmt[]): void {
  const own = localsIn(body)
    .filter(({ space }) => space !== 'group')
    .reduce((sum, buffer) => sum + bytesOf(buffer, buffer.space === 'item' ? 1 : 0), 0);
  if (own > ITEM_BYTES) throw new Refused(`${own} bytes of an item's own memory`);
}

function localsIn(body: readonly Stmt[]): readonly Buffer[] {
  return body.flatMap((stmt) =>
    stmt.kind === 'local' ? [stmt.buffer] : bodiesOf(stmt).flatMap(localsIn),
  );
}

/** Infinite where only a run knows it. @param from first axis that counts. */
function bytesOf({ shape, storage, lanes }: Buffer, from: number): number {
  const elements = shape
    .slice(from)
    .reduce((size, dim) => size * (dim.kind === 'constant' ? dim.value : Infinity), 1);
  return elements * storageBytes(storage) * lanes;
}
