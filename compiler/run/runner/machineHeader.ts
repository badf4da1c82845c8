/**
 * `fusion_machine.h`: what runs kernels, as the runner sees it: the threads of a processor (`fusion_processor.c`) or a GPU
 * (`fusion_gpu_machine.c`). A program has one of them.
 */

export const MACHINE_HEADER = String.raw`/* What runs kernels: a processor, or a GPU. */
#ifndef FUSION_MACHINE_H
#define FUSION_MACHINE_H

#include "fusion_options.h"
#include "fusion_runtime.h"

/* Takes an argument that only this machine has. @returns 0: it has none of that name */
int fusion_machine_option(const char *name, const char *text);

/* Says hello, gets memory, brings the weights there. Ends the run where the machine cannot be had. */
void fusion_machine_open(const fusion_options *options);

/* All bytes of a buffer; when it returns they are there. */
void fusion_machine_write(int32_t buffer, const void *data);

/* The first bytes of a buffer, once everything before is done; valid until the next call. */
const char *fusion_machine_read(int32_t buffer, int64_t bytes);

/* Starts a step, which may still run when this returns. Ends the run where a check is known to have failed. */
void fusion_machine_start(int32_t step, const int64_t *sizes);

/* Until everything that was started is done; a check that failed ends the run. */
void fusion_machine_finish(void);

/* Between starts and stops: nanoseconds of work since the last lap, each waiting for the work. */
void fusion_machine_start_laps(void);
int64_t fusion_machine_lap(void);
void fusion_machine_stop_laps(void);

#endif
`;
