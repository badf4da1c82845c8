/** How a run of a module ends before it is done. */
import type { RunnerMessage } from '../runProtocol.ts';

/** Ends the run with an error message. */
export class RunEnd extends Error {
  constructor(readonly fields: Omit<Extract<RunnerMessage, { kind: 'error' }>, 'kind'>) {
    super(fields.message);
  }
}
