/**
 * `fusion_gpu_main.c`: one run of a program on a GPU, from arguments to results, in the same words as the native runner.
 * Total latency is from the first launch until the device has finished; block times are the device's own, by events.
 */

export const GPU_MAIN_SOURCE = String.raw`/* One run on an OpenCL device. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "fusion_cl.h"
#include "fusion_gpu.h"

typedef struct {
  const char *weights, *recipe, *inputs, *outputs, *dump, *source, *device;
  int warmup, runs, limit_seconds;
  int64_t budget_ns;
} options;

static const fusion_program_tables *const program = &fusion_program;
static cl_device device;
static cl_context context;
static cl_queue queue;
static cl_program built;
static cl_memory arena, weights, status, scratch;
static char *input_data;
static void **addresses;
static int64_t *sizes, *symbols;
static volatile int32_t current_step;

/* Kernels with their arguments set, by step and phase. */
static cl_kernel **ready;

#define MOST_EVENTS 64
static int is_timed;
static int32_t event_count;
static cl_event events[MOST_EVENTS];

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void expect(int32_t code, const char *what) {
  if (code == 0) return;
  static char text[96];
  snprintf(text, sizeof text, "%s (OpenCL error %d)", what, (int)code);
  fusion_fail(text, NULL);
}

static cl_memory memory_of(int64_t bytes, const char *what) {
  uint64_t most = 0;
  clGetDeviceInfo(device, CL_DEVICE_MAX_ALLOCATION, sizeof most, &most, NULL);
  if (bytes > 0 && (uint64_t)bytes > most) {
    static char text[160];
    snprintf(text, sizeof text,
             "the device gives at most %" PRIu64 " MiB at a time, and %" PRId64 " MiB are needed for",
             most >> 20, bytes >> 20);
    fusion_fail(text, what);
  }
  int32_t code = 0;
  cl_memory memory =
      clCreateBuffer(context, CL_MEMORY_READ_WRITE, bytes < 64 ? 64 : (size_t)bytes, NULL, &code);
  if (code != 0) fusion_fail("there is not enough memory of the device for", what);
  return memory;
}

static cl_memory memory_of_buffer(int32_t buffer) {
  return program->buffers[buffer].in_weights ? weights : arena;
}

static void write_buffer(int32_t buffer, const void *data) {
  const fusion_buffer *entry = &program->buffers[buffer];
  if (entry->bytes < 1) return;
  expect(clEnqueueWriteBuffer(queue, memory_of_buffer(buffer), 0, (size_t)entry->offset,
                              (size_t)entry->bytes, data, 0, NULL, NULL),
         "inputs cannot be written");
}

static void read_buffer(int32_t buffer, int64_t bytes, void *data) {
  if (bytes < 1) return;
  expect(clEnqueueReadBuffer(queue, memory_of_buffer(buffer), 1,
                             (size_t)program->buffers[buffer].offset, (size_t)bytes, data, 0, NULL,
                             NULL),
         "results cannot be read");
}

static void fill_inputs(void) {
  for (int32_t i = 0; i < program->input_count; i++) {
    write_buffer(program->inputs[i].buffer, input_data + program->inputs[i].file_offset);
  }
  expect(clFinish(queue), "inputs cannot be written");
}

void fusion_gpu_start(const fusion_gpu_kernel *kernel, void *const *buffers, const int64_t *values,
                      const int64_t groups[3], const int64_t items[3], int64_t scratch_bytes) {
  size_t global[3], local[3];
  for (int i = 0; i < 3; i++) {
    if (groups[i] < 1 || items[i] < 1) return;
    local[i] = (size_t)items[i];
    global[i] = (size_t)(groups[i] * items[i]);
  }
  int32_t step = current_step;
  if (ready[step] == NULL) {
    ready[step] = fusion_allocate((int64_t)sizeof(cl_kernel) * kernel->phases, "kernels");
  }
  cl_kernel own = ready[step][kernel->phase];
  int32_t code = 0;
  uint32_t sizes_at = 4 + 2 * (uint32_t)kernel->buffer_count;
  if (own == NULL) {
    own = clCreateKernel(built, kernel->name, &code);
    expect(code, "a kernel cannot be made");
    ready[step][kernel->phase] = own;
    int32_t number = step;
    code |= clSetKernelArg(own, 0, sizeof status, &status);
    code |= clSetKernelArg(own, 1, sizeof number, &number);
    code |= clSetKernelArg(own, 2, sizeof scratch, &scratch);
    code |= clSetKernelArg(own, 3, sizeof scratch_bytes, &scratch_bytes);
    for (int32_t i = 0; i < kernel->buffer_count; i++) {
      const fusion_buffer *entry = buffers[kernel->buffers[i]];
      cl_memory memory = entry->in_weights ? weights : arena;
      int64_t offset = entry->offset;
      code |= clSetKernelArg(own, 4 + 2 * (uint32_t)i, sizeof memory, &memory);
      code |= clSetKernelArg(own, 5 + 2 * (uint32_t)i, sizeof offset, &offset);
    }
  }
  for (int32_t i = 0; i < kernel->size_count; i++) {
    int64_t value = values[kernel->sizes[i]];
    code |= clSetKernelArg(own, sizes_at + (uint32_t)i, sizeof value, &value);
  }
  expect(code, "a kernel does not take its arguments");
  cl_event *event = is_timed && event_count < MOST_EVENTS ? &events[event_count++] : NULL;
  expect(clEnqueueNDRangeKernel(queue, own, 3, NULL, global, local, 0, NULL, event),
         "a kernel cannot be started");
}

static void check_status(void) {
  int32_t said[2] = {0, 0};
  expect(clEnqueueReadBuffer(queue, status, 1, 0, sizeof said, said, 0, NULL, NULL),
         "the device failed while a kernel ran");
  if (said[0] != 0) fusion_fail_check(said[1], said[0] - 1);
}

static void run_step(int32_t index) {
  const fusion_step *step = &program->steps[index];
  void *const *buffers = addresses + step->first_buffer;
  int64_t *step_sizes = sizes + step->first_size;
  current_step = index;
  for (int32_t i = 0; i < step->size_count; i++) {
    step_sizes[i] = symbols[program->step_sizes[step->first_size + i]];
  }
  program->kernels[step->kernel](NULL, buffers, step_sizes);
  for (int32_t i = 0; i < step->count_count; i++) {
    const fusion_count *count = &program->step_counts[step->first_count + i];
    int64_t value = 0;
    read_buffer(count->buffer, sizeof value, &value);
    check_status();
    if (value < 0 || value > program->symbol_bounds[count->symbol]) fusion_fail_size(index);
    symbols[count->symbol] = value;
  }
}

static int64_t run_all(void) {
  int64_t start = now();
  for (int32_t i = 0; i < program->step_count; i++) run_step(i);
  check_status();
  return now() - start;
}

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

/* What the device itself measured of the launches since the last call. */
static int64_t event_time(void) {
  int64_t sum = 0;
  for (int32_t i = 0; i < event_count; i++) {
    uint64_t start = 0, end = 0;
    clGetEventProfilingInfo(events[i], CL_EVENT_START, sizeof start, &start, NULL);
    clGetEventProfilingInfo(events[i], CL_EVENT_END, sizeof end, &end, NULL);
    if (end > start) sum += (int64_t)(end - start);
    clReleaseEvent(events[i]);
  }
  event_count = 0;
  return sum;
}

static void time_blocks(int32_t most, int64_t budget_ns) {
  int32_t steps = program->step_count, count = 0;
  int64_t *times = fusion_allocate((int64_t)sizeof(int64_t) * steps * most, "block times");
  int64_t start = now();
  is_timed = 1;
  for (; count < most; count++) {
    if (count >= 3 && budget_ns > 0 && now() - start > budget_ns) break;
    fill_inputs();
    for (int32_t i = 0; i < steps; i++) {
      run_step(i);
      expect(clFinish(queue), "the device failed while a kernel ran");
      times[(int64_t)i * most + count] = event_time();
    }
    check_status();
  }
  is_timed = 0;
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

/* The part of a buffer that the actual dims cover, without the gaps. */
static void put_compact(FILE *file, const char *data, const fusion_output *output,
                        const int64_t *dims, int32_t axis) {
  int64_t inner = output->element_bytes;
  for (int32_t i = axis + 1; i < output->rank; i++) inner *= output->physical[i];
  if (axis == output->rank) {
    put(file, data, inner);
    return;
  }
  for (int64_t i = 0; i < dims[axis]; i++) {
    put_compact(file, data + i * inner, output, dims, axis + 1);
  }
}

static void write_outputs(const char *path) {
  FILE *file = create(path);
  int64_t offset = 0;
  for (int32_t i = 0; i < program->output_count; i++) {
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
    int64_t all = program->buffers[output->buffer].bytes;
    char *data = fusion_allocate(all, "an output");
    read_buffer(output->buffer, all, data);
    if (bytes > 0) put_compact(file, data, output, dims, 0);
    free(data);
    fusion_report_output(i, dims, output->rank, offset, bytes);
    offset += bytes;
  }
  if (fclose(file) != 0) fusion_fail("a result file cannot be written", NULL);
}

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
      char *data = fusion_allocate(bytes, "a tensor");
      read_buffer(buffer, bytes, data);
      put(file, data, bytes);
      free(data);
      fusion_report_tensor(buffer, offset, bytes);
      offset += bytes;
    }
  }
  check_status();
  if (fclose(file) != 0) fusion_fail("a result file cannot be written", NULL);
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
  options read = {.runs = 1};
  for (int i = 1; i + 1 < count; i += 2) {
    const char *name = arguments[i], *text = arguments[i + 1];
    if (strcmp(name, "--weights") == 0) read.weights = text;
    else if (strcmp(name, "--recipe") == 0) read.recipe = text;
    else if (strcmp(name, "--inputs") == 0) read.inputs = text;
    else if (strcmp(name, "--outputs") == 0) read.outputs = text;
    else if (strcmp(name, "--dump") == 0) read.dump = text;
    else if (strcmp(name, "--source") == 0) read.source = text;
    else if (strcmp(name, "--device") == 0) read.device = text;
    else if (strcmp(name, "--threads") == 0) number_of(text, 1, FUSION_MOST_THREADS);
    else if (strcmp(name, "--warmup") == 0) read.warmup = (int)number_of(text, 0, 100000);
    else if (strcmp(name, "--runs") == 0) read.runs = (int)number_of(text, 0, 100000);
    else if (strcmp(name, "--budget-ms") == 0)
      read.budget_ns = number_of(text, 0, 86400000) * 1000000;
    else if (strcmp(name, "--limit-seconds") == 0)
      read.limit_seconds = (int)number_of(text, 0, 86400);
    else fusion_fail("an argument is not known", NULL);
  }
  if (count % 2 == 0) fusion_fail("an argument has no value", NULL);
  if ((!read.weights && !read.recipe) || !read.inputs || !read.outputs || !read.source) {
    fusion_fail("--weights, --inputs, --outputs and --source name files", NULL);
  }
  return read;
}

/* The first GPU whose name or platform contains the text; without a text also the first device of any kind. */
static char device_name[128];

static int choose(const char *wanted, uint64_t type) {
  cl_platform platforms[16];
  uint32_t platform_count = 0;
  if (clGetPlatformIDs(16, platforms, &platform_count) != 0) return 0;
  for (uint32_t i = 0; i < platform_count && i < 16; i++) {
    cl_device devices[16];
    uint32_t device_count = 0;
    if (clGetDeviceIDs(platforms[i], type, 16, devices, &device_count) != 0) continue;
    for (uint32_t j = 0; j < device_count && j < 16; j++) {
      char name[128] = "", vendor[128] = "";
      clGetDeviceInfo(devices[j], CL_DEVICE_NAME, sizeof name - 1, name, NULL);
      clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof vendor - 1, vendor, NULL);
      if (wanted != NULL && !strstr(name, wanted) && !strstr(vendor, wanted)) continue;
      device = devices[j];
      memcpy(device_name, name, sizeof name);
      return 1;
    }
  }
  return 0;
}

static void say_hello(void) {
  printf("{\"kind\":\"hello\",\"runner\":\"opencl ");
  for (const char *at = device_name; *at; at++) {
    if (*at >= ' ' && *at < 127 && *at != '"' && *at != '\\') putchar(*at);
  }
  printf("\",\"threads\":1,\"cores\":1}\n");
  fflush(stdout);
}

static void build(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) fusion_fail("there is no readable file of", "the kernels");
  fseek(file, 0, SEEK_END);
  long length = ftell(file);
  rewind(file);
  char *text = fusion_allocate(length + 1, "the kernels");
  if (length < 1 || fread(text, 1, (size_t)length, file) != (size_t)length) {
    fusion_fail("a file cannot be read:", "the kernels");
  }
  fclose(file);
  const char *sources[1] = {text};
  size_t lengths[1] = {(size_t)length};
  int32_t code = 0;
  built = clCreateProgramWithSource(context, 1, sources, lengths, &code);
  expect(code, "the kernels cannot be read by the device");
  code = clBuildProgram(built, 1, &device, fusion_cl_options(device), NULL, NULL);
  if (code != 0) {
    static char log[16384];
    clGetProgramBuildInfo(built, device, CL_BUILD_LOG, sizeof log - 1, log, NULL);
    fputs(log, stderr);
    fusion_fail("the device's compiler refused the kernels", NULL);
  }
  free(text);
}

static uint64_t random_state = 88172645463325252ull;

static double random_number(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (double)(random_state >> 11) / 9007199254740992.0;
}

/* Weights for timing without a file of them: records of offset, bytes, kind; bytes as they are, or mean and deviation. */
static char *make_weights(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) fusion_fail("there is no readable file of", "the recipe");
  char *made = fusion_allocate(program->weight_bytes, "the weights");
  int64_t record[3];
  while (fread(record, sizeof record, 1, file) == 1) {
    if (record[0] < 0 || record[1] < 0 || record[0] + record[1] > program->weight_bytes) {
      fusion_fail("the recipe is damaged", NULL);
    }
    if (record[2] == 0) {
      if (fread(made + record[0], 1, (size_t)record[1], file) != (size_t)record[1]) {
        fusion_fail("the recipe is damaged", NULL);
      }
      continue;
    }
    double shape[2];
    if (fread(shape, sizeof shape, 1, file) != 1) fusion_fail("the recipe is damaged", NULL);
    float *values = (float *)(made + record[0]);
    for (int64_t i = 0; i < record[1] / 4; i++) {
      values[i] = (float)(shape[0] + shape[1] * 3.4641016151377544 * (random_number() - 0.5));
    }
  }
  fclose(file);
  return made;
}

static void prepare(const options *chosen) {
  const fusion_step *last = program->steps + program->step_count;
  int32_t address_count = 0, size_count = 0;
  for (const fusion_step *step = program->steps; step < last; step++) {
    address_count += step->buffer_count;
    size_count += step->size_count;
  }
  int32_t code = 0;
  context = clCreateContext(NULL, 1, &device, NULL, NULL, &code);
  expect(code, "the device cannot be used");
  queue = clCreateCommandQueue(context, device, CL_QUEUE_PROFILING, &code);
  expect(code, "the device cannot be used");
  build(chosen->source);
  char *data = chosen->recipe ? make_weights(chosen->recipe)
                              : fusion_read_file(chosen->weights, program->weight_bytes, "the weights");
  input_data = fusion_read_file(chosen->inputs, program->input_bytes, "the inputs");
  weights = memory_of(program->weight_bytes, "the weights");
  arena = memory_of(program->arena_bytes, "the arena");
  scratch = memory_of(program->scratch_bytes * FUSION_GPU_SCRATCH_ITEMS, "scratch");
  status = memory_of(64, "the status");
  if (program->weight_bytes > 0) {
    expect(clEnqueueWriteBuffer(queue, weights, 1, 0, (size_t)program->weight_bytes, data, 0, NULL,
                                NULL),
           "the weights cannot be written");
  }
  free(data);
  int32_t nothing[2] = {0, 0};
  expect(clEnqueueWriteBuffer(queue, status, 1, 0, sizeof nothing, nothing, 0, NULL, NULL),
         "the status cannot be written");
  addresses = fusion_allocate((int64_t)sizeof(void *) * address_count, "tables");
  sizes = fusion_allocate((int64_t)sizeof(int64_t) * size_count, "tables");
  symbols = fusion_allocate((int64_t)sizeof(int64_t) * program->symbol_count, "tables");
  ready = fusion_allocate((int64_t)sizeof(cl_kernel *) * program->step_count, "tables");
  for (int32_t i = 0; i < address_count; i++) {
    addresses[i] = (void *)&program->buffers[program->step_buffers[i]];
  }
}

int main(int count, char **arguments) {
  fusion_catch_signals(&current_step, 0);
  options chosen = read_options(count, arguments);
  fusion_catch_signals(&current_step, chosen.limit_seconds);
  fusion_cl_load();
  if (!choose(chosen.device, CL_TYPE_GPU) && !choose(chosen.device, CL_TYPE_ALL)) {
    fusion_fail("no OpenCL device was found", NULL);
  }
  say_hello();
  prepare(&chosen);
  fill_inputs();
  fusion_report_first_run(run_all());
  repeat(chosen.warmup, chosen.budget_ns, NULL);
  if (chosen.runs > 0) {
    int64_t *times = fusion_allocate((int64_t)sizeof(int64_t) * chosen.runs, "times");
    fusion_report_total(times, repeat(chosen.runs, chosen.budget_ns, times));
    free(times);
    time_blocks(chosen.runs, chosen.budget_ns);
  }
  if (chosen.dump != NULL) dump_tensors(chosen.dump);
  write_outputs(chosen.outputs);
  if (program->symbol_count > 0) fusion_report_sizes(symbols, program->symbol_count);
  fusion_report_memory(fusion_peak_bytes());
  fusion_report_done();
  return 0;
}
`;
