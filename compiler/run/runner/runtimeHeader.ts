/**
 * `fusion_runtime.h`: the tables that describe a bundle to the C runtime, and what the runtime's files offer each
 * other. Generated programs define `fusion_program`; everything else is the same for every model.
 */

export const RUNTIME_HEADER = String.raw`/* Tables of one bundle, and the runtime that runs them. */
#ifndef FUSION_RUNTIME_H
#define FUSION_RUNTIME_H

#include <stddef.h>
#include <stdint.h>
#include "fusion_kernel.h"

#define FUSION_MOST_RANK 32
#define FUSION_MOST_THREADS 256

typedef struct {
  int8_t in_weights;
  int64_t offset;
  int64_t bytes;
} fusion_buffer;

typedef struct {
  int32_t symbol;
  int32_t buffer;
} fusion_count;

/* Runs of the tables below. */
typedef struct {
  int32_t kernel;
  int32_t first_buffer, buffer_count;
  int32_t first_size, size_count;
  int32_t first_count, count_count;
  /* Of those buffers, the values that leave the block: for dumps. */
  int32_t first_output, output_count;
} fusion_step;

typedef struct {
  int32_t buffer;
  int64_t file_offset;
} fusion_input;

typedef struct {
  int32_t buffer;
  int32_t element_bytes;
  int32_t rank;
  const int64_t *physical;
  /* Actual dims, in terms of the symbols. */
  void (*dims_of)(const int64_t *symbols, int64_t *dims);
} fusion_output;

typedef struct {
  int64_t arena_bytes, weight_bytes, scratch_bytes, input_bytes;
  const fusion_kernel *kernels;
  const fusion_buffer *buffers;
  int32_t buffer_count;
  const fusion_step *steps;
  int32_t step_count;
  /* Indices into buffers and symbols that the steps' ranges cut. */
  const int32_t *step_buffers;
  const int32_t *step_sizes;
  const fusion_count *step_counts;
  const int32_t *step_outputs;
  /* Largest values of the data-dependent sizes. */
  const int64_t *symbol_bounds;
  int32_t symbol_count;
  const fusion_input *inputs;
  int32_t input_count;
  const fusion_output *outputs;
  int32_t output_count;
} fusion_program_tables;

extern const fusion_program_tables fusion_program;

/* fusion_memory.c */

/* 64-byte aligned, zero, in huge pages where the system gives them; ends the run when there is none. */
void *fusion_allocate(int64_t bytes, const char *what);
/* Exactly that many bytes of a file, in memory as above. */
void *fusion_read_file(const char *path, int64_t bytes, const char *what);
int64_t fusion_peak_bytes(void);

/* fusion_report.c: one JSON object a line. */

/* runner is cleaned of what JSON does not hold. */
/* The version is that of the library that drives the machine; NULL: there is none. */
void fusion_report_hello(const char *runner, const char *version, int threads, int64_t cores);
void fusion_report_first_run(int64_t nanoseconds);
void fusion_report_total(const int64_t *nanoseconds, int32_t count);
/* The same of one of two plans that are compared. */
void fusion_report_plan_first(int plan, int64_t nanoseconds);
void fusion_report_plan_total(int plan, const int64_t *nanoseconds, int32_t count);
void fusion_report_block(int32_t step, const int64_t *nanoseconds, int32_t count);
void fusion_report_sizes(const int64_t *symbols, int32_t count);
void fusion_report_output(int32_t index, const int64_t *dims, int32_t rank, int64_t offset,
                          int64_t bytes);
void fusion_report_tensor(int32_t buffer, int64_t offset, int64_t bytes);
void fusion_report_memory(int64_t bytes);
void fusion_report_done(void);
/* These end the process. The message is plain text without quotes. */
_Noreturn void fusion_fail(const char *message, const char *detail);
/* The machine that the program is for is not here: nothing is wrong with the program. */
_Noreturn void fusion_fail_unavailable(const char *message);
_Noreturn void fusion_fail_check(int32_t step, int32_t check);
_Noreturn void fusion_fail_size(int32_t step);
/* Crashes and the time limit become error lines; step is read when it happens. */
void fusion_catch_signals(const volatile int32_t *step, int limit_seconds);
/* A stack for the handlers, once a thread: the thread's own may be what overflowed. */
void fusion_signal_stack(void);

/* fusion_pool.c */

/* Keeps this thread and those it starts on some processors ("4-7,9"), where the system lets it. @returns 0: no list */
int fusion_use_cores(const char *list);

/* Starts the threads, each with scratch memory; once. */
const fusion_run *fusion_pool_start(int threads, int64_t scratch_bytes);

#endif
`;
