// One graph or more for every rule, on which it applies, and near misses, on which it must not: another axis, another
// reader, something that is no constant, a broadcast that changes the shape.
import type { GraphText } from './rewriting.ts';

export interface Example {
  readonly rule: string;
  readonly fires: readonly GraphText[];
  /** Not a match, or nothing saved. */
  readonly misses: readonly GraphText[];
}
