/**
 * What planning depends on besides the ECG and the user's edits.
 */
import type { CanCompile } from './canCompile.ts';
import { hasKernel } from './canCompile.ts';
import type { Limits } from './limits.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { ProfileDatabase } from './profile.ts';
import { EMPTY_PROFILE } from './profile.ts';

export interface PlanContext {
  readonly profile: ProfileDatabase;
  /** Key of the device in the profile database. */
  readonly device: string;
  /** Asked for convex, connected sets only: planning keeps blocks so by itself. */
  readonly canCompile: CanCompile;
  readonly limits: Limits;
  /** Told of every yellow cell that planning met: what a measurement would have to time. */
  readonly onYellow?: (question: YellowQuestion) => void;
}

/** Should the two be one block? Operator indices, ascending. */
export interface YellowQuestion {
  readonly first: readonly number[];
  readonly second: readonly number[];
}

export const DEFAULT_CONTEXT: PlanContext = {
  profile: EMPTY_PROFILE,
  device: 'unknown',
  canCompile: hasKernel,
  limits: DEFAULT_LIMITS,
};
