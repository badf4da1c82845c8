/**
 * `fusion_weights.c`: the packed weights, from a file; or made from a recipe, for timing where a file of them is too large to
 * bring along.
 */

export const WEIGHTS_SOURCE = String.raw`/* Weights from a file or from a recipe. */
#include <stdio.h>
#include "fusion_machine.h"

static uint64_t random_state = 88172645463325252ull;

static double random_number(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (double)(random_state >> 11) / 9007199254740992.0;
}

/* Records of offset, bytes, kind; then bytes as they are (kind 0), or mean and deviation of floats. */
static char *make_weights(const char *path) {
  int64_t all = fusion_program.weight_bytes;
  FILE *file = fopen(path, "rb");
  if (file == NULL) fusion_fail("there is no readable file of", "the recipe");
  char *made = fusion_allocate(all, "the weights");
  int64_t record[3];
  while (fread(record, sizeof record, 1, file) == 1) {
    if (record[0] < 0 || record[1] < 0 || record[0] > all || record[1] > all - record[0]) {
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

char *fusion_load_weights(const fusion_options *options) {
  return options->recipe ? make_weights(options->recipe)
                         : fusion_read_file(options->weights, fusion_program.weight_bytes, "the weights");
}
`;
