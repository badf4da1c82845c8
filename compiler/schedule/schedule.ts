/** What `scheduleProgram` takes and gives. */
import type { Layout } from '../loop/layout.ts';
import type { LoopProgram } from '../loop/ir.ts';
import type { Target } from '../target/target.ts';

export interface ScheduleRequest {
  readonly target: Target;
  /** Names of input buffers that hold constants: they may be packed in any layout. */
  readonly constants: ReadonlySet<string>;
  /** Layouts of the other buffers, by buffer name; row-major where missing. */
  readonly layouts: ReadonlyMap<string, Layout>;
}

export interface ScheduledProgram {
  /** Buffers have physical shapes; at most one level of parallel loops, at the top. */
  readonly program: LoopProgram;
  /** Layouts that constants must be packed in, by buffer name. */
  readonly packed: ReadonlyMap<string, Layout>;
}
