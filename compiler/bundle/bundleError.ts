/**
 * A model that cannot be made ready to run as it is: a size that is not bound, an input whose value has to be known,
 * memory beyond the limit. The message says what to do.
 */
import { ModelError, oneLine } from '../diagnostics.ts';
import { Unsupported } from '../lower/unsupported.ts';

export class BundleError extends Error {
  constructor(message: string, options?: { readonly cause: unknown }) {
    super(oneLine(message), options);
    this.name = 'BundleError';
  }
}

/**
 * Runs one step of building `what`. Operators whose inputs have types or ranks that they do not take make programs that
 * cannot be: that is told, with the cause, and does not look like a crash.
 */
export function building<T>(what: () => string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof BundleError || error instanceof Unsupported) throw error;
    if (error instanceof ModelError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new BundleError(`${what()} cannot be built: ${reason}.`, { cause: error });
  }
}
