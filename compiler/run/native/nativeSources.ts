/** The C runtime of a processor: files that are the same for every model. */
import { RUNNER_SOURCES } from '../runner/runnerSources.ts';
import { POOL_SOURCE } from './poolSource.ts';
import { PROCESSOR_SOURCE } from './processorSource.ts';

export const NATIVE_SOURCES: Readonly<Record<string, string>> = {
  ...RUNNER_SOURCES,
  'fusion_pool.c': POOL_SOURCE,
  'fusion_processor.c': PROCESSOR_SOURCE,
};
