/**
 * A bundle's tables and C kernels made by hand: the runtime can be judged without emitters. Three blocks over
 * `x` (f32[n]): doubled = 2x; kept = the positive elements of doubled, counted; sum = their sum.
 */
import type { NativeSources } from '../../../compiler/run/buildNative.ts';
import type { RunTables } from '../../../compiler/run/runTables.ts';
import { constant, size } from '../../../compiler/loop/indexExpr.ts';

export const ELEMENTS = 1000;

const parameters =
  'void *const *buffers, const int64_t *sizes, void *scratch, int64_t begin, int64_t end';

const doubled = `#include "fusion_kernel.h"
int32_t kernel_0_phase_0(${parameters}) {
  const float *x = buffers[0], *w = buffers[1];
  float *y = buffers[2];
  for (int64_t i = begin; i < end; i++) y[i] = x[i] * w[0];
  return 0;
}
`;

const kept = `#include "fusion_kernel.h"
int32_t kernel_1_phase_0(${parameters}) {
  const float *x = buffers[0];
  float *y = buffers[1];
  int64_t *count = buffers[2];
  *count = 0;
  for (int64_t i = 0; i < ${ELEMENTS}; i++) if (x[i] > 0) y[(*count)++] = x[i];
  return 0;
}
`;

/** Two phases: halves of its input, then their sum, which must not be above 1e6. */
const sum = `#include "fusion_kernel.h"
int32_t kernel_2_phase_0(${parameters}) {
  const float *x = buffers[0];
  float *half = buffers[2];
  for (int64_t i = begin; i < end; i++) half[i] = x[i] / 2;
  return 0;
}
int32_t kernel_2_phase_1(${parameters}) {
  float *half = buffers[2], *y = buffers[1];
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
    { name: 'double', sizes: [], phases: [constant(ELEMENTS)] },
    { name: 'kept', sizes: [], phases: [null] },
    { name: 'sum', sizes: ['n0'], phases: [size('n0'), null] },
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
    header: '#include <stdint.h>\n',
    kernels: [changes[0] ?? doubled, changes[1] ?? kept, changes[2] ?? sum],
    functions: [
      ['kernel_0_phase_0'],
      ['kernel_1_phase_0'],
      ['kernel_2_phase_0', 'kernel_2_phase_1'],
    ],
  };
}
