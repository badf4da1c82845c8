/**
 * `fusion_main.c`: one run of a program, from arguments to results. Total latency and block times come from repetitions of
 * their own; inputs are filled in again before each, outside of the timed part, because kernels may reuse their memory.
 */
import { COMPARE_SOURCE } from './compareSource.ts';

export const MAIN_SOURCE = String.raw`/* One run: warm-up, repetitions, repetitions with block timers, outputs. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "fusion_runtime.h"

typedef struct {
  const char *weights, *inputs, *outputs, *dump;
  int threads, warmup, runs, limit_seconds;
  /* A series ends after this time, but not before three repetitions. 0: no limit. */
  int64_t budget_ns;
  /* Where the second of two plans starts; second_step 0: there is one plan. */
  int32_t second_step, second_input, second_output;
} options;

static const fusion_program_tables *const program = &fusion_program;
static char *arena, *weights, *input_data;
static const fusion_run *threads;
/* One address for each entry of step_buffers; one size for each of step_sizes. */
static void **addresses;
static int64_t *sizes;
static int64_t *symbols;
static volatile int32_t current_step;

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static char *address_of(int32_t buffer) {
  const fusion_buffer *entry = &program->buffers[buffer];
  return (entry->in_weights ? weights : arena) + entry->offset;
}

static void fill_range(int32_t first, int32_t end) {
  for (int32_t i = first; i < end; i++) {
    const fusion_input *input = &program->inputs[i];
    memcpy(address_of(input->buffer), input_data + input->file_offset,
           (size_t)program->buffers[input->buffer].bytes);
  }
}

static void fill_inputs(void) { fill_range(0, program->input_count); }

static void run_step(int32_t index) {
  const fusion_step *step = &program->steps[index];
  void *const *buffers = addresses + step->first_buffer;
  int64_t *step_sizes = sizes + step->first_size;
  current_step = index;
  for (int32_t i = 0; i < step->size_count; i++) {
    step_sizes[i] = symbols[program->step_sizes[step->first_size + i]];
  }
  int32_t failure = program->kernels[step->kernel](threads, buffers, step_sizes);
  if (failure != 0) fusion_fail_check(index, failure - 1);
  for (int32_t i = 0; i < step->count_count; i++) {
    const fusion_count *count = &program->step_counts[step->first_count + i];
    int64_t value;
    memcpy(&value, address_of(count->buffer), sizeof value);
    if (value < 0 || value > program->symbol_bounds[count->symbol]) fusion_fail_size(index);
    symbols[count->symbol] = value;
  }
}

static int64_t run_range(int32_t first, int32_t end) {
  int64_t start = now();
  for (int32_t i = first; i < end; i++) run_step(i);
  return now() - start;
}

static int64_t run_all(void) { return run_range(0, program->step_count); }

/* Nanoseconds of each step, at times[step * stride]. */
static void time_range(int32_t first, int32_t end, int64_t *times, int32_t stride) {
  int64_t before = now();
  for (int32_t i = first; i < end; i++) {
    run_step(i);
    int64_t after = now();
    times[(int64_t)i * stride] = after - before;
    before = after;
  }
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

static FILE *create(const char *path) {
  FILE *file = fopen(path, "wb");
  if (file == NULL) fusion_fail("a result file cannot be written", NULL);
  return file;
}

static void put(FILE *file, const void *data, int64_t bytes) {
  if (bytes > 0 && fwrite(data, 1, (size_t)bytes, file) != (size_t)bytes) {
    fusion_fail("a result file cannot be written", NULL);
  }
}

static void finish(FILE *file) {
  if (fclose(file) != 0) fusion_fail("a result file cannot be written", NULL);
}

/* The part of a buffer that the actual dims cover, without the gaps. */
static void put_compact(FILE *file, const char *data, const fusion_output *output,
                        const int64_t *dims, int32_t axis) {
  int64_t inner = output->element_bytes;
  int is_dense = 1;
  for (int32_t i = axis + 1; i < output->rank; i++) {
    inner *= output->physical[i];
    is_dense &= dims[i] == output->physical[i];
  }
  if (axis == output->rank) {
    put(file, data, inner);
  } else if (is_dense) {
    put(file, data, inner * dims[axis]);
  } else {
    for (int64_t i = 0; i < dims[axis]; i++) {
      put_compact(file, data + i * inner, output, dims, axis + 1);
    }
  }
}

/* @returns where the next output starts */
static int64_t put_outputs(FILE *file, int32_t first, int32_t end, int64_t offset) {
  for (int32_t i = first; i < end; i++) {
    const fusion_output *output = &program->outputs[i];
    int64_t dims[FUSION_MOST_RANK + 1] = {0};
    int64_t bytes = output->element_bytes;
    output->dims_of(symbols, dims);
    for (int32_t axis = 0; axis < output->rank; axis++) {
      if (dims[axis] < 0 || dims[axis] > output->physical[axis]) {
        fusion_fail("an output is larger than its memory", NULL);
      }
      bytes *= dims[axis];
    }
    if (bytes > 0) put_compact(file, address_of(output->buffer), output, dims, 0);
    fusion_report_output(i, dims, output->rank, offset, bytes);
    offset += bytes;
  }
  return offset;
}

static void write_outputs(const char *path) {
  FILE *file = create(path);
  put_outputs(file, 0, program->output_count, 0);
  finish(file);
}

/* Runs once more and keeps what every block gives, as it lies in memory. */
static void dump_tensors(const char *path) {
  FILE *file = create(path);
  int64_t offset = 0;
  fill_inputs();
  for (int32_t i = 0; i < program->step_count; i++) {
    const fusion_step *step = &program->steps[i];
    run_step(i);
    for (int32_t j = 0; j < step->output_count; j++) {
      int32_t buffer = program->step_outputs[step->first_output + j];
      int64_t bytes = program->buffers[buffer].bytes;
      put(file, address_of(buffer), bytes);
      fusion_report_tensor(buffer, offset, bytes);
      offset += bytes;
    }
  }
  finish(file);
}

static int64_t number_of(const char *text, int64_t least, int64_t most) {
  char *end;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (errno != 0 || *text == 0 || *end != 0 || value < least || value > most) {
    fusion_fail("an argument is not a number in range", NULL);
  }
  return value;
}

static options read_options(int count, char **arguments) {
  options read = {.threads = 1, .runs = 1};
  for (int i = 1; i + 1 < count; i += 2) {
    const char *name = arguments[i], *text = arguments[i + 1];
    if (strcmp(name, "--weights") == 0) read.weights = text;
    else if (strcmp(name, "--inputs") == 0) read.inputs = text;
    else if (strcmp(name, "--outputs") == 0) read.outputs = text;
    else if (strcmp(name, "--dump") == 0) read.dump = text;
    else if (strcmp(name, "--threads") == 0)
      read.threads = (int)number_of(text, 1, FUSION_MOST_THREADS);
    else if (strcmp(name, "--cpus") == 0) {
      if (!fusion_use_cores(text)) fusion_fail("--cpus is no list of processors", NULL);
    } else if (strcmp(name, "--warmup") == 0) read.warmup = (int)number_of(text, 0, 100000);
    else if (strcmp(name, "--runs") == 0) read.runs = (int)number_of(text, 0, 100000);
    else if (strcmp(name, "--budget-ms") == 0)
      read.budget_ns = number_of(text, 0, 86400000) * 1000000;
    else if (strcmp(name, "--limit-seconds") == 0)
      read.limit_seconds = (int)number_of(text, 0, 86400);
    else if (strcmp(name, "--second-step") == 0)
      read.second_step = (int32_t)number_of(text, 1, 1 << 30);
    else if (strcmp(name, "--second-input") == 0)
      read.second_input = (int32_t)number_of(text, 0, 1 << 30);
    else if (strcmp(name, "--second-output") == 0)
      read.second_output = (int32_t)number_of(text, 0, 1 << 30);
    else fusion_fail("an argument is not known", NULL);
  }
  if (count % 2 == 0) fusion_fail("an argument has no value", NULL);
  if (!read.weights || !read.inputs || !read.outputs) {
    fusion_fail("--weights, --inputs and --outputs name files", NULL);
  }
  return read;
}

static void prepare(const options *chosen) {
  const fusion_step *last = program->steps + program->step_count;
  int32_t address_count = 0, size_count = 0;
  for (const fusion_step *step = program->steps; step < last; step++) {
    address_count += step->buffer_count;
    size_count += step->size_count;
  }
  weights = fusion_read_file(chosen->weights, program->weight_bytes, "the weights");
  input_data = fusion_read_file(chosen->inputs, program->input_bytes, "the inputs");
  arena = fusion_allocate(program->arena_bytes, "the arena");
  addresses = fusion_allocate((int64_t)sizeof(void *) * address_count, "tables");
  sizes = fusion_allocate((int64_t)sizeof(int64_t) * size_count, "tables");
  symbols = fusion_allocate((int64_t)sizeof(int64_t) * program->symbol_count, "tables");
  for (int32_t i = 0; i < address_count; i++) addresses[i] = address_of(program->step_buffers[i]);
  threads = fusion_pool_start(chosen->threads, program->scratch_bytes);
}

${COMPARE_SOURCE}
static void run_one_plan(const options *chosen) {
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
  write_outputs(chosen->outputs);
}

int main(int count, char **arguments) {
  fusion_catch_signals(&current_step, 0);
  options chosen = read_options(count, arguments);
  fusion_catch_signals(&current_step, chosen.limit_seconds);
  fusion_report_hello(chosen.threads);
  prepare(&chosen);
  if (chosen.second_step > 0) compare_plans(&chosen);
  else run_one_plan(&chosen);
  if (program->symbol_count > 0) fusion_report_sizes(symbols, program->symbol_count);
  fusion_report_memory(fusion_peak_bytes());
  fusion_report_done();
  return 0;
}
`;
