/**
 * OpenCL C of one kernel: one `__kernel` function a phase, and how each is launched. Arguments are a status that failed
 * checks write, the number of the step for it, scratch memory, then base and offset of every buffer that the phase
 * uses, then the sizes that it uses.
 */
import { unprovenAccesses } from '../../loop/bounds.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { max, substitute, ZERO } from '../../loop/indexExpr.ts';
import type { LoopProgram } from '../../loop/ir.ts';
import { rootFacts } from '../../loop/simplify.ts';
import { insideLoop, simplifyIndex } from '../../loop/simplifyIndex.ts';
import { cStorage } from '../c/cTypes.ts';
import { usedLines } from '../c/emitKernel.ts';
import { Identifiers } from '../c/identifiers.ts';
import { headerComment } from '../c/safeComment.ts';
import type { EmittedKernel, KernelCheck, Phase, PhasedProgram } from '../kernel.ts';
import { phasesOf } from '../phases.ts';
import { GpuPhase } from './gpuPhase.ts';
import { holdsItems, itemRankOf } from './itemNests.ts';
import { DOUBLES, PREAMBLE, vectorTypes } from './preamble.ts';
import { openclSupport } from './support.ts';

/** Items of a plain loop's work-group. */
const GROUP = 64;

/** Ends a phase that follows a failed check. Where items wait for each other all of them have to see the same. */
const STOP = '  if (status[0] != 0) return;';
const STOP_TOGETHER = [
  '  __local int stop;',
  '  if (get_local_id(0) + get_local_id(1) + get_local_id(2) == 0) stop = status[0];',
  '  barrier(CLK_LOCAL_MEM_FENCE);',
  '  if (stop != 0) return;',
].join('\n');

/** How a phase runs; extents over the sizes. */
export interface GpuLaunch {
  /** The `__kernel` function. */
  readonly name: string;
  /** Iterations of a plain loop, spread over items; or work-groups by dimension; neither: one item. */
  readonly iterations?: Index;
  readonly groups?: readonly Index[];
  /** Items of a group, innermost last. */
  readonly items: readonly number[];
  /** Of `inputs, outputs, shared` and of the sizes: those that the phase uses, in this order. */
  readonly buffers: readonly number[];
  readonly sizes: readonly number[];
  /** Scratch of one item. */
  readonly scratchBytes: Index;
}

export interface GpuKernel extends EmittedKernel {
  readonly code: string;
  readonly launches: readonly GpuLaunch[];
}

/**
 * Emits a scheduled (or unscheduled) program. Throws Error when an access is not proven in range.
 *
 * @param name an identifier of the compiler's own, unique among the kernels of one program.
 */
export function emitGpuKernel(name: string, program: LoopProgram): GpuKernel {
  const [unproven] = unprovenAccesses(program);
  if (unproven !== undefined) throw new Error(`${name}: not proven in range: ${unproven}`);
  return new GpuKernelEmitter(name, phasesOf(program)).run();
}

/** An OpenCL program of some kernels and everything they call. */
export function gpuProgram(kernels: readonly GpuKernel[], about: readonly string[] = []): string {
  const code = kernels.map((kernel) => kernel.code).join('\n\n');
  const support = openclSupport(code);
  const all = [...support, code].join('\n\n');
  const parts = [
    ...(about.length > 0 ? [headerComment(about)] : []),
    ...(/\bdouble\b|\bf64x/.test(all) ? [DOUBLES] : []),
    PREAMBLE,
    ...vectorTypes(all),
    all,
  ];
  return `${parts.join('\n\n')}\n`;
}

class GpuKernelEmitter {
  private readonly identifiers = new Identifiers();
  private readonly checks: KernelCheck[] = [];
  private readonly facts: Facts;
  private scratchBytes: Index = ZERO;

  constructor(
    private readonly name: string,
    private readonly phased: PhasedProgram,
  ) {
    this.facts = rootFacts(phased.program);
    for (const own of RESERVED) this.identifiers.of(own);
    const { program, shared } = phased;
    for (const { name } of [...program.inputs, ...program.outputs, ...shared, ...program.sizes]) {
      this.identifiers.of(name);
    }
  }

  run(): GpuKernel {
    const made = this.phased.phases.map((phase, i) => this.phase(phase, `${this.name}_p${i}`));
    return {
      name: this.name,
      phased: this.phased,
      checks: this.checks,
      scratchBytes: simplifyIndex(this.scratchBytes, this.facts),
      code: made.map(({ code }) => code).join('\n\n'),
      launches: made.map(({ launch }) => launch),
    };
  }

  private codeOf(check: KernelCheck): number {
    const same = this.checks.findIndex(
      ({ operator, message }) => operator === check.operator && message === check.message,
    );
    return same >= 0 ? same + 1 : this.checks.push(check);
  }

