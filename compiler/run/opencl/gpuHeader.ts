/** `fusion_gpu.h`: what the generated launches call. */

export const GPU_HEADER = String.raw`/* How generated code starts the kernels of a program on a GPU. */
#ifndef FUSION_GPU_H
#define FUSION_GPU_H

#include "fusion_runtime.h"

typedef struct {
  const char *name;
  /* Of the step's buffers and sizes: those that the kernel takes. */
  const int32_t *buffers, *sizes;
  int32_t buffer_count, size_count;
  /* Among the phases of its kernel, and how many there are. */
  int32_t phase, phases;
} fusion_gpu_kernel;

/*
 * Starts groups[0] x groups[1] x groups[2] work-groups of items[0] x items[1] x items[2] items; none where a number is
 * below 1. scratch: bytes for each item.
 */
void fusion_gpu_start(const fusion_gpu_kernel *kernel, void *const *buffers, const int64_t *sizes,
                      const int64_t groups[3], const int64_t items[3], int64_t scratch);

/* At most: items of kernels that need scratch memory. */
#define FUSION_GPU_SCRATCH_ITEMS 256

#endif
`;
