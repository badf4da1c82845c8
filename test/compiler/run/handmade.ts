/**
 * A bundle's tables and C kernels made by hand: the runtime can be judged without emitters. Three blocks over
 * `x` (f32[n]): doubled = 2x; kept = the positive elements of doubled, counted; sum = their sum.
 */
import type { NativeSources } from '../../../compiler/run/buildNative.ts';
import type { RunTables } from '../../../compiler/run/runTables.ts';
import { KERNEL_HEADER } from '../../../compiler/emit/c/kernelHeader.ts';
import { constant, size } from '../../../compiler/loop/indexExpr.ts';

export const ELEMENTS = 1000;

const doubled = `#include "fusion_kernel.h"
static int32_t phase(const fusion_args *args, int64_t begin, int64_t end, int thread) {
  const float *x = args->buffers[0], *w = args->buffers[1];
  float *y = args->buffers[2];
  if (thread < 0 || thread >= args->run->threads) return 9;
  for (int64_t i = begin; i < end; i++) y[i] = x[i] * w[0];
  return 0;
}
int32_t kernel_0(const fusion_run *run, void *const *buffers, const int64_t *sizes) {
  fusion_args args = {run, buffers, sizes};
  return run->parallel(run->pool, phase, &args, ${ELEMENTS}, 1000);
}
`;

const kept = `#include "fusion_kernel.h"
int32_t kernel_1(const fusion_run *run, void *const *buffers, const int64_t *sizes) {
  const float *x = buffers[0];
  float *y = buffers[1];
  int64_t *count = buffers[2];
  *count = 0;
  for (int64_t i = 0; i < ${ELEMENTS}; i++) if (x[i] > 0) y[(*count)++] = x[i];
  return 0;
}
`;

/** Two phases: halves of its input, by way of scratch, then their sum, which must not be above 1e6. */
const sum = `#include "fusion_kernel.h"
static int32_t phase(const fusion_args *args, int64_t begin, int64_t end, int thread) {
  const float *x = args->buffers[0];
  float *half = args->buffers[2], *scratch = (float *)args->run->scratch[thread];
  for (int64_t i = begin; i < end; i++) {
    scratch[i % 32] = x[i] / 2;
    half[i] = scratch[i % 32];
  }
  return 0;
}
int32_t kernel_2(const fusion_run *run, void *const *buffers, const int64_t *sizes) {
  float *half = buffers[2], *y = buffers[1];
  fusion_args args = {run, buffers, sizes};
  int32_t failure = run->parallel(run->pool, phase, &args, sizes[0], 500);
  if (failure != 0) return failure;
  *y = 0;
  for (int64_t i = 0; i < sizes[0]; i++) *y += half[i];
  return *y > 1e6f ? 1 + 3 : 0;
}
`;

export const HANDMADE_TABLES: RunTables = {
  arenaBytes: 32768,
  weightBytes: 64,
  scratchBytes: 128,
  inputBytes: 4032,
  kernels: [
    { name: 'double', sizes: [], phases: [{ extent: constant(ELEMENTS), cost: constant(1000) }] },
    { name: 'kept', sizes: [], phases: [null] },
    { name: 'sum', sizes: ['n0'], phases: [{ extent: size('n0'), cost: constant(500) }, null] },
  ],
  buffers: [
    { space: 'arena', offset: 0, bytes: 4000 },
    { space: 'weights', offset: 0, bytes: 4 },
    { space: 'arena', offset: 4096, bytes: 4000 },
    { space: 'arena', offset: 8192, bytes: 4000 },
    { space: 'arena', offset: 12288, bytes: 8 },
    { space: 'arena', offset: 16384, bytes: 4 },
    { space: 'arena', offset: 20480, bytes: 4000 },
  ],
  steps: [
    { kernel: 0, buffers: [0, 1, 2], sizes: [], counts: [], outputs: [2] },
    {
      kernel: 1,
      buffers: [2, 3, 4],
      sizes: [],
      counts: [{ symbol: 0, buffer: 4 }],
      outputs: [3],
    },
    { kernel: 2, buffers: [3, 5, 6], sizes: [0], counts: [], outputs: [5] },
  ],
  symbols: [{ name: 'size0', upperBound: ELEMENTS }],
  inputs: [{ buffer: 0, fileOffset: 0 }],
  outputs: [
    { buffer: 3, elementBytes: 4, dims: [size('size0')], physical: [ELEMENTS] },
    { buffer: 5, elementBytes: 4, dims: [], physical: [] },
  ],
};

export function handmadeSources(changes: Partial<Record<0 | 1 | 2, string>> = {}): NativeSources {
  return {
    header: KERNEL_HEADER,
    kernels: [changes[0] ?? doubled, changes[1] ?? kept, changes[2] ?? sum],
    functions: ['kernel_0', 'kernel_1', 'kernel_2'],
  };
}
