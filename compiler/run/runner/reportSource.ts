/**
 * `fusion_report.c`: what the program says, as JSON lines on its standard output, and how it ends: checks that failed,
 * crashes and the time limit become error lines.
 */

export const REPORT_SOURCE = String.raw`/* JSON lines on the standard output; crashes and the time limit become error lines. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include "fusion_runtime.h"

static void print_numbers(const int64_t *numbers, int64_t count) {
  putchar('[');
  for (int64_t i = 0; i < count; i++) printf(i ? ",%" PRId64 : "%" PRId64, numbers[i]);
  putchar(']');
}

static void end_line(void) {
  puts("}");
  fflush(stdout);
}

static void print_plain(const char *text) {
  for (const char *at = text; *at != 0; at++) {
    if (*at >= ' ' && *at < 127 && *at != '"' && *at != '\\') putchar(*at);
  }
}

void fusion_report_hello(const char *runner, const char *version, int threads, int64_t cores) {
  printf("{\"kind\":\"hello\",\"runner\":\"");
  print_plain(runner);
  if (version != NULL) {
    printf("\",\"version\":\"");
    print_plain(version);
  }
  printf("\",\"threads\":%d,\"cores\":%" PRId64, threads, cores < 1 ? 1 : cores);
  end_line();
}

void fusion_report_first_run(int64_t nanoseconds) {
  printf("{\"kind\":\"first\",\"nanoseconds\":%" PRId64, nanoseconds);
  end_line();
}

void fusion_report_total(const int64_t *nanoseconds, int32_t count) {
  printf("{\"kind\":\"total\",\"nanoseconds\":");
  print_numbers(nanoseconds, count);
  end_line();
}

void fusion_report_plan_first(int plan, int64_t nanoseconds) {
  printf("{\"kind\":\"first\",\"plan\":%d,\"nanoseconds\":%" PRId64, plan, nanoseconds);
  end_line();
}

void fusion_report_plan_total(int plan, const int64_t *nanoseconds, int32_t count) {
  printf("{\"kind\":\"total\",\"plan\":%d,\"nanoseconds\":", plan);
  print_numbers(nanoseconds, count);
  end_line();
}

void fusion_report_block(int32_t step, const int64_t *nanoseconds, int32_t count) {
  printf("{\"kind\":\"block\",\"step\":%" PRId32 ",\"nanoseconds\":", step);
  print_numbers(nanoseconds, count);
  end_line();
}

void fusion_report_sizes(const int64_t *symbols, int32_t count) {
  printf("{\"kind\":\"sizes\",\"values\":");
  print_numbers(symbols, count);
  end_line();
}

void fusion_report_output(int32_t index, const int64_t *dims, int32_t rank, int64_t offset,
                          int64_t bytes) {
  printf("{\"kind\":\"output\",\"index\":%" PRId32 ",\"dims\":", index);
  print_numbers(dims, rank);
  printf(",\"offset\":%" PRId64 ",\"bytes\":%" PRId64, offset, bytes);
  end_line();
}

void fusion_report_tensor(int32_t buffer, int64_t offset, int64_t bytes) {
  printf("{\"kind\":\"tensor\",\"buffer\":%" PRId32 ",\"offset\":%" PRId64 ",\"bytes\":%" PRId64,
         buffer, offset, bytes);
  end_line();
}

void fusion_report_memory(int64_t bytes) {
  printf("{\"kind\":\"memory\",\"peakBytes\":%" PRId64, bytes);
  end_line();
}

void fusion_report_done(void) {
  printf("{\"kind\":\"done\"");
  end_line();
}

void fusion_fail(const char *message, const char *detail) {
  printf("{\"kind\":\"error\",\"message\":\"%s%s%s\"", message, detail ? " " : "",
         detail ? detail : "");
  end_line();
  exit(1);
}

void fusion_fail_unavailable(const char *message) {
  printf("{\"kind\":\"error\",\"failure\":\"unavailable\",\"message\":\"%s\"", message);
  end_line();
  exit(1);
}

void fusion_fail_check(int32_t step, int32_t check) {
  printf("{\"kind\":\"error\",\"step\":%" PRId32 ",\"check\":%" PRId32
         ",\"message\":\"a check failed\"",
         step, check);
  end_line();
  exit(1);
}

void fusion_fail_size(int32_t step) {
  printf("{\"kind\":\"error\",\"step\":%" PRId32
         ",\"message\":\"a size is out of its bounds\"",
         step);
  end_line();
  exit(1);
}

static const volatile int32_t *current_step;

/* Handlers may call next to nothing: the line is put together by hand and written at once. */
static void on_signal(int signal) {
  const char *what = signal == SIGALRM  ? "the time limit is over"
                     : signal == SIGFPE ? "an arithmetic error (SIGFPE)"
                     : signal == SIGILL ? "this processor lacks an instruction (SIGILL)"
                     : signal == SIGBUS ? "a bad memory access (SIGBUS)"
                                        : "a bad memory access (SIGSEGV)";
  char line[160] = "\n{\"kind\":\"error\",\"step\":";
  char digits[12];
  int count = 0;
  uint32_t step = *current_step < 0 ? 0 : (uint32_t)*current_step;
  do digits[count++] = (char)('0' + step % 10);
  while ((step /= 10) > 0);
  size_t length = strlen(line);
  while (count > 0) line[length++] = digits[--count];
  strcpy(line + length, ",\"message\":\"");
  strcat(line, what);
  strcat(line, "\"}\n");
  /* Nothing can be done where this fails. */
  if (write(1, line, strlen(line)) < 0) _exit(3);
  _exit(1);
}

void fusion_signal_stack(void) {
  static _Thread_local char memory[64 << 10];
  stack_t stack = {0};
  stack.ss_size = sizeof memory;
  stack.ss_sp = memory;
  sigaltstack(&stack, NULL);
}

void fusion_catch_signals(const volatile int32_t *step, int limit_seconds) {
  static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGALRM};
  current_step = step;
  fusion_signal_stack();
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  action.sa_flags = SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    sigaction(signals[i], &action, NULL);
  }
  if (limit_seconds > 0) alarm((unsigned)limit_seconds);
#ifdef __linux__
  /* Nobody would read the results. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
}
`;