  private phase(phase: Phase, name: string): { readonly code: string; readonly launch: GpuLaunch } {
    const { parallel, before, body } = phase;
    const mayHaveFailed = this.checks.length > 0;
    const scope = {
      identifiers: this.identifiers,
      codeOf: (check: KernelCheck) => this.codeOf(check),
      small: this.isSmall(),
    };
    const emitter = new GpuPhase(scope, this.facts, [...before, ...body]);
    const grouped = parallel?.groups === true || body.some(holdsItems);
    if (grouped) emitter.itemRank = itemRankOf(body);
    emitter.statements(before);
    let groups: readonly Index[] | undefined;
    if (parallel && grouped) {
      const { variable, extent } = parallel;
      groups = emitter.groups({ kind: 'for', variable, extent, mode: 'group', body }, []);
    } else if (parallel) this.spread(parallel, body, emitter, scope.small);
    else if (body.some(holdsItems)) groups = emitter.groups(undefined, body);
    else emitter.statements(body);
    // Scratch is for launches of few items: groups are as many as they are.
    if (groups && !isNothing(emitter.scratch.bytes)) {
      throw new Error(`${name}: an item of a work-group needs more memory than it has`);
    }
    this.scratchBytes = max(this.scratchBytes, emitter.scratch.bytes);
    const lines = usedLines(emitter.lines).join('\n');
    // What an earlier phase checked is what the accesses of this one rely on.
    const text = mayHaveFailed ? `${emitter.hasBarriers ? STOP_TOGETHER : STOP}\n${lines}` : lines;
    const { code, buffers, sizes } = this.function(name, text, emitter.shared);
    const items = grouped ? [...emitter.items] : [parallel ? GROUP : 1];
    return {
      code,
      launch: {
        name,
        ...(groups ? { groups: groups.map((extent) => this.overSizes(extent, before)) } : {}),
        ...(parallel && !grouped ? { iterations: simplifyIndex(parallel.extent, this.facts) } : {}),
        items,
        buffers,
        sizes,
        scratchBytes: simplifyIndex(emitter.scratch.bytes, this.facts),
      },
    };
  }

  /** Names of the root replaced by what they stand for. */
  private overSizes(extent: Index, before: Phase['before']): Index {
    const values = new Map(
      before.flatMap((stmt) =>
        stmt.kind === 'letIndex' ? [[stmt.name, stmt.value] as const] : [],
      ),
    );
    const resolve = (index: Index): Index =>
      substitute(index, (name) => {
        const value = values.get(name);
        return value === undefined ? undefined : resolve(value);
      });
    return simplifyIndex(resolve(extent), this.facts);
  }

  /** A loop whose iterations items share: as many items as there are, or as scratch memory allows. */
  private spread(
    { variable, extent }: NonNullable<Phase['parallel']>,
    body: Phase['body'],
    emitter: GpuPhase,
    small: boolean,
  ): void {
    const own = this.identifiers.of(variable);
    const type = small ? 'int' : 'long';
    const end = emitter.indexOf(extent);
    emitter.line(
      `for (${type} ${own} = get_global_id(0); ${own} < ${end}; ${own} += get_global_size(0)) {`,
    );
    emitter.block(body, insideLoop(this.facts, variable, extent));
    emitter.line('}');
  }

  private function(
    name: string,
    text: string,
    shared: readonly string[],
  ): {
    readonly code: string;
    readonly buffers: readonly number[];
    readonly sizes: readonly number[];
  } {
    const words = new Set(text.match(/[A-Za-z_]\w*/g));
    const { program } = this.phased;
    const all = [...program.inputs, ...program.outputs, ...this.phased.shared];
    const buffers = all.flatMap((buffer, i) =>
      words.has(this.identifiers.of(buffer.name)) ? [i] : [],
    );
    const sizes = program.sizes.flatMap((size, i) =>
      words.has(this.identifiers.of(size.name)) ? [i] : [],
    );
    const parameters = [
      '__global int *status',
      'const int step',
      '__global uchar *scratch_base',
      'const long scratch_bytes',
      ...buffers.flatMap((_, i) => [`__global uchar *b${i}_base`, `const long b${i}_offset`]),
      ...sizes.map((_, i) => `const long size_${i}`),
    ];
    const small = this.isSmall();
    const declarations = [
      ...buffers.map((buffer, i) => {
        const { name: own, storage } = all[buffer]!;
        const type = `${buffer < program.inputs.length ? 'const ' : ''}${cStorage(storage)}`;
        return `  __global ${type} *const ${this.identifiers.of(own)} = (__global ${type} *)(b${i}_base + b${i}_offset);`;
      }),
      ...sizes.map(
        (size, i) =>
          `  const ${small ? 'int' : 'long'} ${this.identifiers.of(program.sizes[size]!.name)} = size_${i};`,
      ),
      ...(words.has('scratch')
        ? ['  __global uchar *const scratch = scratch_base + get_global_id(0) * scratch_bytes;']
        : []),
      ...shared.map((line) => `  ${line}`),
    ];
    const code = [
      `__kernel void ${name}(${parameters.join(', ')}) {`,
      ...declarations,
      text,
      '}',
    ].join('\n');
    return { code, buffers, sizes };
  }

  /** All sizes are numbers and no buffer has 2^31 elements: indices fit 32 bits, which GPUs are fast at. */
  private isSmall(): boolean {
    const { program, shared } = this.phased;
    const limit = 2 ** 30;
    return [...program.inputs, ...program.outputs, ...shared].every(({ shape }) => {
      const extents = shape.map((dim) => {
        const simple = simplifyIndex(dim, this.facts);
        return simple.kind === 'constant' ? simple.value : Infinity;
      });
      return extents.reduce((product, extent) => product * extent, 1) < limit;
    });
  }
}

function isNothing(bytes: Index): boolean {
  return bytes.kind === 'constant' && bytes.value === 0;
}

/** Names of the kernel's own arguments, and what OpenCL C adds to C's words. */
const RESERVED = (
  'status step scratch_base scratch_bytes scratch kernel global local constant private half bool true false ' +
  'stop uchar ushort uint ulong event_t image2d_t sampler_t barrier pipe'
).split(' ');
