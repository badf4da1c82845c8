/**
 * `fusion_memory.c`: memory and files. Everything is allocated once, before the first inference: fresh pages cost more
 * than most kernels. Blocks start at 2 MiB borders, so that the system can back them with huge pages.
 */

export const MEMORY_SOURCE = String.raw`/* Memory in huge pages, and files of a known size. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fusion_runtime.h"

#define HUGE_PAGE ((int64_t)2 << 20)

void *fusion_allocate(int64_t bytes, const char *what) {
  void *memory = NULL;
  int is_large = bytes >= HUGE_PAGE;
  int64_t alignment = is_large ? HUGE_PAGE : 64;
  if (bytes > INT64_MAX / 2 || (uint64_t)bytes > SIZE_MAX / 2) {
    fusion_fail("there is not enough memory for", what);
  }
  int64_t rounded = bytes < 1 ? alignment : (bytes + alignment - 1) / alignment * alignment;
  if (posix_memalign(&memory, (size_t)alignment, (size_t)rounded) != 0) {
    fusion_fail("there is not enough memory for", what);
  }
#ifdef MADV_HUGEPAGE
  if (is_large) madvise(memory, (size_t)rounded, MADV_HUGEPAGE);
#endif
  memset(memory, 0, (size_t)rounded);
  return memory;
}

void *fusion_read_file(const char *path, int64_t bytes, const char *what) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) fusion_fail("there is no readable file of", what);
  if ((int64_t)status.st_size != bytes) fusion_fail("a file has the wrong size:", what);
  char *memory = fusion_allocate(bytes, what);
  int64_t done = 0;
  while (done < bytes) {
    int64_t left = bytes - done;
    ssize_t got = read(file, memory + done, (size_t)(left < (1 << 30) ? left : (1 << 30)));
    if (got <= 0) fusion_fail("a file cannot be read:", what);
    done += got;
  }
  close(file);
  return memory;
}

int64_t fusion_peak_bytes(void) {
  struct rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
#ifdef __APPLE__
  return (int64_t)usage.ru_maxrss;
#else
  return (int64_t)usage.ru_maxrss * 1024;
#endif
}
`;
