/**
 * The kernels of a bundle: every lowered block asks for one, equal blocks get the same. A kernel is scheduled and cut
 * into phases when it is first asked for.
 */
import type { EmittedKernel, KernelCheck } from '../emit/kernel.ts';
import { phasesOf } from '../emit/phases.ts';
import type { Layout } from '../loop/layout.ts';
import { layoutKey } from '../loop/layout.ts';
import { assertProgram } from '../loop/verify.ts';
import type { LoweredBlock } from '../lower/block.ts';
import { scheduleProgram } from '../schedule/scheduleProgram.ts';
import type { TileSize } from '../schedule/winograd/transforms.ts';
import type { Target } from '../target/target.ts';
import { checksOf, scratchBytes } from './kernelFacts.ts';
import { blamedOperators, kernelKey } from './kernelKey.ts';
import { kernelName } from './kernelName.ts';

export interface KernelRequest {
  readonly lowered: LoweredBlock;
  /** Operator types of the block, for the name. */
  readonly types: readonly string[];
  /** Names of input buffers that hold constants. */
  readonly constants: ReadonlySet<string>;
  /** Layouts of the other buffers, by name. */
  readonly layouts: ReadonlyMap<string, Layout>;
}

export interface PooledKernel {
  /** Index into `kernels`. */
  readonly index: number;
  readonly kernel: EmittedKernel;
  /** Layouts of constants, by buffer name. */
  readonly packed: ReadonlyMap<string, Layout>;
  /** Tiles that constants are transformed for before they are packed, by buffer name. */
  readonly filters: ReadonlyMap<string, TileSize>;
  /** Operators that the kernel's checks blame, in order of the lowered program. */
  readonly blamed: readonly string[];
}

export class KernelPool {
  private readonly pooled = new Map<string, PooledKernel>();

  constructor(private readonly target: Target) {}

  get kernels(): readonly EmittedKernel[] {
    return [...this.pooled.values()].map(({ kernel }) => kernel);
  }

  request(request: KernelRequest): PooledKernel {
    const { lowered, constants, layouts } = request;
    const fixed = [...constants].sort();
    const places = [...layouts].map(([name, layout]) => [name, layoutKey(layout)]).sort();
    const key = kernelKey(lowered.program, [fixed, places]);
    let found = this.pooled.get(key);
    if (found === undefined) {
      found = this.make(request);
      this.pooled.set(key, found);
    }
    return found;
  }

  private make({ lowered, types, constants, layouts }: KernelRequest): PooledKernel {
    const index = this.pooled.size;
    const name = kernelName(index, types);
    const named = { ...lowered.program, name };
    const { target } = this;
    const scheduled = scheduleProgram(named, { target, constants, layouts });
    const { program, packed, filters = new Map<string, TileSize>() } = scheduled;
    assertProgram(program, 'scheduling');
    const phased = phasesOf(program);
    const kernel = { name, phased, checks: checksOf(phased), scratchBytes: scratchBytes(phased) };
    return { index, kernel, packed, filters, blamed: blamedOperators(lowered.program) };
  }
}

/** Checks of a kernel as another block with the same program means them; `undefined`: as they are. */
export function checksFor(
  { kernel, blamed }: PooledKernel,
  lowered: LoweredBlock,
): readonly KernelCheck[] | undefined {
  const own = blamedOperators(lowered.program);
  if (own.every((operator, i) => operator === blamed[i])) return undefined;
  const renamed = new Map(blamed.map((operator, i) => [operator, own[i]!]));
  return kernel.checks.map(({ operator, message }) => ({
    operator: renamed.get(operator) ?? operator,
    message,
  }));
}
