/**
 * Neighbouring loop nests as one, and the memory between them made small: a producer's rows are consumed while
 * they are in the first cache.
 */
import type { LoopProgram, Stmt } from '../../loop/ir.ts';
import type { Place } from './place.ts';
import { Refused } from './place.ts';

/**
 * Fuses the two loops that stand at `at` and `at + 1` of a statement list, and then the loops directly inside, as
 * deep as that is legal: what the second reads of the first's results is written in the same iteration.
 */
export function fuseLoops(body: readonly Stmt[], at: number, place: Place): readonly Stmt[] {
  void [body, at, place];
  throw new Refused('not built yet');
}

/**
 * Locals of a program of which an iteration of the outermost loops only uses the part that it wrote itself
 * become locals of that iteration, without the axes that the loops fix.
 */
export function shrinkLocals(program: LoopProgram): LoopProgram {
  return program;
}
