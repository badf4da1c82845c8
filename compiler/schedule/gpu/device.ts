/**
 * What schedules ask of a GPU: how much work keeps it busy, how large work-groups and their memory may be.
 */
import type { Target } from '../../target/target.ts';

export interface GpuDevice {
  /** Multiprocessors: groups that run at the same time, at least. */
  readonly computeUnits: number;
  /** Items of a group at most. */
  readonly groupSize: number;
  /** Bytes of memory that a group may share. */
  readonly localBytes: number;
  /** Vectors of four floats that an item keeps in registers. */
  readonly registers: number;
}

/** Of a target record; what it leaves out is what any phone has. */
export function gpuOf(target: Target): GpuDevice {
  const { computeUnits = 16, groupSize = 256, localBytes = 32 << 10, vectorRegisters } = target;
  return { computeUnits, groupSize, localBytes, registers: vectorRegisters };
}
