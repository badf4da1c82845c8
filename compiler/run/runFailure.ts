/**
 * Failures of building and running that a user can read: one clear line, and where there is more to see (a compiler's own
 * message, the kernel), that as details.
 */
import { oneLine } from '../diagnostics.ts';

export type FailureKind =
  /** No compiler, no tool, no such target on this machine. */
  | 'unavailable'
  /** A block has no kernel, sizes are not bound, inputs do not fit. */
  | 'unsupported'
  /** The C compiler refused a kernel. */
  | 'compiler'
  /** A check of a kernel failed: the data violates an operator's rules. */
  | 'check'
  /** The process died, said nonsense, or its results are not as promised. */
  | 'crashed'
  /** Time or memory that the run may take. */
  | 'limit';

export class RunFailure extends Error {
  override readonly name = 'RunFailure';

  constructor(
    readonly failure: FailureKind,
    message: string,
    /** Long text, several lines: what a compiler or a process said. Untrusted. */
    readonly details?: string,
    /** Index of the fusion block concerned. */
    readonly block?: number,
    /** Ids of the operators concerned, where it is not the whole block. */
    readonly operators?: readonly string[],
  ) {
    super(oneLine(message));
  }
}

/** The caller's signal fired: nothing to report. */
export class RunCancelled extends Error {
  override readonly name = 'RunCancelled';

  constructor() {
    super('Cancelled');
  }
}

export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new RunCancelled();
}
