/** A model that cannot be written as a valid file: what stands in the way, for the user. */
import { oneLine } from '../diagnostics.ts';

export class ExportError extends Error {
  constructor(message: string) {
    super(oneLine(message));
    this.name = 'ExportError';
  }
}
