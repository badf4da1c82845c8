/** What `scheduleProgram` takes and gives. */
import type { Layout } from '../loop/layout.ts';
import type { LoopProgram } from '../loop/ir.ts';
import type { NestKind } from './nest.ts';
import type { TileRequest } from './transform/tile.ts';
import type { Target } from '../target/target.ts';
import type { ChooseBlocking } from './winograd/choose.ts';
import type { TileSize } from './winograd/transforms.ts';

export interface ScheduleRequest {
  readonly target: Target;
  /** Names of input buffers that hold constants: they may be packed in any layout. */
  readonly constants: ReadonlySet<string>;
  /** Layouts of the other buffers, by buffer name; row-major where missing. */
  readonly layouts: ReadonlyMap<string, Layout>;
  /** Which convolutions go through Winograd's domain, and how; default: `chooseBlocking` of the target. */
  readonly blocking?: ChooseBlocking;
}

export interface ScheduledProgram {
  /** Buffers have physical shapes; at most one level of parallel loops, at the top. */
  readonly program: LoopProgram;
  /** Layouts that constants must be packed in, by buffer name. */
  readonly packed: ReadonlyMap<string, Layout>;
  /** Constants that are 3 x 3 filters and are transformed for such tiles before they are packed, by buffer name. */
  readonly filters?: ReadonlyMap<string, TileSize>;
  /** What was decided for each loop nest of the program's root, in order. */
  readonly nests: readonly NestNote[];
}

export interface NestNote {
  readonly kind: NestKind;
  /** Tiles, where the nest was tiled. */
  readonly request?: TileRequest;
  /** Why the nest stays as lowering made it. */
  readonly refused?: string;
}
