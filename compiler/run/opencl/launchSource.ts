/** The generated `launches.c`: for every kernel a function that starts its phases with the numbers of work-groups that the sizes ask for. */
import type { GpuKernel, GpuLaunch } from '../../emit/opencl/emitKernel.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { indexInC } from '../runner/programSource.ts';

const HELPERS = String.raw`#include "fusion_gpu.h"

static int64_t quotient(int64_t a, int64_t b) {
  return b < 1 ? 0 : a / b - (a % b < 0);
}

static int64_t remainder_of(int64_t a, int64_t b) {
  return b < 1 ? 0 : a - b * quotient(a, b);
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

const void *const fusion_launch_helpers[] = {(const void *)quotient, (const void *)remainder_of,
                                             (const void *)least, (const void *)most};
`;

/** Names of the functions, in the order of the kernels. */
export function launchName(kernel: number): string {
  return `start_${kernel}`;
}

export function launchSource(kernels: readonly GpuKernel[]): string {
  return `${HELPERS}\n${kernels.map(kernelFunction).join('\n\n')}\n`;
}

function kernelFunction(kernel: GpuKernel, number: number): string {
  const { launches, phased } = kernel;
  const sizes = phased.program.sizes.map(({ name }) => name);
  const sizeOf = (name: string): string => {
    const at = sizes.indexOf(name);
    if (at < 0) throw new Error(`${name} is no size of ${kernel.name}`);
    return `sizes[${at}]`;
  };
  const tables = launches.map((launch, phase) => {
    const list = (name: string, numbers: readonly number[]): string =>
      `static const int32_t ${name}_${number}_${phase}[] = {${[...numbers, -1].join(', ')}};`;
    return [
      list('buffers', launch.buffers),
      list('sizes', launch.sizes),
      `static const fusion_gpu_kernel kernel_${number}_${phase} = {"${launch.name}", buffers_${number}_${phase}, ` +
        `sizes_${number}_${phase}, ${launch.buffers.length}, ${launch.sizes.length}, ${phase}, ${launches.length}};`,
    ].join('\n');
  });
  const calls = launches.map((launch, phase) => {
    const [groups, items] = shapeOf(launch, sizeOf);
    return `  {
    const int64_t groups[3] = {${groups.join(', ')}};
    const int64_t items[3] = {${items.join(', ')}};
    fusion_gpu_start(&kernel_${number}_${phase}, buffers, sizes, groups, items, ${indexInC(launch.scratchBytes, sizeOf)});
  }`;
  });
  return [
    ...tables,
    `int32_t ${launchName(number)}(const fusion_run *run, void *const *buffers, const int64_t *sizes) {`,
    '  (void)run;',
    '  (void)buffers;',
    '  (void)sizes;',
    ...calls,
    '  return 0;',
    '}',
  ].join('\n');
}

function shapeOf(
  { iterations, groups, items, scratchBytes }: GpuLaunch,
  sizeOf: (name: string) => string,
): readonly [groups: readonly string[], items: readonly string[]] {
  const three = (texts: readonly string[]): string[] => [...texts, '1', '1', '1'].slice(0, 3);
  const own = three(items.map(String));
  if (iterations) {
    const wanted = indexInC(iterations, sizeOf);
    const [size = 1] = items;
    const all = `quotient(${wanted} + ${size - 1}, ${size})`;
    // Items that need scratch memory are few; each takes several iterations.
    const limit = isNothing(scratchBytes) ? '4194304' : `FUSION_GPU_SCRATCH_ITEMS / ${size}`;
    return [three([`least(${all}, ${limit})`]), own];
  }
  if (!groups) return [three([]), own];
  return [three(groups.map((extent) => indexInC(extent, sizeOf))), own];
}

function isNothing(index: Index): boolean {
  return index.kind === 'constant' && index.value === 0;
}
