/**
 * `fusion_weights.c`: the packed weights, from a file; or made from a recipe, for timing where a file of them is too large to
 * bring along.
 */

export const WEIGHTS_SOURCE = String.raw`/* Weights from a file or from a recipe. */
#include <stdio.h>
#include "fusion_machine.h"

/* The same number for the same element of a tensor, wherever it lies in memory: in [-0.5, 0.5). */
static double element_of(uint64_t seed, int64_t element) {
  uint64_t mixed = seed + (uint64_t)(element + 1) * 0x9e3779b97f4a7c15ull;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ull;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebull;
  return (double)((mixed ^ (mixed >> 31)) >> 11) / 9007199254740992.0 - 0.5;
}

#define MOST_AXES 16

/* Floats of a deviation and a seed; their axes in memory follow, each with its extent and its stride in the tensor. */
static int make_floats(FILE *file, float *values, int64_t count) {
  double deviation;
  int64_t seed, rank, extents[MOST_AXES], strides[MOST_AXES], at[MOST_AXES] = {0};
  if (fread(&deviation, sizeof deviation, 1, file) != 1) return 0;
  if (fread(&seed, sizeof seed, 1, file) != 1 || fread(&rank, sizeof rank, 1, file) != 1) return 0;
  if (rank < 0 || rank > MOST_AXES) return 0;
  for (int64_t axis = 0; axis < rank; axis++) {
    if (fread(&extents[axis], sizeof seed, 1, file) != 1) return 0;
    if (fread(&strides[axis], sizeof seed, 1, file) != 1) return 0;
  }
  for (int64_t i = 0; i < count; i++) {
    int64_t element = 0;
    for (int64_t axis = 0; axis < rank; axis++) element += at[axis] * strides[axis];
    values[i] = (float)(deviation * 3.4641016151377544 * element_of((uint64_t)seed, element));
    for (int64_t axis = rank - 1; axis >= 0 && ++at[axis] >= extents[axis]; axis--) at[axis] = 0;
  }
  return 1;
}

/* Records of offset, bytes, kind; then bytes as they are (kind 0), or how floats are made. */
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
    if (!make_floats(file, (float *)(made + record[0]), record[1] / 4)) {
      fusion_fail("the recipe is damaged", NULL);
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
