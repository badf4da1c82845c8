// The C program that runs the bundles of a batch: reads the tables of each run, runs its steps, writes its outputs.
import { KERNEL_HEADER_NAME } from '../../../compiler/emit/c/kernelHeader.ts';

/** @param names of the kernels, in the order of their numbers */
export function mainSource(names: readonly string[]): string {
  const declared = names.map(
    (name) => `int32_t ${name}(const fusion_run *, void *const *, const int64_t *);`,
  );
  return `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "${KERNEL_HEADER_NAME}"
${declared.join('\n')}
static const fusion_kernel kernels[] = {${names.join(', ')}};
${MAIN}`;
}

const MAIN = String.raw`
/* Ranges out of order, by three threads in turn, one after another. */
static int32_t parallel(void *pool, fusion_phase phase, const fusion_args *args, int64_t extent,
                        int64_t cost) {
  (void)pool;
  if (cost < 1) abort();
  if (extent < 1) return 0;
  const int64_t middle = extent / 3, last = middle < extent - 1 ? extent - 1 : middle;
  const int64_t cuts[3][2] = {{middle, last}, {0, middle}, {last, extent}};
  for (int thread = 0; thread < 3; thread++) {
    if (cuts[thread][0] >= cuts[thread][1]) continue;
    const int32_t code = phase(args, cuts[thread][0], cuts[thread][1], thread);
    if (code != 0) return code;
  }
  return 0;
}

static void take(FILE *input, void *to, int64_t bytes) {
  if (fread(to, 1, (size_t)bytes, input) != (size_t)bytes) exit(3);
}

static int64_t number(FILE *input) {
  int64_t value;
  take(input, &value, 8);
  return value;
}

/* Full of what is not a number. */
static unsigned char *memory(int64_t bytes) {
  void *block;
  if (posix_memalign(&block, 64, bytes < 1 ? 1 : (size_t)bytes) != 0) exit(4);
  memset(block, 0xff, (size_t)bytes);
  return (unsigned char *)block;
}

static void run_one(FILE *input, FILE *output, int apart) {
  const int64_t arena_bytes = number(input), weight_bytes = number(input);
  const int64_t scratch_bytes = number(input), buffer_count = number(input);
  const int64_t step_count = number(input), input_count = number(input);
  const int64_t output_count = number(input);
  unsigned char *arena = memory(arena_bytes), *weights = memory(weight_bytes);
  int64_t *table = (int64_t *)memory(24 * buffer_count);
  take(input, table, 24 * buffer_count);
  take(input, weights, weight_bytes);
  unsigned char **places = (unsigned char **)memory(8 * buffer_count);
  for (int64_t i = 0; i < buffer_count; i++) {
    const int64_t *own = table + 3 * i;
    places[i] = (own[0] ? weights : arena) + own[1];
    if (!apart) continue;
    places[i] = memory(own[2]);
    if (own[0]) memcpy(places[i], weights + own[1], (size_t)own[2]);
  }
  for (int64_t i = 0; i < input_count; i++) {
    const int64_t buffer = number(input);
    take(input, places[buffer], table[3 * buffer + 2]);
  }
  unsigned char *scratch[3];
  for (int i = 0; i < 3; i++) scratch[i] = memory(scratch_bytes);
  const fusion_run run = {0, parallel, 3, scratch};
  int64_t code = 0, failed = 0;
  for (int64_t step = 0; step < step_count; step++) {
    const int64_t kernel = number(input), count = number(input);
    void **buffers = (void **)memory(8 * count);
    for (int64_t i = 0; i < count; i++) buffers[i] = places[number(input)];
    if (code == 0) {
      code = kernels[kernel](&run, buffers, 0);
      failed = step;
    }
    free(buffers);
  }
  fwrite(&failed, 8, 1, output);
  fwrite(&code, 8, 1, output);
  for (int64_t i = 0; i < output_count; i++) {
    const int64_t buffer = number(input);
    fwrite(places[buffer], 1, (size_t)table[3 * buffer + 2], output);
  }
  fflush(output);
  for (int64_t i = 0; apart && i < buffer_count; i++) free(places[i]);
  for (int i = 0; i < 3; i++) free(scratch[i]);
  free(places);
  free(table);
  free(weights);
  free(arena);
}

int main(int count, char **words) {
  FILE *input = fopen(words[1], "rb"), *output = fopen(words[2], "wb");
  const int apart = count > 3 && strcmp(words[3], "apart") == 0;
  int byte;
  while ((byte = fgetc(input)) != EOF) {
    ungetc(byte, input);
    run_one(input, output, apart);
  }
  fclose(input);
  return fclose(output);
}
`;
