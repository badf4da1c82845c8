/**
 * The contract between emitters, packaging and runners: how a kernel is called.
 *
 * A kernel is a loop program, cut into phases at its outermost parallel loops (`phasesOf`). Its arguments are
 *   buffers: addresses of the program's inputs, then its outputs, then its shared buffers, in order;
 *   sizes: the program's size parameters as 64-bit integers, in order;
 *   scratch: memory of one thread, `scratchBytes` long, for locals inside parallel loops.
 * A phase returns 0, or 1 + the index of the check that failed. All buffers are 64-byte aligned and
 * do not overlap, unless the memory plan says that an output may stand in an input's place.
 */
import type { Index } from '../loop/indexExpr.ts';
import type { Buffer } from '../loop/expr.ts';
import type { LoopProgram, Stmt } from '../loop/ir.ts';

export interface Phase {
  /**
   * Independent iterations, cut into ranges [begin, end) for threads; undefined: runs once. The extent is over
   * sizes only.
   */
  readonly parallel?: {
    readonly variable: string;
    readonly extent: Index;
    /** Iterations are work-groups of a GPU; more of them may nest in the body. */
    readonly groups?: boolean;
  };
  /**
   * Names of the root that the phase reads, bound again (from sizes or shared memory): every thread runs this
   * once before its iterations.
   */
  readonly before: readonly Stmt[];
  /** One iteration; of a serial phase: all of it. Holds no parallel loops. */
  readonly body: readonly Stmt[];
}

export interface PhasedProgram {
  readonly program: LoopProgram;
  readonly phases: readonly Phase[];
  /**
   * Locals of the whole program and scalars that later phases read, as memory that all threads see. Shapes are
   * over sizes only.
   */
  readonly shared: readonly Buffer[];
}

/** Who to blame when a check fails. `operator` is an untrusted id. */
export interface KernelCheck {
  readonly operator: string;
  readonly message: string;
}

export interface EmittedKernel {
  /** Numbered, made by the compiler: an identifier. */
  readonly name: string;
  readonly phased: PhasedProgram;
  readonly checks: readonly KernelCheck[];
  /** Bytes of scratch that one thread needs, in terms of the program's sizes. */
  readonly scratchBytes: Index;
}
