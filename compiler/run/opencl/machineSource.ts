/**
 * `fusion_gpu_machine.c`: kernels on an OpenCL device: weights and arena are two buffers of it, launches wait in one queue.
 * Laps are the device's own times of the kernels, by events.
 */

export const GPU_MACHINE_SOURCE = String.raw`/* Kernels on an OpenCL device. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fusion_device.h"
#include "fusion_gpu.h"
#include "fusion_machine.h"

static const fusion_program_tables *const program = &fusion_program;
static const char *wanted_device;
static fusion_build_files files;
static fusion_device device;
static cl_program built;
static cl_memory arena, weights, status, scratch;
/* One entry of the table of buffers for each of step_buffers. */
static void **entries;
static int32_t current_step;

/* Kernels with their arguments set, by step and phase. */
static cl_kernel **ready;

/* Results that were read last. */
static char *view;
static int64_t view_bytes;

/* Of the kernels since the last lap. */
static int is_timed;
static int32_t event_count, event_room;
static cl_event *events;

int fusion_machine_option(const char *name, const char *text) {
  if (strcmp(name, "--source") == 0) files.source = text;
  else if (strcmp(name, "--built") == 0) files.built = text;
  else if (strcmp(name, "--unfinished") == 0) files.unfinished = text;
  else if (strcmp(name, "--device") == 0) wanted_device = text;
  else return 0;
  return 1;
}

static void write_memory(cl_memory memory, int64_t offset, int64_t bytes, const void *data,
                         const char *what) {
  if (bytes < 1) return;
  fusion_device_expect(clEnqueueWriteBuffer(device.queue, memory, 1, (size_t)offset, (size_t)bytes,
                                            data, 0, NULL, NULL),
                       what);
}

void fusion_machine_open(const fusion_options *options) {
  if (files.source == NULL) fusion_fail("--source names a file", NULL);
  device = fusion_device_open(wanted_device);
  char runner[160];
  snprintf(runner, sizeof runner, "opencl %s", device.name);
  fusion_report_hello(runner, device.version, 1, 1);
  /* Drivers for processors have a cache of their own; PoCL compiles everything once more when asked for what it built. */
  if (!device.is_gpu) files.built = NULL;
  built = fusion_device_build(&device, &files);
  char *data = fusion_load_weights(options);
  weights = fusion_device_memory(&device, program->weight_bytes, "the weights");
  arena = fusion_device_memory(&device, program->arena_bytes, "the arena");
  scratch = fusion_device_memory(&device, program->scratch_bytes * FUSION_GPU_SCRATCH_ITEMS, "scratch");
  status = fusion_device_memory(&device, 64, "the status");
  write_memory(weights, 0, program->weight_bytes, data, "the weights cannot be written");
  free(data);
  int32_t nothing[2] = {0, 0};
  write_memory(status, 0, sizeof nothing, nothing, "the status cannot be written");
  int32_t entry_count = 0;
  for (int32_t i = 0; i < program->step_count; i++) entry_count += program->steps[i].buffer_count;
  entries = fusion_allocate((int64_t)sizeof(void *) * entry_count, "tables");
  for (int32_t i = 0; i < entry_count; i++) {
    entries[i] = (void *)&program->buffers[program->step_buffers[i]];
  }
  ready = fusion_allocate((int64_t)sizeof(cl_kernel *) * program->step_count, "tables");
}

static cl_memory memory_of(const fusion_buffer *entry) {
  return entry->in_weights ? weights : arena;
}

void fusion_machine_write(int32_t buffer, const void *data) {
  const fusion_buffer *entry = &program->buffers[buffer];
  write_memory(memory_of(entry), entry->offset, entry->bytes, data, "inputs cannot be written");
}

const char *fusion_machine_read(int32_t buffer, int64_t bytes) {
  const fusion_buffer *entry = &program->buffers[buffer];
  if (bytes > view_bytes) {
    free(view);
    view = fusion_allocate(bytes, "a result");
    view_bytes = bytes;
  }
  if (bytes < 1) return view;
  fusion_device_expect(clEnqueueReadBuffer(device.queue, memory_of(entry), 1, (size_t)entry->offset,
                                           (size_t)bytes, view, 0, NULL, NULL),
                       "results cannot be read");
  return view;
}

void fusion_machine_start(int32_t index, const int64_t *sizes) {
  const fusion_step *step = &program->steps[index];
  current_step = index;
  program->kernels[step->kernel](NULL, entries + step->first_buffer, sizes);
}

void fusion_machine_finish(void) {
  int32_t said[2] = {0, 0};
  fusion_device_expect(
      clEnqueueReadBuffer(device.queue, status, 1, 0, sizeof said, said, 0, NULL, NULL),
      "the device failed while a kernel ran");
  if (said[0] != 0) fusion_fail_check(said[1], said[0] - 1);
}

/* The kernel of this step and phase; all arguments but the sizes stay the same from run to run. */
static cl_kernel kernel_of(const fusion_gpu_kernel *kernel, void *const *buffers, int64_t scratch_bytes) {
  int32_t step = current_step, code = 0;
  if (ready[step] == NULL) {
    ready[step] = fusion_allocate((int64_t)sizeof(cl_kernel) * kernel->phases, "kernels");
  }
  cl_kernel *own = &ready[step][kernel->phase];
  if (*own != NULL) return *own;
  *own = clCreateKernel(built, kernel->name, &code);
  fusion_device_expect(code, "a kernel cannot be made");
  code |= clSetKernelArg(*own, 0, sizeof status, &status);
  code |= clSetKernelArg(*own, 1, sizeof step, &step);
  code |= clSetKernelArg(*own, 2, sizeof scratch, &scratch);
  code |= clSetKernelArg(*own, 3, sizeof scratch_bytes, &scratch_bytes);
  for (int32_t i = 0; i < kernel->buffer_count; i++) {
    const fusion_buffer *entry = buffers[kernel->buffers[i]];
    cl_memory memory = memory_of(entry);
    int64_t offset = entry->offset;
    code |= clSetKernelArg(*own, 4 + 2 * (uint32_t)i, sizeof memory, &memory);
    code |= clSetKernelArg(*own, 5 + 2 * (uint32_t)i, sizeof offset, &offset);
  }
  fusion_device_expect(code, "a kernel does not take its arguments");
  return *own;
}

static cl_event *next_event(void) {
  if (!is_timed) return NULL;
  if (event_count == event_room) {
    int32_t room = event_room < 64 ? 64 : 2 * event_room;
    cl_event *more = realloc(events, sizeof(cl_event) * (size_t)room);
    if (more == NULL) fusion_fail("there is not enough memory for", "events");
    events = more;
    event_room = room;
  }
  return &events[event_count++];
}

void fusion_gpu_start(const fusion_gpu_kernel *kernel, void *const *buffers, const int64_t *sizes,
                      const int64_t groups[3], const int64_t items[3], int64_t scratch_bytes) {
  size_t global[3], local[3];
  for (int i = 0; i < 3; i++) {
    if (groups[i] < 1 || items[i] < 1) return;
    local[i] = (size_t)items[i];
    global[i] = (size_t)(groups[i] * items[i]);
  }
  cl_kernel own = kernel_of(kernel, buffers, scratch_bytes);
  int32_t code = 0;
  uint32_t sizes_at = 4 + 2 * (uint32_t)kernel->buffer_count;
  for (int32_t i = 0; i < kernel->size_count; i++) {
    int64_t value = sizes[kernel->sizes[i]];
    code |= clSetKernelArg(own, sizes_at + (uint32_t)i, sizeof value, &value);
  }
  fusion_device_expect(code, "a kernel does not take its arguments");
  fusion_device_expect(
      clEnqueueNDRangeKernel(device.queue, own, 3, NULL, global, local, 0, NULL, next_event()),
      "a kernel cannot be started");
}

void fusion_machine_start_laps(void) { is_timed = 1; }

int64_t fusion_machine_lap(void) {
  fusion_device_expect(clFinish(device.queue), "the device failed while a kernel ran");
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

void fusion_machine_stop_laps(void) { is_timed = 0; }
`;
