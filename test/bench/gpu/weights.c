/* weights.c RECIPE BYTES FILE: a file of weights from a recipe, as the runner for GPUs makes them in memory. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

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

int main(int count, char **arguments) {
  if (count != 4) return 2;
  int64_t bytes = atoll(arguments[2]), record[3];
  char *made = calloc(1, (size_t)bytes + 1);
  FILE *recipe = fopen(arguments[1], "rb");
  while (recipe && fread(record, sizeof record, 1, recipe) == 1) {
    if (record[2] == 0) {
      if (fread(made + record[0], 1, (size_t)record[1], recipe) != (size_t)record[1]) return 1;
      continue;
    }
    if (!make_floats(recipe, (float *)(made + record[0]), record[1] / 4)) return 1;
  }
  FILE *file = fopen(arguments[3], "wb");
  return file == NULL || fwrite(made, 1, (size_t)bytes, file) != (size_t)bytes || fclose(file) != 0;
}
