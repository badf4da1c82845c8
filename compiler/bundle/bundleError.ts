/**
 * A model that cannot be made ready to run as it is: a size that is not bound, an input whose value has to be known,
 * memory beyond the limit. The message says what to do.
 */
import { oneLine } from '../diagnostics.ts';

export class BundleError extends Error {
  constructor(message: string) {
    super(oneLine(message));
    this.name = 'BundleError';
  }
}
