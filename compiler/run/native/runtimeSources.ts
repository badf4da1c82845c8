/** The C runtime: files that are the same for every model. */
import { MAIN_SOURCE } from './mainSource.ts';
import { MEMORY_SOURCE } from './memorySource.ts';
import { POOL_SOURCE } from './poolSource.ts';
import { REPORT_SOURCE } from './reportSource.ts';

export const RUNTIME_HEADER_NAME = 'fusion_runtime.h';
export const KERNEL_HEADER_NAME = 'fusion_kernel.h';
export const PROGRAM_NAME = 'program.c';

export const RUNTIME_SOURCES: Readonly<Record<string, string>> = {
  'fusion_main.c': MAIN_SOURCE,
  'fusion_memory.c': MEMORY_SOURCE,
  'fusion_pool.c': POOL_SOURCE,
  'fusion_report.c': REPORT_SOURCE,
};
