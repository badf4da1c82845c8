/**
 * `fusion_main.c`: one run of a program, from arguments to results, on whatever machine it is for. Total latency and block times
 * come from repetitions of their own; inputs are filled in again before each, outside of the timed part, because kernels may
 * reuse their memory. Total latency is until the machine has finished.
 */
import { COMPARE_SOURCE } from './compareSource.ts';

export const MAIN_SOURCE = String.raw`/* One run: warm-up, repetitions, repetitions with block timers, outputs. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <time.h>
#include "fusion_machine.h"
#include "fusion_outputs.h"

static const fusion_program_tables *const program = &fusion_program;
static const char *input_data;
/* One for each of step_sizes. */
static int64_t *sizes;
static int64_t *symbols;
static volatile int32_t current_step;

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void fill_range(int32_t first, int32_t end) {
  for (int32_t i = first; i < end; i++) {
    const fusion_input *input = &program->inputs[i];
    fusion_machine_write(input->buffer, input_data + input->file_offset);
  }
}

static void fill_inputs(void) { fill_range(0, program->input_count); }

static void run_step(int32_t index) {
  const fusion_step *step = &program->steps[index];
  int64_t *step_sizes = sizes + step->first_size;
  current_step = index;
  for (int32_t i = 0; i < step->size_count; i++) {
    step_sizes[i] = symbols[program->step_sizes[step->first_size + i]];
  }
  fusion_machine_start(index, step_sizes);
  for (int32_t i = 0; i < step->count_count; i++) {
    const fusion_count *count = &program->step_counts[step->first_count + i];
    fusion_machine_finish();
    int64_t value = *(const int64_t *)fusion_machine_read(count->buffer, sizeof value);
    if (value < 0 || value > program->symbol_bounds[count->symbol]) fusion_fail_size(index);
    symbols[count->symbol] = value;
  }
}

/* @returns nanoseconds until all of it is done */
static int64_t run_range(int32_t first, int32_t end) {
  int64_t start = now();
  for (int32_t i = first; i < end; i++) run_step(i);
  fusion_machine_finish();
  return now() - start;
}

static int64_t run_all(void) { return run_range(0, program->step_count); }

/* Nanoseconds of each step, at times[step * stride]. */
static void time_range(int32_t first, int32_t end, int64_t *times, int32_t stride) {
  fusion_machine_start_laps();
  for (int32_t i = first; i < end; i++) {
    run_step(i);
    times[(int64_t)i * stride] = fusion_machine_lap();
  }
  fusion_machine_stop_laps();
  fusion_machine_finish();
}

/* @returns how many repetitions were run; times may be NULL */
static int32_t repeat(int32_t most, int64_t budget_ns, int64_t *times) {
  int64_t start = now();
  for (int32_t i = 0; i < most; i++) {
    if (i >= 3 && budget_ns > 0 && now() - start > budget_ns) return i;
    fill_inputs();
    int64_t time = run_all();
    if (times != NULL) times[i] = time;
  }
  return most;
}

static void time_blocks(int32_t most, int64_t budget_ns) {
  int32_t steps = program->step_count, count = 0;
  int64_t *times = fusion_allocate((int64_t)sizeof(int64_t) * steps * most, "block times");
  int64_t start = now();
  for (; count < most; count++) {
    if (count >= 3 && budget_ns > 0 && now() - start > budget_ns) break;
    fill_inputs();
    time_range(0, steps, times + count, most);
  }
  for (int32_t i = 0; i < steps; i++) {
    fusion_report_block(i, times + (int64_t)i * most, count);
  }
  free(times);
}

/* Runs once more and keeps what every block gives, as it lies in memory. */
static void dump_tensors(const char *path) {
  FILE *file = fusion_create(path);
  int64_t offset = 0;
  fill_inputs();
  for (int32_t i = 0; i < program->step_count; i++) {
    run_step(i);
    fusion_machine_finish();
    offset = fusion_put_tensors(file, i, offset);
  }
  fusion_close(file);
}

static void prepare(const fusion_options *chosen) {
  const fusion_step *last = program->steps + program->step_count;
  int32_t size_count = 0;
  for (const fusion_step *step = program->steps; step < last; step++) size_count += step->size_count;
  fusion_machine_open(chosen);
  input_data = fusion_read_file(chosen->inputs, program->input_bytes, "the inputs");
  sizes = fusion_allocate((int64_t)sizeof(int64_t) * size_count, "tables");
  symbols = fusion_allocate((int64_t)sizeof(int64_t) * program->symbol_count, "tables");
}

${COMPARE_SOURCE}
static void run_one_plan(const fusion_options *chosen) {
  fill_inputs();
  fusion_report_first_run(run_all());
  repeat(chosen->warmup, chosen->budget_ns, NULL);
  if (chosen->runs > 0) {
    int64_t *times = fusion_allocate((int64_t)sizeof(int64_t) * chosen->runs, "times");
    fusion_report_total(times, repeat(chosen->runs, chosen->budget_ns, times));
    free(times);
    time_blocks(chosen->runs, chosen->budget_ns);
  }
  if (chosen->dump != NULL) dump_tensors(chosen->dump);
  FILE *file = fusion_create(chosen->outputs);
  fusion_put_outputs(file, symbols, 0, program->output_count, 0);
  fusion_close(file);
}

int main(int count, char **arguments) {
  fusion_catch_signals(&current_step, 0);
  fusion_options chosen = fusion_read_options(count, arguments);
  fusion_catch_signals(&current_step, chosen.limit_seconds);
  prepare(&chosen);
  if (chosen.second_step > 0) compare_plans(&chosen);
  else run_one_plan(&chosen);
  if (program->symbol_count > 0) fusion_report_sizes(symbols, program->symbol_count);
  fusion_report_memory(fusion_peak_bytes());
  fusion_report_done();
  return 0;
}
`;
