/**
 * Layouts of buffers applied to a program: buffers get their physical shape, every access its physical index.
 */
import type { Layout } from '../../loop/layout.ts';
import type { LoopProgram } from '../../loop/ir.ts';
import { Refused } from './place.ts';

/** Buffers without an entry stay as they are. The result is simplified; values do not change. */
export function relayout(program: LoopProgram, layouts: ReadonlyMap<string, Layout>): LoopProgram {
  void [program, layouts];
  throw new Refused('not built yet');
}
