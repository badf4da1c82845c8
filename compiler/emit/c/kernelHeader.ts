/**
 * `fusion_kernel.h`: how a native runner and the emitted C kernels call each other. Kernels include it; the
 * runner implements `fusion_run` against it. The comment inside is the definition.
 */

export const KERNEL_HEADER_NAME = 'fusion_kernel.h';

export const KERNEL_HEADER = `/*
 * Calling convention of Fusion Studio's kernels.
 *
 * A kernel is   int32_t NAME(const fusion_run *run, void *const *buffers, const int64_t *sizes)
 *
 *   buffers  addresses of its inputs, then its outputs, then its shared buffers. 64-byte aligned, large enough
 *            for the shapes at these sizes, not overlapping, but for an output that the memory plan put in an
 *            input's place. Shared buffers have undefined content before and after.
 *   sizes    its size parameters, in order, each at least what the kernel's description demands.
 *   returns  0, or 1 + the index of the check that failed, or what run->parallel returned below 0. After a
 *            failure the content of outputs and shared buffers is undefined.
 *
 * A kernel keeps no state, allocates nothing, calls nothing but run->parallel and the math library, and may
 * be called again at once. It is called by one thread at a time for one fusion_run.
 *
 * It runs its phases in order, serial ones itself, with the scratch of thread 0, parallel ones by
 * run->parallel(run->pool, phase, args, extent, cost), which
 *   - calls phase(args, begin, end, thread) on disjoint ranges that together are [0, extent), in any order and
 *     grouping, on any threads, the calling one included; ranges are not empty; for extent < 1 it calls nothing;
 *   - passes a thread number 0 <= thread < run->threads that no other call running at the same time has;
 *   - returns when all calls have returned, and what they wrote is visible to the caller, 0 if all
 *     returned 0, else one of the other results;
 *   - starts no further range once a call has returned something else than 0 (cancellation on failure), and
 *     may do so for reasons of its own, returning a number below 0;
 *   - may use fewer threads where extent * cost is small: cost is roughly the scalar operations of one
 *     iteration (a vector of n lanes counts as n), at least 1.
 * Phases do not call run->parallel.
 */
#ifndef FUSION_KERNEL_H
#define FUSION_KERNEL_H

#include <stdint.h>

typedef struct fusion_run fusion_run;

typedef struct fusion_args {
  const fusion_run *run;
  void *const *buffers;
  const int64_t *sizes;
} fusion_args;

typedef int32_t (*fusion_phase)(const fusion_args *args, int64_t begin, int64_t end, int thread);

struct fusion_run {
  void *pool;
  int32_t (*parallel)(void *pool, fusion_phase phase, const fusion_args *args, int64_t extent,
                      int64_t cost);
  /* Threads that run->parallel may use, at least 1. */
  int threads;
  /* One block of memory for each thread number, 64-byte aligned, at least as long as the kernel demands. */
  unsigned char *const *scratch;
};

typedef int32_t (*fusion_kernel)(const fusion_run *run, void *const *buffers, const int64_t *sizes);

#endif
`;
