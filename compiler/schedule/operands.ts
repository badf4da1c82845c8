/**
 * How the accesses of a nest lie along two candidate axes: lanes of vectors and rows of a register tile. Loads that
 * are constants may be packed, so any stride of theirs will do.
 */
import type { Target } from '../target/target.ts';
import { registerType, SCALAR_TYPES } from '../loop/scalarType.ts';
import { laneStrides } from './affine.ts';
import type { Access, Axis, Nest } from './nest.ts';
import { dependsOn } from './nest.ts';

/**
 * scalar: one element for all lanes; vector: adjacent elements; packed: adjacent once the constant is packed;
 * turned: adjacent in a transposed copy that the kernel makes first; gathered: one by one.
 */
export type LaneShape = 'scalar' | 'vector' | 'packed' | 'turned' | 'gathered';

/** Lanes of a vector along an axis: as many as the widest type that moves along it has. */
export function lanesFor(
  { accesses }: Pick<Nest, 'accesses'>,
  target: Target,
  along: readonly Axis[],
): number {
  const moving = accesses.filter((access) =>
    along.some(({ variable }) => dependsOn(access, variable)),
  );
  const bits = moving.map(({ buffer }) => SCALAR_TYPES[registerType(buffer.storage)].bits);
  // Narrow types are widened to 32 bits somewhere on the way, more often than not.
  return target.vectorBytes / (Math.max(32, ...bits) / 8);
}

export function laneShape(
  access: Access,
  { variable, extent }: Axis,
  lanes: number,
  constants: ReadonlySet<string>,
): LaneShape {
  if (!dependsOn(access, variable)) return 'scalar';
  const { position, facts, buffer } = access;
  const [lane] = laneStrides(position, variable, extent ?? lanes, lanes, facts);
  if (lane === 0 || lane === 1) return lane === 0 ? 'scalar' : 'vector';
  const packable = constants.has(buffer.name) && singleAxis(access, variable) !== undefined;
  return packable ? 'packed' : 'gathered';
}

/** The axis of the buffer in whose index alone the variable stands, with factor 1. */
export function singleAxis({ indices, facts }: Access, variable: string): number | undefined {
  const axes = indices.flatMap((index, axis) =>
    dependsOn({ indices: [index] }, variable) ? [axis] : [],
  );
  const [axis] = axes;
  if (axis === undefined || axes.length > 1) return undefined;
  const [lane] = laneStrides(indices[axis], variable, 4, 4, facts);
  return lane === 1 ? axis : undefined;
}
