/** `fusion_outputs.c`: files of results: outputs without the gaps of their memory, and dumps of what blocks give. */

export const OUTPUTS_SOURCE = String.raw`/* Files of results. */
#include "fusion_outputs.h"
#include "fusion_machine.h"

static const fusion_program_tables *const program = &fusion_program;

FILE *fusion_create(const char *path) {
  FILE *file = fopen(path, "wb");
  if (file == NULL) fusion_fail("a result file cannot be written", NULL);
  return file;
}

static void put(FILE *file, const void *data, int64_t bytes) {
  if (bytes > 0 && fwrite(data, 1, (size_t)bytes, file) != (size_t)bytes) {
    fusion_fail("a result file cannot be written", NULL);
  }
}

void fusion_close(FILE *file) {
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

int64_t fusion_put_outputs(FILE *file, const int64_t *symbols, int32_t first, int32_t end,
                           int64_t offset) {
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
    if (bytes > 0) {
      int64_t all = program->buffers[output->buffer].bytes;
      put_compact(file, fusion_machine_read(output->buffer, all), output, dims, 0);
    }
    fusion_report_output(i, dims, output->rank, offset, bytes);
    offset += bytes;
  }
  return offset;
}

int64_t fusion_put_tensors(FILE *file, int32_t index, int64_t offset) {
  const fusion_step *step = &program->steps[index];
  for (int32_t i = 0; i < step->output_count; i++) {
    int32_t buffer = program->step_outputs[step->first_output + i];
    int64_t bytes = program->buffers[buffer].bytes;
    if (bytes > 0) put(file, fusion_machine_read(buffer, bytes), bytes);
    fusion_report_tensor(buffer, offset, bytes);
    offset += bytes;
  }
  return offset;
}
`;

export const OUTPUTS_HEADER = String.raw`/* Files of results; a file that cannot be written ends the run. */
#ifndef FUSION_OUTPUTS_H
#define FUSION_OUTPUTS_H

#include <stdint.h>
#include <stdio.h>

FILE *fusion_create(const char *path);
void fusion_close(FILE *file);

/* Outputs first to end, reported. @returns where the next one starts in the file */
int64_t fusion_put_outputs(FILE *file, const int64_t *symbols, int32_t first, int32_t end,
                           int64_t offset);

/* What a step gave, as it lies in memory, reported. @returns where the next one starts in the file */
int64_t fusion_put_tensors(FILE *file, int32_t step, int64_t offset);

#endif
`;
