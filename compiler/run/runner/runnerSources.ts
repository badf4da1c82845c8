/** Files of the C runner that are the same for every machine and model. */
import { MACHINE_HEADER } from './machineHeader.ts';
import { MAIN_SOURCE } from './mainSource.ts';
import { MEMORY_SOURCE } from './memorySource.ts';
import { OPTIONS_HEADER, OPTIONS_SOURCE } from './optionsSource.ts';
import { OUTPUTS_HEADER, OUTPUTS_SOURCE } from './outputsSource.ts';
import { REPORT_SOURCE } from './reportSource.ts';
import { RUNTIME_HEADER } from './runtimeHeader.ts';
import { WEIGHTS_SOURCE } from './weightsSource.ts';

/** Tables of the model; made by `programSource`. */
export const PROGRAM_NAME = 'program.c';

export const RUNNER_SOURCES: Readonly<Record<string, string>> = {
  'fusion_runtime.h': RUNTIME_HEADER,
  'fusion_options.h': OPTIONS_HEADER,
  'fusion_machine.h': MACHINE_HEADER,
  'fusion_outputs.h': OUTPUTS_HEADER,
  'fusion_main.c': MAIN_SOURCE,
  'fusion_memory.c': MEMORY_SOURCE,
  'fusion_options.c': OPTIONS_SOURCE,
  'fusion_outputs.c': OUTPUTS_SOURCE,
  'fusion_report.c': REPORT_SOURCE,
  'fusion_weights.c': WEIGHTS_SOURCE,
};
