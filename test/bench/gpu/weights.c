/* weights.c RECIPE BYTES FILE: a file of weights from a recipe, as the runner for GPUs makes them in memory. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state = 88172645463325252ull;

static double number(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (double)(state >> 11) / 9007199254740992.0;
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
    double shape[2];
    if (fread(shape, sizeof shape, 1, recipe) != 1) return 1;
    float *values = (float *)(made + record[0]);
    for (int64_t i = 0; i < record[1] / 4; i++) {
      values[i] = (float)(shape[0] + shape[1] * 3.4641016151377544 * (number() - 0.5));
    }
  }
  FILE *file = fopen(arguments[3], "wb");
  return file == NULL || fwrite(made, 1, (size_t)bytes, file) != (size_t)bytes || fclose(file) != 0;
}
