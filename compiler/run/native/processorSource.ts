/** `fusion_processor.c`: kernels on threads of this processor, all memory in reach. */

export const PROCESSOR_SOURCE = String.raw`/* Kernels on threads of this processor. */
#define _GNU_SOURCE
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "fusion_machine.h"

static const fusion_program_tables *const program = &fusion_program;
static char *arena, *weights;
static const fusion_run *threads;
/* One address for each entry of step_buffers. */
static void **addresses;
static int64_t last_lap;

static char *address_of(int32_t buffer) {
  const fusion_buffer *entry = &program->buffers[buffer];
  return (entry->in_weights ? weights : arena) + entry->offset;
}

int fusion_machine_option(const char *name, const char *text) {
  if (strcmp(name, "--cpus") != 0) return 0;
  if (!fusion_use_cores(text)) fusion_fail("--cpus is no list of processors", NULL);
  return 1;
}

void fusion_machine_open(const fusion_options *options) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  fusion_report_hello("native 1", NULL, options->threads, cores);
  int32_t address_count = 0;
  for (int32_t i = 0; i < program->step_count; i++) address_count += program->steps[i].buffer_count;
  weights = fusion_load_weights(options);
  arena = fusion_allocate(program->arena_bytes, "the arena");
  addresses = fusion_allocate((int64_t)sizeof(void *) * address_count, "tables");
  for (int32_t i = 0; i < address_count; i++) addresses[i] = address_of(program->step_buffers[i]);
  threads = fusion_pool_start(options->threads, program->scratch_bytes);
}

void fusion_machine_write(int32_t buffer, const void *data) {
  memcpy(address_of(buffer), data, (size_t)program->buffers[buffer].bytes);
}

const char *fusion_machine_read(int32_t buffer, int64_t bytes) {
  (void)bytes;
  return address_of(buffer);
}

void fusion_machine_start(int32_t index, const int64_t *sizes) {
  const fusion_step *step = &program->steps[index];
  int32_t failure = program->kernels[step->kernel](threads, addresses + step->first_buffer, sizes);
  if (failure != 0) fusion_fail_check(index, failure - 1);
}

void fusion_machine_finish(void) {}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void fusion_machine_start_laps(void) { last_lap = now(); }

int64_t fusion_machine_lap(void) {
  int64_t before = last_lap;
  last_lap = now();
  return last_lap - before;
}

void fusion_machine_stop_laps(void) {}
`;
