/** `fusion_options.c`: arguments of a run, the same for every machine; each machine adds its own. */

export const OPTIONS_HEADER = String.raw`/* Arguments of a run. */
#ifndef FUSION_OPTIONS_H
#define FUSION_OPTIONS_H

#include <stdint.h>

typedef struct {
  /* Files. Weights come from one of the first two. */
  const char *weights, *recipe, *inputs, *outputs, *dump;
  int threads, warmup, runs, limit_seconds;
  /* A series ends after this time, but not before three repetitions. 0: no limit. */
  int64_t budget_ns;
  /* Where the second of two plans starts; second_step 0: there is one plan. */
  int32_t second_step, second_input, second_output;
} fusion_options;

/* Ends the run where they make no sense. */
fusion_options fusion_read_options(int count, char **arguments);

/* fusion_weights.c: all packed weights. */
char *fusion_load_weights(const fusion_options *options);

#endif
`;

export const OPTIONS_SOURCE = String.raw`/* Arguments: pairs of a name and a value. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "fusion_machine.h"

static int64_t number_of(const char *text, int64_t least, int64_t most) {
  char *end;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (errno != 0 || *text == 0 || *end != 0 || value < least || value > most) {
    fusion_fail("an argument is not a number in range", NULL);
  }
  return value;
}

/* @returns 0: there is none of that name */
static int read_file_option(fusion_options *read, const char *name, const char *text) {
  const struct {
    const char *name;
    const char **value;
  } files[] = {
      {"--weights", &read->weights}, {"--recipe", &read->recipe}, {"--inputs", &read->inputs},
      {"--outputs", &read->outputs}, {"--dump", &read->dump},
  };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    if (strcmp(name, files[i].name) != 0) continue;
    *files[i].value = text;
    return 1;
  }
  return 0;
}

/* @returns 0: there is none of that name */
static int read_number_option(fusion_options *read, const char *name, const char *text) {
  const struct {
    const char *name;
    int *value;
    int64_t least, most;
  } numbers[] = {
      {"--threads", &read->threads, 1, FUSION_MOST_THREADS},
      {"--warmup", &read->warmup, 0, 100000},
      {"--runs", &read->runs, 0, 100000},
      {"--limit-seconds", &read->limit_seconds, 0, 86400},
      {"--second-step", &read->second_step, 1, 1 << 30},
      {"--second-input", &read->second_input, 0, 1 << 30},
      {"--second-output", &read->second_output, 0, 1 << 30},
  };
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (strcmp(name, numbers[i].name) != 0) continue;
    *numbers[i].value = (int)number_of(text, numbers[i].least, numbers[i].most);
    return 1;
  }
  if (strcmp(name, "--budget-ms") != 0) return 0;
  read->budget_ns = number_of(text, 0, 86400000) * 1000000;
  return 1;
}

fusion_options fusion_read_options(int count, char **arguments) {
  fusion_options read = {.threads = 1, .runs = 1};
  for (int i = 1; i + 1 < count; i += 2) {
    const char *name = arguments[i], *text = arguments[i + 1];
    if (!read_file_option(&read, name, text) && !read_number_option(&read, name, text) &&
        !fusion_machine_option(name, text)) {
      fusion_fail("an argument is not known", NULL);
    }
  }
  if (count % 2 == 0) fusion_fail("an argument has no value", NULL);
  if ((!read.weights && !read.recipe) || !read.inputs || !read.outputs) {
    fusion_fail("--weights, --inputs and --outputs name files", NULL);
  }
  return read;
}
`;
